// The few words of each dialect that pages put in by themselves. What they mean, and all others, the server's tables say.

import type { Parameter } from '../api/looking'

export type Pairs = [string, string][]

/** What stands before ImageBoss's options: it is no parameter of its table. */
export const OPERATION = 'operation'

/** Parameters of signatures, which signing sets. */
const OF_SIGNATURES = ['s', 'expires', 'ik-s', 'ik-t', 'ci_sign', 'ci_seal', 'ci_eqs', 'bossToken']
/** Those that hold whole transformations, for which there are the single ones. */
const WHOLE = ['tr']

/** What a form offers of a dialect's table. */
export function offered(parameters: Parameter[]): Parameter[] {
  return parameters.filter(({ name }) => !OF_SIGNATURES.includes(name) && !WHOLE.includes(name))
}

export function presetParameters(dialect: string, preset: string): Pairs {
  return [[{ imagekit: 'n', cloudimage: 'p' }[dialect] ?? 'preset', preset]]
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

/** The same transformation at another width; a height that is said goes along. */
export function atWidth(dialect: string, parameters: Pairs, width: number): Pairs {
  const of = (name: string) => parameters.find(([known]) => known === name)?.[1] ?? ''
  const scaled = (height: string, from: string) => (Number(height) > 1 && Number(from) > 1 ? String(Math.round((Number(height) * width) / Number(from))) : height)
  if (dialect === 'imageboss') {
    const operation = readOperation(of(OPERATION))
    const next = operation.word.startsWith('cover') ? { ...operation, width: String(width), height: scaled(operation.height, operation.width) } : { word: 'width', width: String(width), height: '' }
    return [[OPERATION, writeOperation(next)], ...parameters.filter(([name]) => name !== OPERATION)]
  }
  const height = of('h') ? scaled(of('h'), of('w')) : ''
  const rest = parameters.filter(([name]) => name !== 'w' && name !== 'h' && name !== 'dpr')
  return [['w', String(width)], ...(height ? [['h', height] as [string, string]] : []), ...rest]
}

/** The width that a transformation asks for, where it is a number of pixels. */
export function widthOf(dialect: string, parameters: Pairs): number | undefined {
  const of = (name: string) => parameters.find(([known]) => known === name)?.[1] ?? ''
  const width = Number(dialect === 'imageboss' ? readOperation(of(OPERATION)).width : of('w'))
  return width > 1 ? width : undefined
}
