import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()
const works = async (key) => (await world.call('GET', '/v1/sites', undefined, key)).status

/** The secret that the dialog shows, once. */
async function secret(page) {
  const dialog = page.getByRole('dialog', { name: /^The key of/ })
  const key = await dialog.getByLabel('Key', { exact: true }).inputValue()
  await page.keyboard.press('Escape')
  assert.equal(await dialog.isVisible(), true, 'it does not go by mistake')
  await dialog.getByRole('button', { name: 'I have it' }).click()
  await dialog.waitFor({ state: 'hidden' })
  assert.ok(!(await page.content()).includes(key), 'nor is it seen again')
  return key
}

test('a key is made with bounds, shown once, rotated, and revoked', async () => {
  const { page, clipboard, done } = await world.open('keys')
  await page.getByText('No stored keys').waitFor()
  await page.getByRole('button', { name: 'New key' }).first().click()
  const form = page.getByRole('dialog', { name: 'New key' })
  await form.getByLabel('Name').fill('deploy')
  await form.getByRole('checkbox', { name: 'read' }).check()
  await form.getByRole('checkbox', { name: 'imgix' }).check()
  await form.getByLabel('Only within').fill('local/products, local/news')
  await form.getByLabel('Purges a month').fill('500')
  await form.getByRole('button', { name: 'Make key' }).click()
  await page.getByRole('dialog', { name: 'The key of deploy' }).getByRole('button', { name: 'Copy' }).click()
  const copied = await clipboard()
  const first = await secret(page)
  assert.equal(copied, first)
  assert.equal(await works(first), 200)
  const row = page.getByRole('row').filter({ hasText: 'deploy' })
  for (const words of ['purge', 'read', 'site imgix, in local/news, in local/products', '0 purges of 500']) await row.getByText(words, { exact: true }).waitFor()

  const rotate = page.getByRole('dialog', { name: 'Rotate deploy?' })
  await row.getByRole('button', { name: 'Rotate' }).click()
  await rotate.getByLabel('The old secret ends').selectOption('3600')
  await rotate.getByRole('button', { name: 'Rotate' }).click()
  await page.getByText('The old one stays good until').waitFor()
  const second = await secret(page)
  assert.deepEqual([await works(first), await works(second)], [200, 200])
  await row.getByRole('button', { name: 'Rotate' }).click()
  await rotate.getByRole('button', { name: 'Rotate' }).click()
  const third = await secret(page)
  assert.deepEqual([await works(second), await works(third)], [401, 200])

  await row.getByRole('button', { name: 'Revoke' }).click()
  const revoke = page.getByRole('dialog', { name: 'Revoke deploy?' })
  assert.equal(await revoke.getByRole('button', { name: 'Revoke' }).isDisabled(), true)
  await revoke.getByLabel('To confirm, type: deploy').fill('deploy')
  await revoke.getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('No stored keys').waitFor()
  assert.equal(await works(third), 401)
  await done()
})

test('what the server refuses stands at its field', async () => {
  const { page, done } = await world.open('keys', { refusals: [400, 409] })
  await world.call('POST', '/v1/keys', { name: 'taken', roles: ['read'] })
  await page.getByRole('button', { name: 'New key' }).first().click()
  const form = page.getByRole('dialog', { name: 'New key' })
  await form.getByLabel('Name').fill('taken')
  await form.getByRole('button', { name: 'Make key' }).click()
  await form.getByText('taken', { exact: false }).and(form.locator('.error')).waitFor()
  assert.equal(await form.getByLabel('Name').getAttribute('aria-invalid'), 'true')
  await form.getByLabel('Name').fill('other')
  await form.getByLabel('Only within').fill('nosuch/folder')
  await form.getByRole('button', { name: 'Make key' }).click()
  await form.locator('.error').getByText('nosuch').waitFor()
  assert.equal(await form.getByLabel('Only within').getAttribute('aria-invalid'), 'true')
  await done()
})

test('the audit trail names it all, can be filtered, verified and taken away', async () => {
  await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/cat.jpg' }] })
  const { page, go, done } = await world.open('audit')
  for (const kind of ['key-created', 'key-rotated', 'key-revoked', 'signed-in', 'purge']) await page.getByRole('cell', { name: kind, exact: true }).first().waitFor()
  await page.getByLabel('Any kind').selectOption('key-revoked')
  await page.getByRole('cell', { name: 'key-created', exact: true }).first().waitFor({ state: 'detached' })
  await page.getByRole('cell', { name: 'key-revoked', exact: true }).first().waitFor()
  assert.equal(await page.getByRole('row').count(), 2)

  await page.getByRole('button', { name: 'Verify the chain' }).click()
  const dialog = page.getByRole('dialog', { name: 'Verify the chain' })
  await dialog.getByRole('button', { name: 'Verify', exact: true }).click()
  await dialog.getByText('Intact.').waitFor()
  await dialog.getByLabel('An end that was kept elsewhere').fill(`1:${'ab'.repeat(32)}`)
  await dialog.getByRole('button', { name: 'Verify', exact: true }).click()
  await dialog.getByText('Broken').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export' }).click()])
  const entries = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  assert.ok(entries.length > 5 && entries.some(({ kind }) => kind === 'key-revoked'))
  await go('audit')
  await page.getByRole('row').filter({ hasText: 'hard purge' }).getByRole('link').first().click()
  await page.getByRole('heading', { level: 1, name: 'Hard purge of /imgix/cat.jpg' }).waitFor()
  await done()
})
