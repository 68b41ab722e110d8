#!/usr/bin/env node
// Pictures of every page, light and dark, wide and narrow: node screenshots.mjs FOLDER. Called by
// scripts/test-dashboard --screenshots FOLDER.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fill } from './lib/fill.mjs'
import { startWorld } from './lib/world.mjs'

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('usage: screenshots.mjs FOLDER')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
const world = await startWorld()
const purge = await fill(world)
const save = async (page, name) => {
  // What stays in sight while one scrolls would stand in the middle.
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }))
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true, animations: 'disabled' })
}

for (const theme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    const kind = `${theme}-${width}`
    const login = await world.open('', { theme, width, height, key: null })
    await save(login.page, `sign-in-${kind}`)
    await login.done()
    const { page, go, done } = await world.open('', { theme, width, height, refusals: [400, 403, 404, 410] })
    const links = await page.locator('nav[aria-label="Main"] a').evaluateAll((all) => all.map((link) => link.pathname.slice('/dashboard/'.length)))
    const settle = async () => {
      await page.locator('.waiting').first().waitFor({ state: 'detached' })
      // Streams of events keep the network busy for good.
      await page.waitForLoadState('load')
      await page.waitForTimeout(250)
    }
    for (const [at, name] of [...links.map((link) => [link, link || 'overview']), [`purges/${purge}`, 'purge'], ['takedowns?all=1', 'takedowns-all'], ['purges/new?target=%2Fimgix%2Fdogs.jpg', 'purge-new'], ['nowhere', 'nowhere'], ['me', 'me'], ['explain?url=%2Fimgix%2Fdogs.jpg%3Fw%3D120', 'explain-url'], ['explain?url=%2Fimgix%2Fcat.jpg%3Fw%3D120', 'explain-purged'], ['play?site=imgix&asset=dogs.jpg&with=w%3D400%26sepia%3D60', 'play-imgix'], [`play?site=imagekit&asset=dogs.jpg&with=${encodeURIComponent(JSON.stringify([[['w', '400']], [{ layer: 'text', steps: [[['i', 'Dogs & cats'], ['fs', '40']]] }, ['r', '20']]]))}`, 'play-steps'], ...['volume', 'optimisation', 'delivery', 'top', 'purges', 'sources'].map((view) => [`analytics?range=1h&view=${view}`, `analytics-${view}`])]) {
      await go(at)
      await settle()
      await save(page, `${name}-${kind}`)
    }
    await go('purges/new?target=%2Fimgix%2Fdogs.jpg&target=%2Fimgix%2Fmountains.jpg&target=%2Fimgix%2Fcat.jpg')
    await page.getByRole('button', { name: 'See what would go' }).click()
    await page.getByRole('button', { name: 'Purge …' }).waitFor()
    await save(page, `purge-dry-run-${kind}`)
    await page.getByRole('button', { name: 'Purge …' }).click()
    await page.waitForTimeout(150)
    await page.screenshot({ path: path.join(folder, `purge-confirm-${kind}.png`) })
    await go('purges/new?target=%2Fimgix%2Fdogs.jpg&target=nonsense&target=https%3A%2F%2Fforeign.example%2Fx.jpg')
    await page.getByRole('button', { name: 'See what would go' }).click()
    await page.getByText('cannot be purged').first().waitFor()
    await save(page, `purge-wrong-lines-${kind}`)
    await go('keys')
    await page.getByRole('button', { name: 'New key' }).first().click()
    await page.screenshot({ path: path.join(folder, `key-new-${kind}.png`) })
    if (width < 900) {
      await go('')
      await page.getByRole('button', { name: 'Menu' }).click()
      await page.screenshot({ path: path.join(folder, `menu-${kind}.png`) })
    }
    await done()
  }
}
await world.stop()
console.log(`screenshots are in ${folder}`)
