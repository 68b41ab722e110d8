// Every page, a line each: its path below /dashboard/, what it is called, where it stands in the navigation, and its file.
// A segment `:name` of a path is given to the page as the property `name`.

import type { Component } from 'svelte'
import type { IconName } from './components/icons'

export interface PageEntry {
  path: string
  title: string
  load: () => Promise<{ default: Component<Record<string, string>> }>
  /** In the navigation, under this heading. */
  nav?: { group: string; icon: IconName }
  /** Only keys with one of these roles get there. */
  roles?: string[]
}

const page = (path: string, title: string, load: () => Promise<{ default: unknown }>, more: Pick<PageEntry, 'nav' | 'roles'> = {}): PageEntry => ({ path, title, load: load as PageEntry['load'], ...more })

export const PAGES: PageEntry[] = [
  page('', 'Overview', () => import('./pages/Home.svelte'), { nav: { group: '', icon: 'home' } }),
  page('purges', 'Purges', () => import('./pages/Purges.svelte'), { nav: { group: 'Pictures', icon: 'purge' } }),
  page('purges/new', 'New purge', () => import('./pages/PurgeNew.svelte'), { roles: ['purge'] }),
  page('purges/:id', 'Purge', () => import('./pages/PurgeShow.svelte')),
  page('takedowns', 'Takedowns', () => import('./pages/Takedowns.svelte'), { nav: { group: 'Pictures', icon: 'takedown' } }),
  page('warmups', 'Warm-ups', () => import('./pages/Warmups.svelte'), { nav: { group: 'Pictures', icon: 'warm' } }),
  page('explain', 'Explain', () => import('./pages/Explain.svelte'), { nav: { group: 'Look', icon: 'search' } }),
  page('play', 'Playground', () => import('./pages/Play.svelte'), { nav: { group: 'Look', icon: 'image' } }),
  page('analytics', 'Analytics', () => import('./pages/Analytics.svelte'), { nav: { group: 'Look', icon: 'chart' }, roles: ['admin', 'read'] }),
  page('logs', 'Requests', () => import('./pages/Logs.svelte'), { nav: { group: 'Look', icon: 'list' }, roles: ['admin', 'read'] }),
  page('sites', 'Sites and sources', () => import('./pages/Sites.svelte'), { nav: { group: 'Administration', icon: 'globe' } }),
  page('settings', 'Settings', () => import('./pages/Settings.svelte'), { nav: { group: 'Administration', icon: 'source' }, roles: ['admin', 'read'] }),
  page('keys', 'API keys', () => import('./pages/Keys.svelte'), { nav: { group: 'Administration', icon: 'key' }, roles: ['admin'] }),
  page('audit', 'Audit trail', () => import('./pages/Audit.svelte'), { nav: { group: 'Administration', icon: 'audit' }, roles: ['admin', 'read'] }),
  page('me', 'Who you are', () => import('./pages/Me.svelte')),
]

/** The page of a path, and what its variable segments hold. */
export function findPage(segments: string[]): { entry: PageEntry; params: Record<string, string> } | undefined {
  for (const entry of PAGES) {
    const params = match(entry.path.split('/').filter(Boolean), segments)
    if (params) return { entry, params }
  }
}

function match(pattern: string[], segments: string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return
  const params: Record<string, string> = {}
  for (const [number, part] of pattern.entries()) {
    const segment = segments[number] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = segment
    else if (part !== segment) return
  }
  return params
}
