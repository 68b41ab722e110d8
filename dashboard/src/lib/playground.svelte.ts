// The state of the playground: a site, a picture, a transformation. Kept in the page's address, so that it can be shared.

import type { StepParts } from '../api/looking'
import { Chain, isChain } from './chain.svelte'
import { router } from './router.svelte'
import type { Pairs } from './spelling'

const PAUSE = 300

/** One step of plain parameters is written as such, anything else as JSON. */
function write(steps: StepParts[]): string {
  const [first = []] = steps
  const plain = steps.length < 2 && first.every((part) => Array.isArray(part))
  return plain ? new URLSearchParams(first as Pairs).toString() : JSON.stringify(steps)
}

function read(text: string): StepParts[] {
  if (!text.startsWith('[')) return [[...new URLSearchParams(text)]]
  try {
    const steps: unknown = JSON.parse(text)
    if (isChain(steps)) return steps
  } catch {
    // Somebody has cut the address.
  }
  return [[]]
}

export class Playground {
  site = $state(router.param('site'))
  source = $state(router.param('source'))
  asset = $state(router.param('asset'))
  chain = $state.raw(new Chain([[]], () => {}))
  /** As it was a moment ago: what is asked of the server while somebody types. */
  settled = $state.raw<StepParts[]>([])
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    this.#take(read(router.param('with')))
    // What is typed last does not reach the address of the page that comes next.
    $effect(() => () => clearTimeout(this.#timer))
  }

  replace(steps: StepParts[]): void {
    this.#take(steps)
    this.#keep()
  }

  choose(asset: string, source: string): void {
    this.asset = asset
    this.source = source
    this.#keep()
  }

  /** Another site has other words: its transformation begins with what says the same, if that is known. */
  enter(site: string, steps: StepParts[]): void {
    this.site = site
    this.replace(steps)
  }

  #take(steps: StepParts[]): void {
    clearTimeout(this.#timer)
    this.chain = new Chain(steps.length ? steps : [[]], () => this.#changed())
    this.settled = this.chain.parts()
  }

  #changed(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.settled = this.chain.parts()
      this.#keep()
    }, PAUSE)
  }

  #keep(): void {
    router.set({ url: '', site: this.site, source: this.source, asset: this.asset, with: write(this.settled) })
  }
}
