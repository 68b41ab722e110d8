// What was counted, and the last requests: /v1/stats and /v1/logs.

import { ask, type Query } from '../lib/http'

/** Times in milliseconds; null while nothing was timed. */
export interface Times {
  count: number
  p50_ms: number | null
  p95_ms: number | null
  p99_ms: number | null
  max_ms: number | null
}

export interface Flow {
  requests: number
  bytes: number
}

/** Everything that is counted in a span of time. */
export interface Figures extends Flow {
  served: Record<string, number>
  /** Of the answers that the cache was asked for; null where it was asked for none. */
  hit_ratio: number | null
  missed: Record<string, number>
  status: Record<string, number>
  codes: Record<string, number>
  formats: Record<string, Flow>
  /** What pictures weighed as they were sent, beside what their originals weigh. */
  saved: { bytes: number; master_bytes: number }
  /** How many were rendered at each quality. */
  quality: Record<string, number>
  latency: { all: Times; hit: Times; miss: Times }
  renders: Times & { input_bytes: number; output_bytes: number }
  purges: { count: number; by_mode: Record<string, number>; by_via: Record<string, number>; effective: Times; erased: Times }
  sources: Record<string, { fetches: number; bytes: number; errors: number; time: Times }>
  /** As browsers saw them, where a site has its beacon on. */
  loads: Times
}

export type Point = Figures & { at: string }

export interface Ranked {
  name: string
  requests: number
  bytes?: number
  max_ms?: number
}

export const TOPS = ['masters', 'derivatives', 'missing', 'referrers', 'slowest', 'transformations'] as const
export type TopName = (typeof TOPS)[number]

export interface Stats {
  from: string
  to: string
  step: 'minute' | 'hour' | 'day'
  step_seconds: number
  site: string | null
  totals: Figures
  previous: Figures | null
  series: Point[]
  /** The span before, each step beside the one of the same place in `series`; null unless it was asked for. */
  previous_series: Point[] | null
  tops: Record<TopName, Ranked[]>
  kept: { minutes: string; hours: string; days: string; since: string | null }
}

export interface StatsQuery extends Query {
  from?: string
  to?: string
  site?: string
  step?: string
  compare?: number
  format?: string
}

/** One request. What is not known of it is null. */
export interface Line {
  id: number
  time: string
  client: string | null
  method: string
  host: string
  target: string
  status: number
  bytes: number
  ms: number
  site: string | null
  dialect: string | null
  served: string | null
  missed: string | null
  code: string | null
  content_type: string | null
  referrer: string | null
  user_agent: string | null
  master: string | null
}

export interface LogPage {
  lines: Line[]
  /** `before` of the following page. */
  next: number | null
  /** How much there is in all; only for keys that may see all of it. */
  kept: { lines: number; capacity: number; since: string | null; left_out: number } | null
}

export const SERVED = ['memory', 'disk', 'fill', 'collapsed', 'stale'] as const

const get = <T>(path: string, query: Query, signal?: AbortSignal) => ask<T>('GET', path, { query, signal })

export const figures = {
  stats: (query: StatsQuery, signal?: AbortSignal) => get<Stats>('/v1/stats', query, signal),
  logs: (query: Query, signal?: AbortSignal) => get<LogPage>('/v1/logs', query, signal),
}
