// A uPlot of a chart. The library comes only with the first chart that is drawn.

import type uPlot from 'uplot'
import { colour } from '../../lib/theme.svelte'

export interface Series {
  name: string
  values: (number | null)[]
  /** Those of the span before, each at the place of the step that it is beside. */
  before?: (number | null)[] | undefined
  /** A token of colours.css. */
  colour: string
}

export interface Plotted {
  /** Beginnings of the steps, in seconds. */
  at: number[]
  /** Length of a step in seconds. */
  step: number
  series: Series[]
  /** `bars` stand on top of each other. */
  kind: 'bars' | 'lines'
  show: (value: number) => string
  /** The end of the axis, where there is one, such as 1 for shares. */
  top?: number | undefined
}

interface Hooks {
  hover: (index: number | null) => void
  /** A span was brushed, in seconds. */
  zoom: (from: number, to: number) => void
}

const HEIGHT = 190
/** So many points are drawn as such: lines between them may be too short to be seen. */
const FEW = 40
/** Pixels that a brush has to be long to count as one. */
const BRUSH = 8

/** Steps of the axis of what is counted: there is no half of a request. */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat()

/** Sums of a series and those before it, the last first: so that each is drawn over the one that reaches higher. */
function stacked(series: Series[]): (number | null)[][] {
  let below: number[] = []
  const sums = series.map(({ values }) => (below = values.map((value, number) => (value ?? 0) + (below[number] ?? 0))))
  return sums.reverse()
}

/** What the span before comes to in each step, all series together; undefined without one. */
export function together(series: Series[]): number[] | undefined {
  if (!series.some(({ before }) => before)) return
  return (series[0]?.values ?? []).map((_, number) => series.reduce((sum, { before }) => sum + (before?.[number] ?? 0), 0))
}

/** The span before as dashed lines: of bars what they come to, over them, where it can be seen; else one behind each line. */
function dashed(series: Series[], bars: boolean): { values: (number | null)[]; colour: string }[] {
  if (!bars) return series.flatMap(({ before, colour }) => (before ? [{ values: before, colour }] : []))
  const sums = together(series)
  return sums ? [{ values: sums, colour: 'series-before' }] : []
}

export async function plot(target: HTMLElement, { at, step, series, kind, show, top }: Plotted, hooks: Hooks): Promise<uPlot> {
  const [{ default: Plot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')])
  const bars = kind === 'bars'
  const [muted, line, surface] = [colour('--muted'), colour('--line'), colour('--surface')]
  const font = `11px ${getComputedStyle(document.body).fontFamily}`
  const shown = bars ? [...series].reverse() : series
  const values = bars ? stacked(series) : series.map((one) => one.values)
  const before = dashed(series, bars)
  const beforeDrawn = before.map(({ values, colour: token }): uPlot.Series => {
    const stroke = colour(`--${token}`)
    const few = values.filter((value) => value !== null).length <= FEW
    return { label: 'span before', stroke, alpha: bars ? 1 : 0.65, width: 1.5, dash: [5, 4], points: { show: few && !bars, size: 4, fill: stroke }, spanGaps: false }
  })
  // A bar stands in the middle of its step.
  const x = bars ? at.map((moment) => moment + step / 2) : at
  const [first, last] = [at[0] ?? 0, (at.at(-1) ?? 0) + (bars ? step : 0)]
  const axis = { stroke: muted, font, ticks: { stroke: line, width: 1, size: 4 }, grid: { stroke: line, width: 1 } }
  const options: uPlot.Options = {
    width: Math.max(200, target.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    padding: [10, 18, 0, 0],
    cursor: { y: false, points: { show: !bars }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: true, range: () => [first, Math.max(last, first + step)] },
      // Where nothing happened the axis still has an end.
      y: { range: (_, __, highest) => [0, top ?? (highest > 0 ? highest * 1.08 : 1)] },
    },
    axes: [
      { ...axis, size: 30, grid: { show: false }, values: (_, moments, __, ___, increment) => moments.map((moment) => tick(moment, increment)), space: 64 },
      { ...axis, values: (_, all) => all.map((value) => (value === 0 ? '0' : show(value))), size: (self, all) => widest(self, all), space: 34, ...(bars ? { incrs: WHOLE } : {}) },
    ],
    series: [
      {},
      ...(bars ? [] : beforeDrawn),
      ...shown.map((one): uPlot.Series => {
        const stroke = colour(`--${one.colour}`)
        if (!bars) return { label: one.name, stroke, width: 2, points: { show: one.values.filter((value) => value !== null).length <= FEW, size: 5, fill: stroke }, spanGaps: false }
        const paths = Plot.paths.bars?.({ size: [0.86, 40], align: 0 })
        return { label: one.name, stroke: surface, fill: stroke, width: at.length > 120 ? 0 : 1, points: { show: false }, ...(paths ? { paths } : {}) }
      }),
      ...(bars ? beforeDrawn : []),
    ],
    hooks: {
      setCursor: [(self) => hooks.hover(self.cursor.idx ?? null)],
      setSelect: [
        (self) => {
          const { left, width } = self.select
          if (width < BRUSH) return
          hooks.zoom(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'))
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
  const past = before.map((one) => one.values)
  return new Plot(options, [x, ...(bars ? [...values, ...past] : [...past, ...values])] as uPlot.AlignedData, target)
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

function tick(moment: number, increment: number): string {
  const date = new Date(moment * 1000)
  const midnight = date.getHours() === 0 && date.getMinutes() === 0
  return increment >= 86_400 || midnight ? day.format(date) : clock.format(date)
}

function widest(self: uPlot, all: string[] | null): number {
  if (!all?.length) return 40
  self.ctx.font = `${11 * devicePixelRatio}px sans-serif`
  return Math.ceil(Math.max(...all.map((text) => self.ctx.measureText(text).width)) / devicePixelRatio) + 18
}
