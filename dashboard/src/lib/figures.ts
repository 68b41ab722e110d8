// Arithmetic on figures. They are the server's; what is worked out here says how.

import type { Figures, Stats } from '../api/figures'
import { count, span } from './format'

/** 0..1 as percent. */
export function percent(share: number | null, digits = 1): string {
  return share === null || !Number.isFinite(share) ? '–' : `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : digits)} %`
}

/** Milliseconds; small ones with a fraction. */
export function millis(ms: number | null): string {
  if (ms === null) return '–'
  if (ms < 0.01) return '< 0.01 ms'
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`
  return span(ms)
}

/** Milliseconds of what is timed in whole ones, as purges are. */
export function wholeMillis(ms: number | null): string {
  return ms !== null && ms < 1 ? '< 1 ms' : millis(ms)
}

export function statuses(figures: Figures, hundred: number): number {
  return sum(Object.entries(figures.status).filter(([status]) => Math.floor(Number(status) / 100) === hundred).map(([, n]) => n))
}

export function errors(figures: Figures): number {
  return statuses(figures, 4) + statuses(figures, 5)
}

export function errorRatio(figures: Figures): number | null {
  return figures.requests ? errors(figures) / figures.requests : null
}

/** Bytes that were not sent, since pictures are smaller than their originals; below 0 where they are larger. */
export function spared(figures: Figures): number {
  return figures.saved.master_bytes - figures.saved.bytes
}

export function sum(numbers: number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

/** The names in all points together, the most frequent first. */
export function names(records: Record<string, number>[]): string[] {
  const all: Record<string, number> = {}
  for (const record of records) for (const [name, n] of Object.entries(record)) all[name] = (all[name] ?? 0) + n
  return Object.keys(all).sort((a, b) => (all[b] ?? 0) - (all[a] ?? 0))
}

export interface Change {
  /** In words. */
  text: string
  direction: 'up' | 'down' | 'same'
}

/** How a figure differs from the one of the span before. `points` are for shares: their difference is in percentage points. */
export function change(now: number | null, before: number | null, show: (value: number) => string, points = false): Change | undefined {
  if (now === null || before === null) return
  if (now === before) return { text: `the same as before (${show(before)})`, direction: 'same' }
  const difference = Math.abs(now - before)
  const much = points ? `${(difference * 100).toFixed(1)} points` : before === 0 ? show(difference) : ratio(difference / before)
  const [direction, words] = now > before ? (['up', 'more'] as const) : (['down', 'less'] as const)
  return { text: `${much} ${words} than before (${show(before)})`, direction }
}

function ratio(share: number): string {
  return share >= 10 ? `${count(Math.round(share))} times` : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

/** Beginnings of the steps, in seconds since the Unix epoch, as charts want them. */
export function moments(stats: Stats): number[] {
  return stats.series.map(({ at }) => new Date(at).getTime() / 1000)
}
