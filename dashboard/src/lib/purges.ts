// What is said of a purge in more than one place.

import type { Mode, Purge, Said, Target } from '../api'
import { counted } from './format'
import { hrefWith } from './router.svelte'

export const MODE_WORDS: Record<Mode, { title: string; means: string }> = {
  hard: { title: 'Hard', means: 'Gone at once. The next request fetches and renders anew.' },
  soft: { title: 'Soft', means: 'Stale at once: each may be served one more time while its replacement is made.' },
  refresh: { title: 'Refresh', means: 'Old pictures stay until their replacement is ready, then change one by one.' },
  takedown: { title: 'Takedown', means: 'Gone at once, and refused until somebody lifts it.' },
}

export type Scope = 'url' | 'derivative' | 'master' | 'dependency' | 'prefix' | 'glob' | 'tag' | 'source' | 'all'

export const SCOPES: Record<Scope, { title: string; means: string; example: string; bulk: boolean }> = {
  url: { title: 'Pictures and everything made of them', means: 'Any URL of a picture, in any dialect, with or without parameters; whole or from the path on. Its original and every derivative of it go, in all dialects.', example: '/imgix/cat.jpg\nhttps://img.example/tr:w-300/cat.jpg', bulk: false },
  derivative: { title: 'Single derivatives', means: 'The exact URL. Only this transformation goes, in all its formats; others of the same picture stay.', example: '/imgix/cat.jpg?w=300', bulk: false },
  master: { title: 'Originals, by source', means: 'A source and a path in it. The original and every derivative of it go.', example: 'local/cat.jpg', bulk: false },
  dependency: { title: 'What a picture was put on', means: 'A URL or source/path of a watermark or overlay. Only pictures that bear it go, not its own.', example: 'local/logo.png', bulk: false },
  prefix: { title: 'A folder, or any beginning', means: 'A source and the beginning of paths in it.', example: 'local/products/', bulk: true },
  glob: { title: 'A pattern', means: 'A source and a pattern: * within a folder, ** across folders, ? one character.', example: 'local/products/**/*.png', bulk: true },
  tag: { title: 'A tag', means: 'Whatever bears a tag that its origin gave.', example: 'product-17', bulk: false },
  source: { title: 'A whole source', means: 'Every original of a source, and everything made of them.', example: '', bulk: true },
  all: { title: 'Everything', means: 'The whole cache of this server.', example: '', bulk: true },
}

/** The kind of a selector: what stands before its first colon. */
export function kindOf(selector: string): string {
  return selector.slice(0, selector.indexOf(':'))
}

const KIND_WORDS: Record<string, string> = { master: 'picture', exact: 'derivative', dependency: 'dependency', prefix: 'prefix', glob: 'pattern', tag: 'tag', source: 'source', all: 'everything' }

export function kindsOf(targets: Said[]): string {
  return [...new Set(targets.flatMap((target) => target.selectors.map(kindOf)))].map((kind) => KIND_WORDS[kind] ?? kind).join(', ')
}

/** What was purged, in a line. */
export function label(targets: Said[]): string {
  const first = targets[0]
  if (!first) return 'nothing'
  if (kindOf(first.selectors[0] ?? '') === 'all') return 'everything'
  return targets.length === 1 ? first.said : `${first.said} and ${counted(targets.length - 1, 'more', 'more')}`
}

export function between(from: string, to: string | null): number | undefined {
  return to === null ? undefined : Math.max(0, new Date(to).getTime() - new Date(from).getTime())
}

/** The scope in which a target was said, as far as its selectors tell. */
export function scopeOf(target: Said): Scope {
  const kind = kindOf(target.selectors[0] ?? '')
  if (kind === 'master') return /^\/|:\/\//.test(target.said) ? 'url' : 'master'
  if (kind === 'exact') return 'derivative'
  return kind in SCOPES ? (kind as Scope) : 'url'
}

export function toTarget(scope: Scope, text: string, source = ''): Target {
  if (scope === 'all') return { all: true }
  if (scope === 'tag') return source ? { tag: text, source } : { tag: text }
  return { [scope]: text } as Target
}

/** A target as it was said, to be sent once more. A tag is said as `tag in source`. */
export function again(target: Said): Target {
  const scope = scopeOf(target)
  const [, tag, source] = (scope === 'tag' && / in /.test(target.said) && /^(.*) in (.*)$/.exec(target.said)) || []
  return tag === undefined ? toTarget(scope, target.said) : toTarget('tag', tag, source)
}

/** The form for a new purge, filled in. */
export function formFor(scope: Scope, targets: string[], mode: Mode = 'hard', source = ''): string {
  return hrefWith(['purges', 'new'], { scope, target: targets, mode, source })
}

/** The same purge once more, to be looked at before it is sent. */
export function formAgain({ targets, mode }: Purge): string {
  const first = targets[0]
  if (!first) return formFor('url', [])
  const scope = scopeOf(first)
  const said = targets.filter((target) => scopeOf(target) === scope).map(again)
  const text = (target: Target) => String(Object.values(target)[0])
  const source = said[0] && 'tag' in said[0] ? said[0].source : undefined
  return formFor(scope, scope === 'all' ? [] : said.map(text), mode, scope === 'source' ? first.said : source)
}
