// The native API, typed: one function for each call, and the shapes as docs/openapi.yaml has them. Times are RFC 3339, sizes
// bytes. Each page asks through these; nothing else fetches.

import { ask, type Options, type Query, type Terminal } from './lib/http'

export interface Session {
  name: string
  roles: Role[]
  sites: string[]
  within: string[]
  expires_at: string
  csrf: string
}

export type Role = 'admin' | 'purge' | 'read'
export type Mode = 'hard' | 'soft' | 'refresh' | 'takedown'
export type PurgeState = 'accepted' | 'effective' | 'erased'
export type Until = 'effective' | 'erased' | 'refreshed'

export const MODES: readonly Mode[] = ['hard', 'soft', 'refresh', 'takedown']
export const VIAS = ['native', 'imgix', 'imgix-v2', 'imagekit', 'cloudimage', 'imageboss', 'purge-method', 'unsafe-method', 'cache-groups', 'invalidation'] as const
export const KINDS = ['master', 'dependency', 'exact', 'prefix', 'glob', 'tag', 'source', 'all'] as const
export const AUDIT_KINDS = ['begin', 'purge', 'takedown-lifted', 'erased', 'warm', 'key-created', 'key-changed', 'key-rotated', 'key-revoked', 'run', 'new-log', 'signed-in', 'settings'] as const

export interface Count {
  entries: number
  bytes: number
}

export interface Said {
  said: string
  selectors: string[]
}

export interface Terms {
  status: number
  reason: string
  expires_at: string | null
}

export interface Purge {
  id: string
  position: number
  state: PurgeState
  mode: Mode
  via: string
  actor: string
  from: string
  accepted_at: string
  effective_at: string
  refreshed_at: string | null
  erased_at: string | null
  erased: { derivatives: Count; masters: Count; memory: Count }
  targets: Said[]
  takedown?: Terms
  warmup?: string
  /** How those who are told of it fare; only where one purge is asked for. */
  webhooks?: Delivery[]
}

/** A message to a webhook. Of its address only the origin is shown. */
export interface Delivery {
  event: 'effective' | 'refreshed' | 'erased' | 'lifted'
  url: string
  /** Whether the purge named it; else it is of the configuration. */
  own: boolean
  state: 'pending' | 'failed' | 'delivered' | 'given-up'
  attempts: number
  last_status: number | null
  last_error: string | null
  last_attempt_at: string | null
  /** Null where none follows, and while what it tells of has not happened. */
  next_attempt_at: string | null
}

/** Exactly one field, but for a tag, which may have a source beside it. */
export type Target =
  | { url: string }
  | { derivative: string }
  | { master: string }
  | { dependency: string }
  | { prefix: string }
  | { glob: string }
  | { tag: string; source?: string }
  | { source: string }
  | { all: true }

export interface Order {
  targets: Target[]
  mode: Mode
  status?: number
  reason?: string
  expires_at?: string
  dry_run?: true
  wait?: Until
  deadline?: number
  webhook?: string
  warm?: number
}

export interface Sample {
  id?: string
  url: string
  content_type: string
  bytes: number
  stored_at: string
  last_used: string
  masters: string[]
}

export interface Foreseen {
  dry_run: true
  mode: Mode
  derivatives: Count
  masters: Count
  samples: Sample[]
  targets: Said[]
}

export interface PurgeFilter extends Query {
  limit?: number
  before?: number
  state?: string
  mode?: string
  via?: string
  actor?: string
  kind?: string
  search?: string
  since?: string
  until?: string
}

export interface Page<T> {
  items: T[]
  /** `before` of the following page. */
  next: number | null
}

export interface Checked {
  url: string
  status: number | null
  stamp: number | null
  position: number | null
  newer: boolean | null
  origin_digest: string | null
  served_digest: string | null
  same: boolean | null
  /** Whether it is as it should be. */
  good: boolean
  detail: string | null
}

export interface Verdict {
  verified: boolean
  checked: Checked[]
}

export interface Takedown {
  id: string
  position: number
  state: 'holds' | 'lifted' | 'expired'
  status: number
  reason: string
  expires_at: string | null
  via: string
  actor: string
  from: string
  accepted_at: string
  lifted: { at: string; actor: string; from: string } | null
  targets: Said[]
}

export interface Warmup {
  id: string
  state: 'running' | 'done' | 'cancelled'
  total: number
  tried: number
  made: number
  failed: number
  skipped: number
  per_second: number
  actor: string
  purge: string | null
  ignored?: number
  created_at: string
  ended_at: string | null
}

export interface WarmOrder {
  urls?: string[]
  list?: string
  masters?: string[]
  templates?: string[]
  site?: string
  transformations?: string[]
  accept?: string[]
  per_second?: number
}

export interface Key {
  name: string
  roles: Role[]
  sites: string[]
  within: string[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  monthly: number | null
  used_this_month: number
}

export interface NewKey {
  name: string
  roles: Role[]
  sites?: string[]
  within?: string[]
  expires_at?: string
  monthly?: number
}

export interface AuditEntry {
  seq: number
  at: string
  kind: string
  actor: string
  via: string
  from: string
  what: string
  position: number | null
  record: string | null
  prev: string
  hash: string
}

export type AuditVerdict = { intact: true; entries: number; head: string } | { intact: false; entry: number; why: string }

export interface Site {
  name: string
  dialect: string
  hosts: string[]
  prefix: string
  sources: string[]
}

const get = <T>(path: string, query?: Query, signal?: AbortSignal) => ask<T>('GET', path, { query, signal })
const id = encodeURIComponent

export const api = {
  purges: async (filter: PurgeFilter, signal?: AbortSignal): Promise<Page<Purge>> => {
    const { purges, next } = await get<{ purges: Purge[]; next: number | null }>('/v1/purges', filter, signal)
    return { items: purges, next }
  },
  showPurge: (purge: string, signal?: AbortSignal) => get<Purge>(`/v1/purges/${id(purge)}`, undefined, signal),
  purge: (order: Order, idempotency: string) => ask<Purge>('POST', '/v1/purges', { body: order, headers: { 'idempotency-key': idempotency } }),
  foresee: (order: Order, signal?: AbortSignal) => ask<Foreseen>('POST', '/v1/purges', { body: { ...order, dry_run: true }, signal }),
  verify: (purge: string) => ask<Verdict>('POST', `/v1/purges/${id(purge)}/verify`),

  takedowns: async (all: boolean, signal?: AbortSignal) => (await get<{ takedowns: Takedown[] }>('/v1/takedowns', { all: all ? 1 : 0 }, signal)).takedowns,
  lift: (takedown: string) => ask<Takedown>('DELETE', `/v1/takedowns/${id(takedown)}`),

  warmups: async (query: { limit?: number; state?: string }, signal?: AbortSignal) => (await get<{ warmups: Warmup[] }>('/v1/warmups', query, signal)).warmups,
  showWarmup: (warmup: string, signal?: AbortSignal) => get<Warmup>(`/v1/warmups/${id(warmup)}`, undefined, signal),
  warm: (order: WarmOrder) => ask<Warmup>('POST', '/v1/warmups', { body: order }),
  cancelWarmup: (warmup: string) => ask<Warmup>('DELETE', `/v1/warmups/${id(warmup)}`),

  keys: async (signal?: AbortSignal) => (await get<{ keys: Key[] }>('/v1/keys', undefined, signal)).keys,
  createKey: (key: NewKey) => ask<Key & { key: string }>('POST', '/v1/keys', { body: key }),
  rotateKey: (name: string, grace: number) => ask<{ name: string; key: string; old_key_until: string | null }>('POST', `/v1/keys/${id(name)}/rotate`, { body: { grace } }),
  revokeKey: (name: string) => ask<{ name: string; revoked: true }>('DELETE', `/v1/keys/${id(name)}`),

  audit: async (query: Query, signal?: AbortSignal): Promise<Page<AuditEntry>> => {
    const { entries, next } = await get<{ entries: AuditEntry[]; next: number | null }>('/v1/audit', query, signal)
    return { items: entries, next }
  },
  verifyAudit: (head: string) => get<AuditVerdict>('/v1/audit/verify', { head }),

  sites: async (signal?: AbortSignal) => get<{ sites: Site[]; public: string }>('/v1/sites', undefined, signal),
}

/** Whether the server serves pictures yet. Needs no key, and is not JSON. */
export async function ready(signal?: AbortSignal): Promise<boolean> {
  const response = await fetch('/readyz', { cache: 'no-store', signal: signal ?? null })
  return response.ok
}

/** What `curl` in lib/http needs to say the same call. */
export interface Call extends Options, Terminal {
  method: string
  path: string
}
