// What a URL means and what is stored of it: /v1/explain, /v1/urls, /v1/masters, /v1/dialects.

import type { Count } from '../api'
import { ask, type Query } from '../lib/http'

export interface SiteUrl {
  site: string
  dialect: string
  /** Whole, as clients ask for it. */
  url: string | null
  path?: string | null
  signed?: boolean
  /** Why this dialect cannot say it. */
  error: string | null
}

export interface Warning {
  parameter: string
  code: string
  value: string
  allowed: string
  detail: string
}

/** One stored derivative of the same original. */
export interface Derivative {
  id: string
  url: string
  content_type: string
  bytes: number
  stored_at: string
  /** Null where memory alone has it, and it was not asked for again. */
  last_used: string | null
  stamp: number
  fresh: boolean
  why: string | null
  /** The first that answers. */
  tier: string
  /** All that have these bytes. */
  tiers: ('memory' | 'disk')[]
  /** Answers out of memory since `hits_since`, when it came there; null where it is not there. */
  hits: number | null
  hits_since: string | null
  /** Whether it is the one that the URL asks for. */
  this: boolean
}

/** What of the browser counts. */
export interface Client {
  accept: 'avif' | 'webp' | 'basic'
  /** Header fields, lower case. */
  depends_on: string[]
  width: number | null
  dpr: number | null
  save_data: boolean
  /** Parameters that were given in vain. */
  ignored: string[]
}

/** Where the URL cannot be read, what hangs on its meaning is null or empty. */
export interface Explained {
  url: string
  site: string
  dialect: string
  prefix: string
  host: string | null
  public_url: string
  refused: { status: number; code: string; detail: string; fault: string } | null
  signature: { policy: 'off' | 'optional' | 'required'; verdict: 'valid' | 'absent' | 'invalid' | 'expired' | 'unchecked'; expires_at: string | null; detail: string }
  plan: string | null
  words: string[]
  output: string | null
  warnings: Warning[]
  client: Client | null
  master: { id: string; source: string; path: string; original: { bytes: number; content_type: string; stored_at: string } | null } | null
  candidates: { id: string; source: string; path: string }[]
  dependencies: { id: string; role: 'main' | 'part'; said: string }[]
  takedown: { id: string; reason: string; status: number; expires_at: string | null } | null
  cache: {
    id: string
    tier: 'memory' | 'disk' | 'none'
    tiers: ('memory' | 'disk')[]
    hits: number | null
    hits_since: string | null
    would: 'hit' | 'stale' | 'miss'
    why: string | null
    stamp: number | null
    stored_at: string | null
    age_seconds: number | null
    expires_at: string | null
    bytes: number | null
    content_type: string | null
    last_used: string | null
    /** A failure that is cached. */
    failure: { status: number; code: string; detail: string } | null
  } | null
  derivatives: Derivative[]
  derivatives_total: Count
  tags: string[]
  purges: { kind: string; selector: string; newest: { id: string | null; position: number; at: string | null; mode: string | null } | null }[]
  urls: SiteUrl[]
}

/** A step of a chain: parameters, and what dialects with layers and conditions have beside them. */
export type StepParts = Part[]
export type Part = [string, string] | { layer: string; steps: StepParts[] } | { if: string; steps: StepParts[]; else?: StepParts[] }

/** How a dialect says it that no site speaks. */
export interface Siteless {
  dialect: string
  /** Below whatever its site would begin with. */
  path: string | null
  error: string | null
}

export interface Translated {
  site: string
  /** For dialects that name it. */
  source: string | null
  asset: string
  plan: string
  words: string[]
  output: string
  warnings: Warning[]
  /** What the URL of the first site says, one by one. */
  parameters: [string, string][]
  /** The same as a chain of at least one step. */
  steps: StepParts[]
  /** The spelling of the site that was asked for comes first. */
  urls: SiteUrl[]
  siteless: Siteless[]
}

export type UrlOrder = { url: string; sign?: boolean; expires?: string } | { site: string; source?: string; asset: string; parameters?: [string, string][]; steps?: StepParts[]; sign?: boolean; expires?: string }

export interface Master {
  id: string
  source: string
  path: string
  content_type: string | null
  bytes: number | null
  stored_at: string | null
}

export type Kind =
  | { type: 'int' | 'number'; min: number; max: number }
  | { type: 'enum' | 'list'; words: string[] }
  | { type: 'syntax'; syntax: string }
  | { type: 'flag' | 'color' | 'text' }

export interface Parameter {
  name: string
  aliases: string[]
  kind: Kind
  /** What may be written, in words. */
  allowed: string
  default: string
  doc: string
  /** Where in a chain it may stand. */
  places: ('step' | 'image-layer' | 'text-layer' | 'query' | 'signature' | 'frame' | 'old')[]
  /** A: most used, B: common, C: rare. */
  tier: 'A' | 'B' | 'C'
  served: 'exactly' | 'nearly' | 'read' | 'unsaid'
  /** Of `nearly` and `read`: what differs, and why. */
  about: string
}

const get = <T>(path: string, query?: Query, signal?: AbortSignal) => ask<T>('GET', path, { query, signal })

export const looking = {
  explain: (query: { url: string; accept?: string; width?: string; dpr?: string; viewport_width?: string; save_data?: string; limit?: number }, signal?: AbortSignal) => get<Explained>('/v1/explain', query, signal),
  urls: (order: UrlOrder, signal?: AbortSignal) => ask<Translated>('POST', '/v1/urls', { body: order, signal }),
  masters: (query: { site?: string; after?: string; limit?: number; search?: string }, signal?: AbortSignal) =>
    get<{ masters: Master[]; next: string | null }>('/v1/masters', query, signal),
  parameters: async (dialect: string, signal?: AbortSignal) => (await get<{ parameters: Parameter[] }>(`/v1/dialects/${encodeURIComponent(dialect)}`, undefined, signal)).parameters,
}

/** Where the bytes of a stored derivative are, while they are good. */
export function bodyOf(id: string): string {
  return `/v1/derivatives/${encodeURIComponent(id)}/body`
}
