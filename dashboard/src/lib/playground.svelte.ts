// The state of the playground: a site, a picture, parameters. Kept in the page's address, so that it can be shared.

import { router } from './router.svelte'
import type { Pairs } from './spelling'

const PAUSE = 300

export class Playground {
  site = $state(router.param('site'))
  source = $state(router.param('source'))
  asset = $state(router.param('asset'))
  /** In the order in which they were set. One without a value is there, and empty. */
  parameters = $state.raw<Pairs>([...new URLSearchParams(router.param('with'))])
  /** As they were a moment ago: what is asked of the server while somebody types. */
  settled = $state.raw<Pairs>(this.parameters)
  #timer: ReturnType<typeof setTimeout> | undefined

  get(name: string): string | undefined {
    return this.parameters.find(([known]) => known === name)?.[1]
  }

  /** Without a value the parameter goes. */
  set(name: string, value: string | undefined): void {
    const there = this.parameters.some(([known]) => known === name)
    if (value === undefined) this.#change(this.parameters.filter(([known]) => known !== name))
    else if (there) this.#change(this.parameters.map((pair) => (pair[0] === name ? [name, value] : pair)))
    else this.#change([...this.parameters, [name, value]])
  }

  replace(parameters: Pairs): void {
    this.#change(parameters)
  }

  choose(asset: string, source: string): void {
    this.asset = asset
    this.source = source
    this.#keep()
  }

  /** Another site has other words: its parameters begin with those that say the same, if they are known. */
  enter(site: string, parameters: Pairs): void {
    this.site = site
    this.parameters = parameters
    this.settled = parameters
    this.#keep()
  }

  #change(parameters: Pairs): void {
    this.parameters = parameters
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.settled = this.parameters
      this.#keep()
    }, PAUSE)
  }

  #keep(): void {
    router.set({ url: '', site: this.site, source: this.source, asset: this.asset, with: new URLSearchParams(this.parameters).toString() })
  }
}
