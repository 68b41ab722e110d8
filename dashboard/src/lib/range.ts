// The span of time that figures are of, as the page's address has it.

import type { StatsQuery } from '../api/figures'
import { router } from './router.svelte'

export const RANGES = { '1h': 'Last hour', '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as const
export type Range = keyof typeof RANGES | 'custom'

const USUAL: Range = '24h'

export function range(): Range {
  const said = router.param('range')
  if (said in RANGES) return said as Range
  return router.param('from') ? 'custom' : USUAL
}

export function compares(): boolean {
  return router.param('compare') !== '0'
}

/** What to ask the API for. */
export function rangeQuery(): StatsQuery {
  const [chosen, site] = [range(), router.param('site')]
  const span = chosen === 'custom' ? { from: router.param('from'), ...(router.param('to') ? { to: router.param('to') } : {}) } : { from: `-${chosen}`, to: 'now' }
  return { ...span, ...(site ? { site } : {}), ...(compares() ? { compare: 1 } : {}) }
}

/** Looks at a span closer, in seconds since the Unix epoch. Going back in the browser goes back from there. */
export function zoomTo(from: number, to: number): void {
  const time = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString().replace('.000Z', 'Z')
  // Less than a minute is not told apart.
  const [begin, end] = to - from < 60 ? [from - 30, to + 30] : [from, to]
  visit({ range: '', from: time(begin), to: time(end) })
}

/** Changes parameters of the address as a step that can be taken back. */
export function visit(changes: Record<string, string>): void {
  router.go(`${location.pathname}?${changed(changes)}`)
}

/** The query of the address with these parameters; empty ones go. */
export function changed(changes: Record<string, string>): string {
  const query = new URLSearchParams(router.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value)
    else query.delete(name)
  }
  return query.toString()
}
