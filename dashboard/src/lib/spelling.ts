// The few words of each dialect that pages put in by themselves. What they mean, and all others, the server's tables say.

import type { Parameter, Part, StepParts } from '../api/looking'

export type Pairs = [string, string][]

/** What stands before ImageBoss's options: it is no parameter of its table. */
export const OPERATION = 'operation'

/** Parameters of signatures, which signing sets. ImageKit's table says so itself. */
const OF_SIGNATURES = ['s', 'expires', 'ci_sign', 'ci_seal', 'ci_eqs', 'bossToken']
const UNOFFERED: Parameter['places'][number][] = ['signature', 'frame', 'old']

/** What a form offers of a dialect's table. */
export function offered(parameters: Parameter[]): Parameter[] {
  return parameters.filter(({ name, places }) => !OF_SIGNATURES.includes(name) && !UNOFFERED.some((place) => places.includes(place)))
}

/** Whether a dialect has steps one behind the other, and layers within. */
export function isChained(dialect: string): boolean {
  return dialect === 'imagekit'
}

/** Whether the vendor's signatures can say when they end. */
export function signaturesEnd(dialect: string): boolean {
  return dialect === 'imgix' || dialect === 'imagekit'
}

/** The parameter that names a preset. */
export function presetName(dialect: string): string {
  return { imagekit: 'n', cloudimage: 'p' }[dialect] ?? 'preset'
}

export function presetParameters(dialect: string, preset: string): Pairs {
  return [[presetName(dialect), preset]]
}

/** A small square. */
export function thumbParameters(dialect: string, side = 160): Pairs {
  const text = String(side)
  if (dialect === 'imageboss') return [[OPERATION, `cover/${text}x${text}`]]
  const size: Pairs = [['w', text], ['h', text]]
  if (dialect === 'imgix') return [...size, ['fit', 'crop']]
  return dialect === 'cloudimage' ? [...size, ['func', 'crop']] : size
}

interface Operation {
  word: string
  width: string
  height: string
}

/** `cover:center/300x200` in its parts. */
export function readOperation(text: string): Operation {
  const [word = '', size = ''] = text.split('/')
  const [first = '', second = ''] = size.split('x')
  return word === 'height' ? { word, width: '', height: first } : { word, width: first, height: second }
}

export function writeOperation({ word, width, height }: Operation): string {
  if (word === 'width') return width && `width/${width}`
  if (word === 'height') return height && `height/${height}`
  return word.startsWith('cover') && width && height ? `${word}/${width}x${height}` : word === 'cdn' ? 'cdn' : ''
}

const valueOf = (step: StepParts, name: string) => (step.find((part) => Array.isArray(part) && part[0] === name) as [string, string] | undefined)?.[1] ?? ''
const isNamed = (part: Part, ...names: string[]) => Array.isArray(part) && names.includes(part[0])
const isWidth = (text: string) => Number(text) > 1

/** The step that says how wide the picture is to be: the last that does, else the first. */
function sizing(steps: StepParts[]): number {
  const at = steps.findLastIndex((step) => isWidth(valueOf(step, 'w')))
  return at < 0 ? 0 : at
}

/** The same transformation at another width; a height that is said goes along. */
export function atWidth(dialect: string, steps: StepParts[], width: number): StepParts[] {
  const scaled = (height: string, from: string) => (isWidth(height) && isWidth(from) ? String(Math.round((Number(height) * width) / Number(from))) : height)
  const resize = (step: StepParts): StepParts => {
    if (dialect === 'imageboss') {
      const operation = readOperation(valueOf(step, OPERATION))
      const next = operation.word.startsWith('cover') ? { ...operation, width: String(width), height: scaled(operation.height, operation.width) } : { word: 'width', width: String(width), height: '' }
      return [[OPERATION, writeOperation(next)], ...step.filter((part) => !isNamed(part, OPERATION))]
    }
    const height = valueOf(step, 'h') ? scaled(valueOf(step, 'h'), valueOf(step, 'w')) : ''
    return [['w', String(width)], ...(height ? [['h', height] as [string, string]] : []), ...step.filter((part) => !isNamed(part, 'w', 'h', 'dpr'))]
  }
  const all = steps.length ? steps : [[]]
  const which = sizing(all)
  return all.map((step, at) => (at === which ? resize(step) : step))
}

/** The width that a transformation asks for, where it is a number of pixels. */
export function widthOf(dialect: string, steps: StepParts[]): number | undefined {
  const step = steps[sizing(steps)] ?? []
  const width = dialect === 'imageboss' ? readOperation(valueOf(step, OPERATION)).width : valueOf(step, 'w')
  return isWidth(width) ? Number(width) : undefined
}

/** The pixels for each of CSS that a transformation asks for. */
export function ratioOf(steps: StepParts[]): number {
  const dpr = Number(valueOf(steps[sizing(steps)] ?? [], 'dpr'))
  return dpr > 0 ? dpr : 1
}

/** Whether the picture may have other proportions than the step that sizes it says. */
export function turns(steps: StepParts[]): boolean {
  return steps.length > 1 || steps.some((step) => step.some((part) => isNamed(part, 'rt', 'rot', 'orient', 'r')))
}

const WIDTHS = [320, 640, 960, 1280, 1920]

/**
 * Widths that a page offers its readers: up to twice the one that is asked for; without one, up to that of the picture, which is
 * not enlarged.
 */
export function widthsFor(asked: number | undefined, whole: number): number[] {
  if (!asked) return [...new Set([...WIDTHS.filter((width) => width < whole), whole])]
  return [...new Set([...WIDTHS.filter((width) => width < asked), asked, asked * 2])].slice(-5)
}

/** Text in an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
