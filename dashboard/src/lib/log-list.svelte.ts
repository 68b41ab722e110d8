// The last requests, newest first: pages of older ones as somebody scrolls, and new ones as they are answered. The list is
// bounded: what is too old for it can be asked for again.

import { figures, type Line, type LogPage } from '../api/figures'
import { withQuery, type Query } from './http'
import { follow } from './sse'

const PAGE = 100
/** Lines that are held at most. */
const MOST = 5_000
/** Lines that came in are shown together, so often at most, in milliseconds. */
const TOGETHER = 250

export class LogList {
  items = $state.raw<Line[]>([])
  next = $state.raw<number | null>(null)
  kept = $state.raw<LogPage['kept']>(null)
  loading = $state(true)
  error = $state.raw<unknown>(undefined)
  /** Whether new ones come in. */
  live = $state(false)
  /** New ones wait until this ends. */
  hold = $state(false)
  waiting = $state.raw<Line[]>([])
  /** Lines that the server left out of the tail, being too busy to tell them, since the list began. */
  leftOut = $state(0)
  /** Lines that this page let go, to stay within its bounds. */
  dropped = $state(0)

  #filter: Query = {}
  #abort: AbortController | undefined
  #stop: (() => void) | undefined
  #come: Line[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Begins anew with another filter; with `tail`, new lines come in by themselves. */
  begin(filter: Query, tail: boolean): void {
    this.stop()
    this.#filter = filter
    this.items = []
    this.waiting = []
    this.#come = []
    this.leftOut = this.dropped = 0
    this.next = null
    void this.#load()
    if (tail) this.#follow()
  }

  stop(): void {
    this.#abort?.abort()
    this.#stop?.()
    this.#stop = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  more = async (): Promise<void> => {
    if (this.loading || this.next === null) return
    await this.#load(this.next)
  }

  retry = (): void => void this.#load()

  /** Shows what has come in meanwhile. */
  release(): void {
    if (this.waiting.length) this.#prepend(this.#taken())
  }

  async #load(before?: number): Promise<void> {
    this.#abort?.abort()
    const abort = (this.#abort = new AbortController())
    this.loading = true
    this.error = undefined
    try {
      const page = await figures.logs({ ...this.#filter, limit: PAGE, before }, abort.signal)
      if (abort.signal.aborted) return
      const known = new Set(this.items.map(({ id }) => id))
      const fresh = page.lines.filter(({ id }) => !known.has(id))
      this.items = before === undefined ? [...this.items, ...fresh].sort((a, b) => b.id - a.id) : [...this.items, ...fresh]
      this.next = page.next
      this.kept = page.kept
    } catch (failed) {
      if (abort.signal.aborted) return
      this.error = failed
    }
    this.loading = false
  }

  #follow(): void {
    const { since: _, until: __, ...filter } = this.#filter
    this.#stop = follow(withQuery('/v1/logs/tail', filter), ['line', 'left-out'], {
      on: (name, data) => {
        if (name === 'left-out') this.leftOut += (data as { lines: number }).lines
        else this.#hear(data as Line)
      },
      // What was answered while nobody listened is in the log.
      resync: () => void this.#load(),
      live: (live) => {
        this.live = live
      },
    })
  }

  #hear(line: Line): void {
    this.#come.push(line)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const come = this.#come.reverse()
      this.#come = []
      if (this.hold) this.#wait(come)
      else this.#prepend([...come, ...this.#taken()])
    }, TOGETHER)
  }

  #taken(): Line[] {
    const waiting = this.waiting
    if (waiting.length) this.waiting = []
    return waiting
  }

  #wait(come: Line[]): void {
    const all = [...come, ...this.waiting]
    this.dropped += Math.max(0, all.length - MOST)
    this.waiting = all.slice(0, MOST)
  }

  #prepend(come: Line[]): void {
    const known = new Set(this.items.slice(0, 2 * PAGE).map(({ id }) => id))
    const all = [...come.filter(({ id }) => !known.has(id)), ...this.items]
    if (all.length > MOST) {
      // The oldest go; scrolling asks for them again.
      this.items = all.slice(0, MOST)
      this.next = this.items.at(-1)?.id ?? null
    } else this.items = all
  }
}
