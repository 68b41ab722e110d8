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
  return { name, values: stats.series.map(value), before: stats.previous_series?.map(value), colour }
}

/** A series for each name that was counted, the most frequent first, those of the span before alone last. */
export function each(stats: Stats, record: (figures: Figures) => Record<string, number>, name: (key: string) => string = (key) => key): Series[] {
  const found = [...new Set([...names(stats.series.map(record)), ...names((stats.previous_series ?? []).map(record))])]
  const series = found.slice(0, MOST).map((key, number) => one(stats, name(key), (point) => record(point)[key] ?? 0, COLOURS[number]))
  const rest = found.slice(MOST)
  if (rest.length) series.push(one(stats, 'others', (point) => sum(rest.map((key) => record(point)[key] ?? 0)), 'series-8'))
  return series
}

const PERCENTILES = { p50: 'series-3', p95: 'series-1', p99: 'series-2' } as const

export function percentiles(stats: Stats, times: (figures: Figures) => Times): Series[] {
  return Object.entries(PERCENTILES).map(([name, colour]) => one(stats, name, (figures) => percentile(times(figures), name), colour))
}

/** A percentile by the name of its series. */
export function percentile(times: Times | undefined, name: string): number | null {
  return times?.[`${name as keyof typeof PERCENTILES}_ms`] ?? null
}

/** What values come to in all. */
export function total(values: (number | null)[]): number {
  return sum(values.map((value) => value ?? 0))
}

/** `2xx` and the like, of exact statuses. */
export function classes(status: Record<string, number>): Record<string, number> {
  const all: Record<string, number> = {}
  for (const [code, n] of Object.entries(status)) all[`${code[0]}xx`] = (all[`${code[0]}xx`] ?? 0) + n
  return all
}
