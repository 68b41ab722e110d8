// Requests to the native API: JSON there and back, problems as errors, the session's token on what changes something.

/** What a problem of the API says (RFC 9457), or what went wrong before it could say anything. */
export class Problem extends Error {
  readonly status: number
  /** Stable, for programs. `unreachable` and `not-json` are the browser's own. */
  readonly code: string
  /** Who has to change something. */
  readonly fault: 'client' | 'us'
  readonly parameter: string | undefined
  readonly allowed: string[]
  /** Seconds after which to come back. */
  readonly retryAfter: number | undefined

  constructor(status: number, said: Partial<Record<string, unknown>>, retryAfter?: number) {
    super(String(said.detail ?? said.title ?? `the server answered ${status}`))
    this.status = status
    this.code = String(said.code ?? 'unknown')
    this.fault = said.fault === 'client' ? 'client' : 'us'
    this.parameter = said.parameter === undefined ? undefined : String(said.parameter)
    this.allowed = Array.isArray(said.allowed) ? said.allowed.map(String) : []
    this.retryAfter = retryAfter
  }
}

const MOST_TRIES = 3
/** In seconds. */
const LONGEST_PAUSE = 5

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Options {
  query?: Query | undefined
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** What the key may still ask for at once, as the last answer said. */
export interface Allowance {
  remaining: number
  quota: number
  /** Seconds until it is whole again. */
  reset: number
}

interface Hooks {
  /** The token without which a session changes nothing. */
  token: () => string | undefined
  /** The session has ended. */
  ended: () => void
  allowance: (allowance: Allowance) => void
}

let hooks: Hooks = { token: () => undefined, ended: () => {}, allowance: () => {} }

/** Lets the session hear of every answer. */
export function connect(to: Hooks): void {
  hooks = to
}

export function withQuery(path: string, query?: Query): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') text.set(name, String(value))
  }
  return text.size ? `${path}?${text}` : path
}

/** Asks, and returns what the answer's JSON says. */
export async function ask<T>(method: string, path: string, options: Options = {}): Promise<T> {
  let response = await send(method, path, options)
  // Looking again is harmless, and a moment's patience better than an error.
  for (let tries = 1; method === 'GET' && response.status === 429 && tries <= MOST_TRIES; tries += 1) {
    await pause(Math.min(LONGEST_PAUSE, secondsOf(response) ?? 1) * 1000, options.signal)
    response = await send(method, path, options)
  }
  if (response.status === 204) return undefined as T
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw refusal(path, response, body)
  if (body === undefined) throw new Problem(response.status, { code: 'not-json', detail: 'the answer is not JSON: is something else in front of the server?' })
  return body as T
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers = new Headers(options.headers)
  headers.set('accept', 'application/json')
  const token = hooks.token()
  if (token && method !== 'GET') headers.set('afterimage-csrf', token)
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
  if (options.body !== undefined) {
    headers.set('content-type', 'application/json')
    init.body = JSON.stringify(options.body)
  }
  if (options.signal) init.signal = options.signal
  let response: Response
  try {
    response = await fetch(withQuery(path, options.query), init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    const detail = 'the server cannot be reached. It may be stopped or restarting, or the network is down'
    throw new Problem(0, { code: 'unreachable', fault: 'us', detail })
  }
  noteAllowance(response)
  return response
}

/** What `Retry-After` says. */
function secondsOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after'))
  return seconds > 0 ? seconds : undefined
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function refusal(path: string, response: Response, body: unknown): Problem {
  const said = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  if (response.status === 401 && path !== '/v1/session') hooks.ended()
  return new Problem(response.status, said, secondsOf(response))
}

/** `RateLimit: "key";r=999;t=1` and `RateLimit-Policy: "key";q=1000;w=10`. */
function noteAllowance(response: Response): void {
  const part = (header: string, name: string) => Number(new RegExp(`;${name}=(\\d+)`).exec(response.headers.get(header) ?? '')?.[1] ?? NaN)
  const allowance = { remaining: part('ratelimit', 'r'), quota: part('ratelimit-policy', 'q'), reset: part('ratelimit', 't') }
  if (!Object.values(allowance).some(Number.isNaN)) hooks.allowance(allowance)
}

/** What a terminal does with the answer. */
export interface Terminal {
  /** The file that it goes to. */
  save?: string
  /** Whether it comes bit by bit. */
  stream?: boolean
}

/** The same request for a terminal. The key itself is never in it. */
export function curl(method: string, path: string, options: Options & Terminal = {}): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  const words = ['curl', '-fsS']
  if (method !== 'GET') words.push('-X', method)
  if (options.stream) words.push('-N')
  if (options.save) words.push('-o', quote(options.save))
  words.push('-H', '"Authorization: Bearer $AFTERIMAGE_API_KEY"')
  if (options.body !== undefined) words.push('\\\n  -H', quote('Content-Type: application/json'), '\\\n  -d', quote(JSON.stringify(options.body)), '\\\n ')
  words.push(quote(location.origin + withQuery(path, options.query)))
  return words.join(' ')
}
