// What the server says about single parameters, so that fields can show it, and what else fields know from around them.

import { getContext, setContext } from 'svelte'
import type { SiteConfig } from '../api/configured'
import type { Parameter, Warning } from '../api/looking'
import { Problem } from './http'

export interface Note {
  text: string
  /** Nothing comes of the URL as it is. */
  bad: boolean
}

export interface Around {
  readonly site: SiteConfig
  readonly table: Parameter[]
  readonly warnings: Warning[]
  readonly error: unknown
}

const KEY = 'playground'

export function setAround(around: Around): void {
  setContext(KEY, around)
}

export function getAround(): Around {
  return getContext(KEY)
}

/** What is said of this parameter with this value. */
export function notesOf(around: Around, parameter: { name: string; aliases: string[] }, value: string | undefined): Note[] {
  if (value === undefined) return []
  const names = [parameter.name, ...parameter.aliases].map((name) => name.toLowerCase())
  const named = (name: string | undefined) => names.includes((name ?? '').toLowerCase())
  const { error } = around
  const notes = around.warnings.filter((warning) => named(warning.parameter) && (!warning.value || warning.value === value)).map(({ detail }) => ({ text: detail, bad: false }))
  // The detail of a refused value quotes it: of several steps that say the parameter it is one.
  const mine = error instanceof Problem && named(error.parameter) && (error.code !== 'bad-parameter' || error.message.includes(JSON.stringify(value)))
  if (mine) notes.unshift({ text: error.message, bad: true })
  return notes
}
