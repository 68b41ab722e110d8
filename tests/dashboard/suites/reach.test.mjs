import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fill, LOOKING } from '../lib/fill.mjs'
import { ready, useWorld } from '../lib/world.mjs'

let purge
const world = useWorld(async (started) => {
  purge = await fill(started)
})

test('on a narrow screen nothing sticks out, and the menu leads everywhere', async () => {
  const { page, go, done } = await world.open('', { width: 390, height: 800, refusals: [410] })
  const menu = page.getByRole('dialog', { name: 'Menu' })
  await page.getByRole('button', { name: 'Menu' }).click()
  const links = await menu.getByRole('navigation').getByRole('link').evaluateAll((all) => all.map((link) => link.pathname.slice('/dashboard/'.length)))
  await menu.getByRole('link', { name: 'Audit trail' }).click()
  await page.getByRole('heading', { level: 1, name: 'Audit trail' }).waitFor()
  await menu.waitFor({ state: 'hidden' })
  for (const path of [...links, 'purges/new?target=%2Fimgix%2Fdogs.jpg', `purges/${purge}`, ...LOOKING]) {
    await go(path)
    await ready(page)
    const out = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.equal(out, 0, `${path} is ${out} pixels too wide`)
  }
  await done()
})

test('by keyboard alone: skip, move, open, close', async () => {
  const { page, go, done } = await world.open('purges')
  await go('keys')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to content')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'curl')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'New key' })
  await dialog.waitFor()
  // Twice around: the focus never leaves for the page behind.
  for (let n = 0; n < 40; n += 1) {
    await page.keyboard.press('Tab')
    const where = await page.evaluate(() => (document.activeElement === document.body ? 'browser' : document.activeElement?.closest('dialog') ? 'dialog' : document.activeElement?.outerHTML))
    assert.ok(where === 'dialog' || where === 'browser', where)
  }
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'New key', 'and comes back to where it was')
  const current = page.getByRole('navigation', { name: 'Main' }).locator('[aria-current="page"]')
  assert.equal((await current.textContent())?.trim(), 'API keys')
  await done()
})
