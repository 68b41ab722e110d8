// What each suite begins with: a server, a browser, and pages on which nothing goes wrong unnoticed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before } from 'node:test'
import { chromium } from 'playwright-core'
import { startServer } from './server.mjs'

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']
const PATIENCE = 30_000

function browserProgram() {
  if (process.env.AFTERIMAGE_BROWSER) return process.env.AFTERIMAGE_BROWSER
  for (const name of NAMES) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch { /* the next name */ }
  }
  throw new Error('no browser: run scripts/setup --conformance')
}

/** Starts everything (`options`: which server) before the tests of a file, then prepares what they need, and ends it after them. */
export function useWorld(prepare = async () => {}, options = {}) {
  const world = {}
  before(async () => {
    Object.assign(world, await startWorld(options))
    await prepare(world)
  })
  after(() => world.stop?.())
  return world
}

export async function startWorld(options = {}) {
  const server = await startServer(options)
  const browser = await chromium.launch({ executablePath: browserProgram(), args: ['--no-sandbox', '--disable-gpu'] })
  return {
    ...server,
    browser,
    /** A page in a profile of its own, signed in unless `key` is null; `done` says what went wrong on it. */
    open: (at = '', options = {}) => open(browser, server, at, options),
    stop: async () => {
      await browser.close()
      await server.stop()
    },
  }
}

/** `refusals`: statuses with which the server may refuse in this test; the browser notes each as an error. */
async function open(browser, server, at, { key = server.key, width = 1280, height = 900, theme = 'light', refusals = [] } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, permissions: ['clipboard-read', 'clipboard-write'], locale: 'en-GB',
  })
  context.setDefaultTimeout(PATIENCE)
  const page = await context.newPage()
  const wrong = []
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const refused = /Failed to load resource.* status of (\d+)/.exec(message.text())
    if (refused && refusals.includes(Number(refused[1]))) return
    wrong.push(`${page.url()}: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => wrong.push(`${page.url()}: ${error.stack}`))
  page.on('request', (request) => {
    const { origin, protocol, pathname } = new URL(request.url())
    // What a page asks while it goes shows as a missing value; the answer comes too late to be seen.
    if (/\/(undefined|null|NaN)(\/|$)/.test(pathname)) wrong.push(`asks for nothing: ${request.url()}`)
    if (protocol.startsWith('http') && origin !== server.control && origin !== server.pictures) wrong.push(`asks elsewhere: ${request.url()}`)
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
  })

  const go = async (to) => {
    await page.goto(`${server.control}/dashboard/${to}`)
    await page.locator('h1').waitFor()
  }
  const signIn = async (secret) => {
    await page.getByLabel('API key').fill(secret)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await go(at)
  if (key !== null) {
    await signIn(key)
    await page.getByRole('button', { name: 'Sign out' }).or(page.getByRole('button', { name: 'Menu' })).first().waitFor()
    await page.locator('h1').waitFor()
  }
  return {
    page,
    go,
    signIn,
    wrong,
    clipboard: () => page.evaluate(() => navigator.clipboard.readText()),
    done: async () => {
      await context.close()
      assert.deepEqual(wrong, [])
    },
  }
}

/** Waits until a page shows what it has to show. */
export async function ready(page) {
  await page.locator('h1').waitFor()
  await page.waitForLoadState('load')
  await page.locator('.waiting').first().waitFor({ state: 'detached' })
}

/** Waits until something is so, and says what it was otherwise. */
export async function until(what, look, patience = PATIENCE) {
  const end = Date.now() + patience
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`never came to be: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
