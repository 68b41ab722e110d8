// The time, once a second, while somebody looks at it.

import { createSubscriber } from 'svelte/reactivity'

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000)
  return () => clearInterval(timer)
})

/** Now, in milliseconds; whoever reads it in a template is told every second. */
export function now(): number {
  subscribe()
  return Date.now()
}
