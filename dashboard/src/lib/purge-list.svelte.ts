// The list of purges as far as it was scrolled, kept up by events.

import { api, type Purge, type PurgeFilter } from '../api'
import type { PurgeEvent } from './events.svelte'

const PAGE = 200
/** After an event, a list with filters asks what it holds; events that follow closely are taken together. */
const SOON = 300

export class PurgeList {
  items = $state.raw<Purge[]>([])
  next = $state.raw<number | null>(null)
  loading = $state(true)
  error = $state.raw<unknown>(undefined)
  /** New ones that came while somebody read further down. */
  held = $state.raw<Purge[]>([])
  /** Whether new ones are held back. */
  hold = false
  #filter: PurgeFilter = {}
  #abort: AbortController | undefined
  #changed = new Map<string, Purge>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Begins anew with a filter. */
  async begin(filter: PurgeFilter): Promise<void> {
    this.#filter = filter
    this.held = []
    await this.#fetch(undefined)
  }

  /** The following page. */
  async more(): Promise<void> {
    if (this.loading || this.next === null || this.error) return
    await this.#fetch(this.next)
  }

  retry = (): void => {
    void this.#fetch(this.items.length && this.next !== null ? this.next : undefined)
  }

  /** What is new at the top, and nothing that is there twice. */
  resync = async (): Promise<void> => {
    try {
      const { items } = await api.purges({ ...this.#filter, limit: PAGE })
      for (const purge of items) this.#changed.set(purge.id, purge)
      this.#apply(true)
    } catch {
      // The stream will come back, and ask again.
    }
  }

  hear = (event: PurgeEvent): void => {
    if (event.name === 'lifted') return
    this.#changed.set(event.purge.id, event.purge)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const plain = Object.values(this.#filter).every((value) => !value)
      this.#apply(plain)
      if (!plain) void this.resync()
    }, plainDelay(this.#filter))
  }

  /** Puts what was held back where it belongs. */
  release = (): void => {
    this.items = [...this.held, ...this.items]
    this.held = []
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#abort?.abort()
  }

  async #fetch(before: number | undefined): Promise<void> {
    this.#abort?.abort()
    const abort = new AbortController()
    this.#abort = abort
    this.loading = true
    this.error = undefined
    try {
      const page = await api.purges({ ...this.#filter, limit: PAGE, ...(before === undefined ? {} : { before }) }, abort.signal)
      if (abort.signal.aborted) return
      const there = new Set(before === undefined ? [] : this.items.map(({ id }) => id))
      this.items = before === undefined ? page.items : [...this.items, ...page.items.filter(({ id }) => !there.has(id))]
      this.next = page.next
    } catch (error) {
      if (abort.signal.aborted) return
      this.error = error
    }
    this.loading = false
  }

  /** Renews what is shown; what is not there yet comes to the top if `adding`. */
  #apply(adding: boolean): void {
    const renew = (purge: Purge) => {
      const changed = this.#changed.get(purge.id)
      if (changed) this.#changed.delete(purge.id)
      return changed ?? purge
    }
    if (this.#changed.size === 0) return
    this.items = this.items.map(renew)
    if (this.held.length) this.held = this.held.map(renew)
    const newest = this.items[0]?.position ?? 0
    const fresh = adding ? [...this.#changed.values()].filter(({ position }) => position > newest) : []
    this.#changed.clear()
    if (!fresh.length) return
    this.held = [...fresh, ...this.held].sort((a, b) => b.position - a.position)
    if (!this.hold) this.release()
  }
}

function plainDelay(filter: PurgeFilter): number {
  return Object.values(filter).every((value) => !value) ? 50 : SOON
}
