// Server-sent events that come back by themselves. The server keeps no events for who was away, so every return is told to
// the listener, who then asks for what is there now. While the page is hidden nothing is listened to: browsers open few
// connections to one server, and each tab would hold one.

export interface Following {
  /** An event with its name and data. */
  on: (name: string, data: unknown) => void
  /** What happened meanwhile is unknown: after a pause, or where the server says that some were missed. */
  resync?: () => void
  /** Whether events come in now. */
  live?: (live: boolean) => void
  /** After an event with this name nothing more comes. */
  last?: string
}

const SHORTEST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** Listens to events with these names until the returned function is called. */
export function follow(path: string, names: readonly string[], to: Following): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = SHORTEST_WAIT
  let been = false
  let done = false

  const close = () => {
    clearTimeout(timer)
    source?.close()
    source = undefined
    to.live?.(false)
  }
  const stop = () => {
    done = true
    close()
    document.removeEventListener('visibilitychange', look)
  }
  const open = () => {
    if (done || source || document.hidden) return
    const opened = new EventSource(path)
    source = opened
    opened.onopen = () => {
      wait = SHORTEST_WAIT
      to.live?.(true)
      if (been) to.resync?.()
      been = true
    }
    opened.onerror = () => {
      // The browser would try again by itself, but not after an answer such as 503, and without growing patience.
      if (source !== opened) return
      close()
      timer = setTimeout(open, wait)
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
    for (const name of [...names, 'missed']) opened.addEventListener(name, hear)
  }
  const hear = (event: MessageEvent<string>) => {
    if (event.type === 'missed') return to.resync?.()
    to.on(event.type, JSON.parse(event.data))
    if (event.type === to.last) stop()
  }
  const look = () => (document.hidden ? close() : open())

  document.addEventListener('visibilitychange', look)
  open()
  return stop
}
