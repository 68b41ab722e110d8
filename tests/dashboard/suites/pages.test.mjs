// Every page that the navigation leads to, and some others, with something on them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fill, LOOKING } from '../lib/fill.mjs'
import { ready, useWorld } from '../lib/world.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let purge
const world = useWorld(async (started) => {
  purge = await fill(started)
})

/** What axe finds that keeps somebody out. */
async function findings(page) {
  await page.evaluate(`${AXE}; 0`)
  const violations = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { preload: false, resultTypes: ['violations'] })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`)
  })
  return violations
}

for (const theme of ['light', 'dark']) {
  test(`nothing keeps anybody out, and nothing goes wrong: ${theme}`, async () => {
    const login = await world.open('', { theme, key: null })
    assert.deepEqual(await findings(login.page), [], 'sign in')
    await login.done()

    // The first picture of the playground is one that was taken down.
    const { page, go, done } = await world.open('', { theme, refusals: [410] })
    const links = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').evaluateAll((all) => all.map((link) => link.pathname))
    assert.ok(links.length > 5, links.join())
    const found = {}
    for (const path of [...links.map((link) => link.slice('/dashboard/'.length)), 'purges/new', `purges/${purge}`, 'takedowns?all=1', 'nowhere', 'me', ...LOOKING]) {
      await go(path)
      await ready(page)
      const violations = await findings(page)
      if (violations.length) found[path] = violations
    }
    assert.deepEqual(found, {})

    await go('keys')
    await page.getByRole('button', { name: 'New key' }).first().click()
    assert.deepEqual(await findings(page), [], 'a dialog')
    await go('purges/new?target=%2Fimgix%2Fdogs.jpg')
    await page.getByRole('button', { name: 'See what would go' }).click()
    await page.getByRole('button', { name: 'Purge …' }).waitFor()
    assert.deepEqual(await findings(page), [], 'a dry run')
    await go('logs')
    await page.getByRole('row').nth(1).getByRole('button').click()
    assert.deepEqual(await findings(page), [], 'a request')
    await done()
  })
}
