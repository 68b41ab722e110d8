// Who is signed in. The key is sent once; afterwards the browser holds a cookie that no script can read.

import type { Session } from '../api'
import { ask, connect, Problem, type Allowance } from './http'

/** Remembers that there may be a session, so that nobody is asked who has never signed in here. */
const HINT = 'afterimage-session'

const hint = {
  get: (): boolean => {
    try {
      return localStorage.getItem(HINT) !== null
    } catch {
      return true
    }
  },
  set: (there: boolean): void => {
    try {
      if (there) localStorage.setItem(HINT, '1')
      else localStorage.removeItem(HINT)
    } catch {
      // Storage may be forbidden here; the server is then asked each time.
    }
  },
}

class SessionStore {
  /** Not known until the server was asked. */
  state = $state<'unknown' | 'in' | 'out'>('unknown')
  who = $state.raw<Session | undefined>(undefined)
  allowance = $state.raw<Allowance | undefined>(undefined)
  /** It ended by itself while somebody worked. */
  ended = $state(false)
  failure = $state.raw<Problem | undefined>(undefined)

  async load(): Promise<void> {
    this.failure = undefined
    if (!hint.get()) {
      this.state = 'out'
      return
    }
    try {
      this.#enter(await ask<Session>('GET', '/v1/session'))
    } catch (error) {
      if (error instanceof Problem && error.status !== 401) this.failure = error
      else hint.set(false)
      this.state = 'out'
    }
  }

  async signIn(key: string): Promise<void> {
    this.#enter(await ask<Session>('POST', '/v1/session', { body: { key } }))
  }

  async signOut(): Promise<void> {
    await ask('DELETE', '/v1/session')
    this.#leave(false)
  }

  expire(): void {
    if (this.state === 'in') this.#leave(true)
  }

  /** Whether the key has one of these roles. */
  can(...roles: string[]): boolean {
    return this.who?.roles.some((role) => roles.includes(role)) ?? false
  }

  /** Whether it is bound to no site and no source. */
  get unbound(): boolean {
    return !this.who?.sites.length && !this.who?.within.length
  }

  #enter(who: Session): void {
    hint.set(true)
    this.who = who
    this.ended = false
    this.state = 'in'
  }

  #leave(ended: boolean): void {
    hint.set(false)
    this.who = undefined
    this.allowance = undefined
    this.ended = ended
    this.state = 'out'
  }
}

export const session = new SessionStore()

connect({
  token: () => session.who?.csrf,
  ended: () => session.expire(),
  allowance: (allowance) => {
    session.allowance = allowance
  },
})
