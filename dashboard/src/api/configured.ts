// What is configured, where it came from, and how the sources are: /v1/config.

import { ask, type Query } from '../lib/http'

export interface Setting {
  key: string
  /** As text, with its unit; null where it is not set. */
  value: string | null
  from: 'default' | 'file' | 'environment' | 'flag' | 'zero-config'
  /** The place there: a line, a variable, an argument. */
  where: string | null
  doc: string
}

export interface Preset {
  name: string
  text: string | null
  enabled?: boolean
  plan: string | null
  words: string[] | null
  error?: string | null
}

export interface SiteConfig {
  name: string
  dialect: string
  kind?: 'pictures' | 'passthrough'
  hosts: string[]
  prefix: string
  sources: string[]
  /** Where its URLs begin. */
  url: string
  signing: { policy: 'off' | 'optional' | 'required'; secrets: number }
  presets: Preset[]
  aliases: { name: string; stands_for: string }[]
  settings: Setting[]
}

export interface SourceConfig {
  name: string
  type: string
  location: string
  base: string | null
  sites: string[]
  settings: Setting[]
  health: { state: 'ok' | 'failing' | 'unknown'; checked_at: string | null; ms: number | null; detail: string | null; fault?: string | null; last_success_at?: string | null; failures?: number }
}

export interface SourceCheck {
  ok: boolean
  ms: number
  bytes: number | null
  content_type: string | null
  width: number | null
  height: number | null
  entries?: number | null
  detail: string | null
  fault: string | null
}

const get = <T>(path: string, query?: Query, signal?: AbortSignal) => ask<T>('GET', path, { query, signal })

export const configured = {
  settings: (signal?: AbortSignal) => get<{ file: string | null; settings: Setting[] }>('/v1/config', undefined, signal),
  sites: (signal?: AbortSignal) => get<{ sites: SiteConfig[]; owned_by: 'file' | 'zero-config' }>('/v1/config/sites', undefined, signal),
  sources: async (signal?: AbortSignal) => (await get<{ sources: SourceConfig[] }>('/v1/config/sources', undefined, signal)).sources,
  check: (source: string, path: string | null) => ask<SourceCheck>('POST', `/v1/config/sources/${encodeURIComponent(source)}/check`, { body: { path } }),
}
