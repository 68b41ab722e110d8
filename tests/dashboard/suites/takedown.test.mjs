import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()
const status = (target) => fetch(world.pictures + target).then((response) => response.status)

test('a picture is taken down with a reason, refused, listed, and lifted again', async () => {
  assert.equal(await status('/imgix/portrait.jpg?w=50'), 200)
  const { page, done } = await world.open('takedowns')
  await page.getByText('Nothing is taken down').waitFor()
  await page.getByRole('link', { name: 'Take down', exact: true }).click()
  await page.getByLabel('URLs, one a line').fill('/imagekit/portrait.jpg')
  assert.equal(await page.getByRole('radio', { name: 'Takedown' }).isChecked(), true)
  await page.getByLabel('Answer with').selectOption('410')
  await page.getByLabel('Reason').fill('Consent withdrawn')
  await page.getByRole('button', { name: 'See what would go' }).click()
  await page.getByRole('button', { name: 'Take down …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take down', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Takedown of /imagekit/portrait.jpg' }).waitFor()
  await page.getByText('410: Consent withdrawn').waitFor()
  assert.equal(await status('/imgix/portrait.jpg?w=50'), 410, 'in another dialect too')

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Takedowns' }).click()
  const row = page.getByRole('row').filter({ hasText: '/imagekit/portrait.jpg' })
  for (const words of ['holds', '410', 'Consent withdrawn', 'by environment', 'when lifted']) await row.getByText(words).first().waitFor()
  await row.getByRole('button', { name: 'Lift' }).click()
  const dialog = page.getByRole('dialog', { name: 'Lift the takedown?' })
  await dialog.getByText('Consent withdrawn').waitFor()
  await dialog.getByRole('button', { name: 'Lift' }).click()
  await page.getByText('Nothing is taken down').waitFor()
  assert.equal(await status('/imgix/portrait.jpg?w=50'), 200)
  await page.getByRole('button', { name: 'Ended too' }).click()
  await row.getByText('lifted').waitFor()
  await done()
})

test('one that ends by itself counts down, and leaves the list when it has ended', async () => {
  const { page, done } = await world.open('takedowns')
  await page.getByText('Live', { exact: true }).waitFor()
  const { body } = await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/dogs.jpg' }], mode: 'takedown', expires_in: 4 })
  const row = page.getByRole('row').filter({ hasText: '/imgix/dogs.jpg' })
  await row.getByText(/^in \d s$/).waitFor()
  await row.waitFor({ state: 'detached' })
  assert.ok(Date.now() >= new Date(body.takedown.expires_at).getTime())
  await done()
})
