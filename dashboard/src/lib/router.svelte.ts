// Pages by path below /dashboard/. Links are plain <a href>; whatever stays within is taken over here.

export const BASE = '/dashboard/'

interface Place {
  /** Segments below the base, decoded. */
  segments: string[]
  query: URLSearchParams
}

function read(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : ''
  const decode = (segment: string) => {
    try {
      return decodeURIComponent(segment)
    } catch {
      return segment
    }
  }
  return { segments: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(location.search) }
}

class Router {
  #place = $state.raw<Place>(read())
  /** Counts moves to another page, not changes of the query alone. */
  moves = $state(0)

  constructor() {
    addEventListener('popstate', () => this.#arrive())
    document.addEventListener('click', (event) => this.#click(event))
  }

  get segments(): string[] {
    return this.#place.segments
  }

  get query(): URLSearchParams {
    return this.#place.query
  }

  /** A parameter of the query; empty if it is not there. */
  param(name: string): string {
    return this.#place.query.get(name) ?? ''
  }

  go(href: string, { replace = false } = {}): void {
    history[replace ? 'replaceState' : 'pushState'](null, '', href)
    this.#arrive()
  }

  /** Changes parameters of the query in place; empty ones go. */
  set(changes: Record<string, string>): void {
    const query = new URLSearchParams(this.#place.query)
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value)
      else query.delete(name)
    }
    const text = query.toString()
    if (text === this.#place.query.toString()) return
    history.replaceState(history.state, '', text ? `?${text}` : location.pathname)
    this.#place = read()
  }

  #arrive(): void {
    const before = this.#place.segments.join('/')
    this.#place = read()
    if (before !== this.#place.segments.join('/')) this.moves += 1
  }

  #click(event: MouseEvent): void {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!plain || event.defaultPrevented || !link || link.target || link.hasAttribute('download')) return
    const { origin, pathname, search, hash } = new URL(link.href)
    if (origin !== location.origin || !pathname.startsWith(BASE) || hash) return
    event.preventDefault()
    this.go(pathname + search)
    scrollTo(0, 0)
  }
}

export const router = new Router()

/** The address of a page, its segments encoded. */
export function href(...segments: string[]): string {
  return BASE + segments.map(encodeURIComponent).join('/')
}

/** An address with a query. */
export function hrefWith(segments: string[], query: Record<string, string | string[]>): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) if (one) text.append(name, one)
  return text.size ? `${href(...segments)}?${text}` : href(...segments)
}
