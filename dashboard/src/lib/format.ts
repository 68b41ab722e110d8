// Figures and times for people. The figures are the API's; only their spelling is ours.

const whole = new Intl.NumberFormat('en-GB')
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

export function count(value: number): string {
  return whole.format(value)
}

/** A count with its noun: `1 derivative`, `2 derivatives`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** Bytes in decimal units, three digits at most. */
export function bytes(value: number): string {
  let rest = value
  let unit = 0
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000
    unit += 1
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2
  return `${rest.toFixed(digits)} ${UNITS[unit]}`
}

/** A span in milliseconds, in the unit that suits it. */
export function span(ms: number): string {
  if (ms < 1) return '< 1 ms'
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const parts: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  let rest = Math.round(seconds)
  const words: string[] = []
  for (const [size, unit] of parts) {
    const n = Math.floor(rest / size)
    rest -= n * size
    if (n || words.length) words.push(n ? `${n} ${unit}` : '')
    if (words.length === 2) break
  }
  return words.filter(Boolean).join(' ')
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const dated = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })

/** A time, as short as it stays unmistakable: today's without the day, this year's without the year. */
export function time(at: string | number, now = Date.now()): string {
  const [then, today] = [new Date(at), new Date(now)]
  if (then.toDateString() === today.toDateString()) return clock.format(then)
  return (then.getFullYear() === today.getFullYear() ? day : dated).format(then)
}

const precise = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })
const dayOnly = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** A time to the millisecond; with its day unless that is today. */
export function preciseTime(at: string, now = Date.now()): string {
  const then = new Date(at)
  return then.toDateString() === new Date(now).toDateString() ? precise.format(then) : `${dayOnly.format(then)}, ${precise.format(then)}`
}

/** A time with its day, to the minute. */
export function dayTime(at: string | number): string {
  return day.format(new Date(at))
}

/** A time in full, with its zone. */
export function fullTime(at: string | number): string {
  return full.format(new Date(at))
}

/** `5 min ago`, `in 3 h`. */
export function ago(at: string | number, now: number): string {
  const ms = now - new Date(at).getTime()
  if (Math.abs(ms) < 1500) return 'just now'
  const text = span(Math.max(1000, Math.floor(Math.abs(ms) / 1000) * 1000)).replace(/ \d+ s$/, '').replace('.0', '')
  return ms > 0 ? `${text} ago` : `in ${text}`
}

/** What a local time field shows for a time, and back. */
export function toLocal(at: string): string {
  if (!at) return ''
  const date = new Date(at)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function fromLocal(text: string): string {
  return text ? new Date(text).toISOString() : ''
}
