// The form for a new purge: from what was pasted to an order, what it would take, and which lines are wrong.

import { api, type Foreseen, type Mode, type Order, type Purge, type Until } from '../api'
import { fromLocal } from './format'
import { Problem } from './http'
import { SCOPES, toTarget, type Scope } from './purges'

/** Lines with one thing each. The server takes no more in one purge. */
export const MOST_LINES = 1000
/** The server tells the first wrong line only: it is asked again without it, so many times. */
const MOST_ERRORS = 20
/** More derivatives than this are purged only after they were written out. */
export const MANY = 1000

export interface Line {
  number: number
  text: string
}

interface Read {
  lines: Line[]
  blank: number
  /** Numbers of lines that say what an earlier one says. */
  repeated: number[]
}

export class PurgeForm {
  scope = $state<Scope>('url')
  text = $state('')
  source = $state('')
  mode = $state<Mode>('hard')
  status = $state(451)
  reason = $state('')
  expires = $state('')
  wait = $state<'' | Until>('')
  deadline = $state(10)
  warm = $state('')
  webhook = $state('')

  /** What the last look foresaw, and for which order. */
  foreseen = $state.raw<Foreseen | undefined>(undefined)
  looking = $state(false)
  /** Wrong lines, as the server sees them. */
  wrong = $state.raw<{ line: Line; problem: Problem }[]>([])
  error = $state.raw<unknown>(undefined)
  #lookedAt = $state('')

  readonly read = $derived.by<Read>(() => readLines(this.text))
  readonly hasLines = $derived(this.scope !== 'all' && this.scope !== 'source')
  readonly order = $derived.by<Order>(() => this.#order(this.read.lines))
  /** Whether the look still is about what the form says. */
  readonly current = $derived(this.foreseen !== undefined && this.#lookedAt === JSON.stringify(this.order))
  readonly missing = $derived.by(() => {
    if (this.scope === 'source' && !this.source) return 'Choose a source.'
    if (!this.hasLines) return ''
    if (!this.read.lines.length) return 'Write at least one line.'
    const over = this.read.lines.length - MOST_LINES
    return over > 0 ? `${this.read.lines.length} lines; at most ${MOST_LINES} go into one purge. Take ${over} out, and purge them next.` : ''
  })
  /** What has to be typed before so much is purged; empty if nothing. */
  readonly typed = $derived.by(() => {
    if (this.scope === 'all') return 'everything'
    if (this.scope === 'source') return this.source
    const [only, ...others] = this.read.lines
    if (SCOPES[this.scope].bulk && only) return others.length ? `${this.read.lines.length} ${this.scope}es`.replace('globes', 'patterns') : only.text
    const found = this.foreseen?.derivatives.entries ?? 0
    return found > MANY ? String(found) : ''
  })

  constructor(query: URLSearchParams) {
    const scope = query.get('scope') ?? ''
    if (scope in SCOPES) this.scope = scope as Scope
    const mode = query.get('mode') ?? ''
    if (['hard', 'soft', 'refresh', 'takedown'].includes(mode)) this.mode = mode as Mode
    this.text = query.getAll('target').join('\n')
    this.source = query.get('source') ?? ''
  }

  /** Asks what would go. Wrong lines are gathered, one after the other. */
  async look(): Promise<void> {
    this.looking = true
    this.foreseen = undefined
    this.error = undefined
    this.wrong = []
    const asked = JSON.stringify(this.order)
    let lines = this.read.lines
    try {
      for (;;) {
        try {
          const foreseen = await api.foresee(this.#order(lines))
          if (this.wrong.length === 0) {
            this.foreseen = foreseen
            this.#lookedAt = asked
          }
          return
        } catch (error) {
          const bad = this.hasLines ? lineOf(error, lines) : undefined
          if (!bad) throw error
          this.wrong = [...this.wrong, { line: bad, problem: error as Problem }]
          lines = lines.filter((line) => line !== bad)
          if (!lines.length || this.wrong.length >= MOST_ERRORS) return
        }
      }
    } catch (error) {
      this.error = error
    } finally {
      this.looking = false
    }
  }

  send(idempotency: string): Promise<Purge> {
    return api.purge(this.order, idempotency)
  }

  /** Takes the wrong lines out. */
  drop(): void {
    const out = new Set(this.wrong.map(({ line }) => line.number))
    this.text = this.text.split('\n').filter((_, number) => !out.has(number + 1)).join('\n')
    this.wrong = []
  }

  #order(lines: Line[]): Order {
    const targets = this.scope === 'all' ? [toTarget('all', '')] : this.scope === 'source' ? [toTarget('source', this.source)] : lines.map(({ text }) => toTarget(this.scope, text, this.source))
    const order: Order = { targets, mode: this.mode }
    if (this.mode === 'takedown') {
      order.status = this.status
      if (this.reason.trim()) order.reason = this.reason.trim()
      if (this.expires) order.expires_at = fromLocal(this.expires)
    }
    if (this.wait && (this.wait !== 'refreshed' || this.mode === 'refresh')) {
      order.wait = this.wait
      order.deadline = this.deadline
    }
    if (this.warm && (this.mode === 'hard' || this.mode === 'soft')) order.warm = Number(this.warm)
    if (this.webhook.trim()) order.webhook = this.webhook.trim()
    return order
  }
}

function readLines(text: string): Read {
  const read: Read = { lines: [], blank: 0, repeated: [] }
  const seen = new Set<string>()
  const all = text.split(/\r?\n/)
  for (const [index, raw] of all.entries()) {
    const line = { number: index + 1, text: raw.trim() }
    if (!line.text) read.blank += index + 1 < all.length ? 1 : 0
    else if (seen.has(line.text)) read.repeated.push(line.number)
    else {
      seen.add(line.text)
      read.lines.push(line)
    }
  }
  return read
}

/** The line that a problem is about: its parameter is `targets[3]` or `targets[3].url`. */
function lineOf(error: unknown, lines: Line[]): Line | undefined {
  const place = error instanceof Problem && error.fault === 'client' ? /^targets\[(\d+)\]/.exec(error.parameter ?? '') : null
  return place ? lines[Number(place[1])] : undefined
}
