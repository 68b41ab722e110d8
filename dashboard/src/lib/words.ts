// What the server's short names mean, in words. The name always stands beside them.

/** Why something stored does not answer. */
const MISSES: Record<string, string> = {
  absent: 'nothing is stored for this URL and these formats',
  purged: 'a purge names it, or something it was made from',
  stale: 'a soft purge names it: it may be served once more while it is made anew',
  expired: 'its time is up',
  'other-log': 'it belongs to another purge log, so nothing says that it is good',
  'other-version': 'another version of the server wrote it',
  corrupt: 'its bytes do not match their checksum',
  'no-row': 'the catalogue has no row for it',
}

/** Where an answer came from. */
const SERVED: Record<string, string> = {
  memory: 'from memory',
  disk: 'from the disk',
  fill: 'fetched and made for this request',
  collapsed: 'made for another request at the same moment',
  stale: 'stale, while it was made anew',
}

const TAKEN_FROM: Record<string, string> = { memory: 'memory', disk: 'the disk', none: 'nowhere' }

export const missWords = (name: string): string => MISSES[name] ?? name
export const servedWords = (name: string): string => SERVED[name] ?? name
export const tierWords = (name: string): string => TAKEN_FROM[name] ?? name

/** Classes of statuses, as they are grouped in figures. */
export const STATUS_WORDS: Record<string, string> = { '2': 'sent', '3': 'not modified, or elsewhere', '4': 'refused or not there', '5': 'failed' }

/** `image/jpeg` as JPEG. */
export function format(type: string | null): string {
  const name = (type ?? '').replace(/^image\//, '').replace(/\+xml$/, '').replace(/;.*$/, '')
  return /^(jpeg|webp|avif|png|gif|svg|jxl|heic|tiff|bmp)$/.test(name) ? (name === 'webp' ? 'WebP' : name.toUpperCase()) : name || 'unknown'
}
