// A transformation while it is edited: a chain of steps, with layers and conditions as a tree. How a dialect spells it is the
// server's business.

import type { Part, StepParts } from '../api/looking'
import type { Pairs } from './spelling'

/** What a layer draws: a path, an address or a text. */
export const CONTENT = 'i'

let made = 0

/** Whether what an address says is a chain. */
export function isChain(value: unknown): value is StepParts[] {
  const isPart = (part: unknown): boolean => {
    if (Array.isArray(part)) return part.length === 2 && part.every((text) => typeof text === 'string')
    if (typeof part !== 'object' || part === null) return false
    const { layer, if: asks, steps, else: others = [] } = part as Record<string, unknown>
    return (typeof layer === 'string') !== (typeof asks === 'string') && isChain(steps) && isChain(others)
  }
  return Array.isArray(value) && value.every((step) => Array.isArray(step) && step.every(isPart))
}

export class Chain {
  readonly id = (made += 1)
  steps = $state.raw<Step[]>([])
  readonly #changed: () => void

  constructor(parts: StepParts[], changed: () => void) {
    this.#changed = changed
    this.steps = parts.map((step) => new Step(step, changed))
  }

  /** Returns the new one. */
  add(parts: StepParts = []): Step {
    const step = new Step(parts, this.#changed)
    this.steps = [...this.steps, step]
    this.#changed()
    return step
  }

  remove(step: Step): void {
    this.steps = this.steps.filter((known) => known !== step)
    this.#changed()
  }

  /** Up by -1, down by 1. */
  move(step: Step, by: number): void {
    this.steps = moved(this.steps, step, by)
    this.#changed()
  }

  /** What is to be asked for: layers that draw nothing yet are left out, and steps in which nothing is left. */
  parts(): StepParts[] {
    return this.steps.map((step) => step.parts()).filter((step) => step.length > 0)
  }

  get isEmpty(): boolean {
    return this.steps.every((step) => step.isEmpty)
  }
}

export class Step {
  readonly id = (made += 1)
  /** In the order in which they were set. One without a value is there, and empty. */
  parameters = $state.raw<Pairs>([])
  layers = $state.raw<Layer[]>([])
  choice = $state.raw<Choice | undefined>(undefined)
  readonly #changed: () => void

  constructor(parts: StepParts, changed: () => void) {
    this.#changed = changed
    this.parameters = parts.filter((part) => Array.isArray(part))
    for (const part of parts) {
      if (Array.isArray(part)) continue
      if ('layer' in part) this.layers = [...this.layers, new Layer(part.layer, part.steps, changed)]
      else this.choice = new Choice(part.if, part.steps, part.else ?? [], changed)
    }
  }

  get(name: string): string | undefined {
    return this.parameters.find(([known]) => known === name)?.[1]
  }

  /** Without a value the parameter goes. */
  set(name: string, value: string | undefined): void {
    const there = this.parameters.some(([known]) => known === name)
    if (value === undefined) this.parameters = this.parameters.filter(([known]) => known !== name)
    else if (there) this.parameters = this.parameters.map((pair) => (pair[0] === name ? [name, value] : pair))
    else this.parameters = [...this.parameters, [name, value]]
    this.#changed()
  }

  replace(parameters: Pairs): void {
    this.parameters = parameters
    this.#changed()
  }

  addLayer(kind: string): Layer {
    const layer = new Layer(kind, [[]], this.#changed)
    this.layers = [...this.layers, layer]
    this.#changed()
    return layer
  }

  removeLayer(layer: Layer): void {
    this.layers = this.layers.filter((known) => known !== layer)
    this.#changed()
  }

  moveLayer(layer: Layer, by: number): void {
    this.layers = moved(this.layers, layer, by)
    this.#changed()
  }

  parts(): StepParts {
    const layers: Part[] = this.layers.filter((layer) => layer.content).map((layer) => ({ layer: layer.kind, steps: layer.chain.parts() }))
    const { choice } = this
    if (!choice?.condition) return [...this.parameters, ...layers]
    // A condition stands alone in its step; what is beside it is of the query.
    const [yes, no] = [choice.yes.parts(), choice.no.parts()]
    if (!yes.length && !no.length) return this.parameters
    return [{ if: choice.condition, steps: yes, ...(no.length ? { else: no } : {}) }, ...this.parameters]
  }

  get isEmpty(): boolean {
    return this.parameters.length === 0 && this.layers.length === 0 && this.choice === undefined
  }

  /** In a few words, for its heading. */
  get summary(): string {
    if (this.choice) return `if ${this.choice.condition || '…'}`
    const said = this.parameters.map(([name, value]) => (value ? `${name}-${value}` : name))
    return [...said, ...this.layers.map((layer) => `l-${layer.kind}`)].join(', ')
  }
}

export class Layer {
  readonly id = (made += 1)
  readonly kind: string
  readonly chain: Chain

  constructor(kind: string, steps: StepParts[], changed: () => void) {
    this.kind = kind
    this.chain = new Chain(steps.length ? steps : [[]], changed)
  }

  get content(): string {
    const [first] = this.chain.steps
    return first?.get(CONTENT) ?? first?.get('ie') ?? ''
  }
}

/** Steps by the size of the picture. */
export class Choice {
  condition = $state('')
  readonly yes: Chain
  readonly no: Chain
  readonly #changed: () => void

  constructor(condition: string, yes: StepParts[], no: StepParts[], changed: () => void) {
    this.#changed = changed
    this.condition = condition
    this.yes = new Chain(yes.length ? yes : [[]], changed)
    this.no = new Chain(no, changed)
  }

  ask(condition: string): void {
    this.condition = condition
    this.#changed()
  }
}

function moved<T>(all: T[], one: T, by: number): T[] {
  const from = all.indexOf(one)
  const to = from + by
  if (from < 0 || to < 0 || to >= all.length) return all
  const rest = all.filter((known) => known !== one)
  return [...rest.slice(0, to), one, ...rest.slice(to)]
}
