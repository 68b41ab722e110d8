// The one stream of /v1/events that all parts of a page share.

import type { Purge, Takedown } from '../api'
import { follow } from './sse'

export type PurgeEvent = { name: 'effective' | 'progress' | 'refreshed' | 'erased'; purge: Purge } | { name: 'lifted'; takedown: Takedown }

interface Listener {
  on: (event: PurgeEvent) => void
  resync?: () => void
}

const NAMES = ['effective', 'progress', 'refreshed', 'erased', 'lifted'] as const
/** From one page to the next the stream stays open. */
const LINGER = 3_000

class Events {
  /** Whether news comes in at once. */
  live = $state(false)
  #listeners = new Set<Listener>()
  #stop: (() => void) | undefined
  #closing: ReturnType<typeof setTimeout> | undefined

  /** Listens until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    clearTimeout(this.#closing)
    this.#stop ??= follow('/v1/events', NAMES, {
      on: (name, data) => this.#tell(name as (typeof NAMES)[number], data),
      resync: () => this.#listeners.forEach((one) => one.resync?.()),
      live: (live) => {
        this.live = live
      },
    })
    return () => {
      this.#listeners.delete(listener)
      if (!this.#listeners.size) this.#closing = setTimeout(() => this.close(), LINGER)
    }
  }

  close(): void {
    clearTimeout(this.#closing)
    this.#stop?.()
    this.#stop = undefined
  }

  #tell(name: (typeof NAMES)[number], data: unknown): void {
    const event: PurgeEvent = name === 'lifted' ? { name, takedown: data as Takedown } : { name, purge: data as Purge }
    for (const listener of this.#listeners) listener.on(event)
  }
}

export const events = new Events()
