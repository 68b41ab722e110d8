// What a page asks for once it is there, again when what it depends on changes, and when it is told to.

import { untrack } from 'svelte'

export class Resource<T> {
  value = $state.raw<T | undefined>(undefined)
  error = $state.raw<unknown>(undefined)
  /** Under way, for the first time or again; what was there before stays meanwhile. */
  loading = $state(true)
  #asked = $state(0)

  /** Asks anew. */
  reload = (): void => {
    // From within an effect, too, which does not depend on it.
    untrack(() => (this.#asked += 1))
  }

  /** Whatever the fetcher reads before its first await is what it depends on. */
  constructor(fetcher: (signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      void this.#asked
      const abort = new AbortController()
      void this.#run(fetcher(abort.signal), abort.signal)
      return () => abort.abort()
    })
  }

  async #run(answer: Promise<T>, signal: AbortSignal): Promise<void> {
    this.loading = true
    try {
      const value = await answer
      if (signal.aborted) return
      this.value = value
      this.error = undefined
    } catch (error) {
      if (signal.aborted) return
      this.error = error
    }
    this.loading = false
  }
}

/** Asks again every so many milliseconds while `when` says so and somebody looks. To be called while a component begins. */
export function poll(resource: { reload: () => void }, every: number, when: () => boolean): void {
  $effect(() => {
    if (!when()) return
    const timer = setInterval(() => {
      if (!document.hidden) resource.reload()
    }, every)
    return () => clearInterval(timer)
  })
}
