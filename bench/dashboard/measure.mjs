#!/usr/bin/env node
// What the dashboard costs whoever opens it: sizes of the bundle, time until it can be used, and frames while a list of 10,000
// purges is scrolled. Called by scripts/bench dashboard; the method is in bench/METHODOLOGY.md.

import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { startWorld } from '../../tests/dashboard/lib/world.mjs'

const ROUNDS = Number(process.argv[2] ?? 9)
const PURGES = Number(process.argv[3] ?? 10_000)
const DIST = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dashboard/dist')

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const share = (values, part) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

function sizes() {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && /\.(js|css|html|svg)$/.test(entry.name))
  const bodies = files.map((entry) => readFileSync(path.join(entry.parentPath, entry.name)))
  const sum = (of) => bodies.reduce((all, body) => all + of(body), 0)
  console.log(`bundle, all ${bodies.length} files: ${kb(sum((b) => b.length))}, gzip ${kb(sum((b) => gzipSync(b).length))}, brotli ${kb(sum((b) => brotliCompressSync(b).length))}`)
}

/** From the navigation to a heading and a button that takes clicks, in a fresh profile each time; what came over the wire. */
async function opening(world) {
  const times = { 'signing in': [], 'purges, signed in': [], 'analytics, signed in': [] }
  const wire = {}
  // Without a request there is nothing to draw.
  await fetch(`${world.pictures}/imgix/dogs.jpg?w=120`)
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await world.open('', { key: null })
    await look(first, 'signing in', '', () => first.page.getByLabel('API key'))
    await first.signIn(world.key)
    await first.page.getByRole('button', { name: 'Sign out' }).waitFor()
    await look(first, 'purges, signed in', 'purges', () => first.page.getByRole('link', { name: 'New purge' }).or(first.page.getByRole('button', { name: 'New purge' })).first())
    await look(first, 'analytics, signed in', 'analytics', () => first.page.locator('.u-over').first())
    await first.done()
  }
  for (const [what, all] of Object.entries(times)) console.log(`${what}: usable after ${median(all).toFixed(0)} ms (median of ${all.length}, worst ${Math.max(...all).toFixed(0)}), ${kb(wire[what])} over the wire`)

  async function look({ page }, what, to, usable) {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Network.enable')
    await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
    let bytes = 0
    cdp.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength })
    const begun = performance.now()
    await page.goto(`${world.control}/dashboard/${to}`, { waitUntil: 'commit' })
    await usable().click({ trial: true })
    times[what].push(performance.now() - begun)
    wire[what] = bytes
    await cdp.detach()
  }
}

/** Frames while the whole list is scrolled through, a screen at a time. */
async function scrolling(world) {
  let refused = 0
  for (let begin = 0; begin < PURGES; begin += 50) {
    await Promise.all(Array.from({ length: 50 }, async (_, n) => {
      for (;;) {
        const told = await world.call('POST', '/v1/purges', { targets: [{ master: `local/products/${begin + n}.jpg` }] })
        if (told.status !== 429) return
        refused += 1
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }))
  }
  const { page, done } = await world.open('purges')
  await page.getByRole('row').nth(3).waitFor()
  const told = await page.evaluate(async (wanted) => {
    const frames = []
    const read = () => Number(document.querySelector('[role=table], table')?.getAttribute('aria-rowcount') ?? 0) - 1
    let before = performance.now()
    let still = 0
    while (still < 120) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const now = performance.now()
      frames.push(now - before)
      before = now
      const from = scrollY
      scrollBy(0, innerHeight)
      still = scrollY === from ? still + 1 : 0
      if (read() >= wanted && still > 20) break
    }
    return { frames, rows: read(), drawn: document.querySelectorAll('[role=row], tr').length }
  }, PURGES)
  const { frames } = told
  console.log(`${told.rows} purges scrolled, a screen each frame: ${frames.length} frames, median ${median(frames).toFixed(1)} ms, 95 % within ${share(frames, 0.95).toFixed(1)} ms, worst ${Math.max(...frames).toFixed(0)} ms; ${told.drawn} rows in the page`)
  if (refused > 0) console.log(`(${refused} purges had to wait for the key's rate while the list was filled)`)
  await done()
}

sizes()
const world = await startWorld()
await opening(world)
await scrolling(world)
await world.stop()
