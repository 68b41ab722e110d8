// The views of the analytics, and what their charts draw.

import type { Figures, Stats, Times } from '../../api/figures'
import { names, sum } from '../../lib/figures'
import type { Series } from '../charts/plot'

export const VIEWS = {
  overview: 'Overview',
  volume: 'Volume',
  optimisation: 'Optimisation',
  delivery: 'Delivery',
  top: 'Top lists',
  purges: 'Purges',
  sources: 'Sources',
} as const

export type View = keyof typeof VIEWS

export interface ViewProps {
  stats: Stats
  at: number[]
  zoom: (from: number, to: number) => void
}

const COLOURS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6', 'series-7', 'series-8']
/** Names that have a colour of their own; the rest is one series. */
const MOST = COLOURS.length - 1

export function one(stats: Stats, name: string, value: (figures: Figures) => number | null, colour = 'series-1'): Series {
  return { name, values: stats.series.map(value), colour }
}

/** A series for each name that was counted, the most frequent first. */
export function each(stats: Stats, record: (figures: Figures) => Record<string, number>, name: (key: string) => string = (key) => key): Series[] {
  const found = names(stats.series.map(record))
  const series = found.slice(0, MOST).map((key, number): Series => ({ name: name(key), values: stats.series.map((point) => record(point)[key] ?? 0), colour: COLOURS[number] ?? 'series-8' }))
  const rest = found.slice(MOST)
  if (rest.length) series.push({ name: 'others', values: stats.series.map((point) => sum(rest.map((key) => record(point)[key] ?? 0))), colour: 'series-8' })
  return series
}

export function percentiles(stats: Stats, times: (figures: Figures) => Times): Series[] {
  return [
    one(stats, 'p50', (figures) => times(figures).p50_ms, 'series-3'),
    one(stats, 'p95', (figures) => times(figures).p95_ms, 'series-1'),
    one(stats, 'p99', (figures) => times(figures).p99_ms, 'series-2'),
  ]
}

/** What a series comes to in all. */
export function total({ values }: Series): number {
  return sum(values.map((value) => value ?? 0))
}

/** `2xx` and the like, of exact statuses. */
export function classes(status: Record<string, number>): Record<string, number> {
  const all: Record<string, number> = {}
  for (const [code, n] of Object.entries(status)) all[`${code[0]}xx`] = (all[`${code[0]}xx`] ?? 0) + n
  return all
}
