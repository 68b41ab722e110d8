import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()

test('a warm-up is begun from a list, and watched until it is done', async () => {
  const { page, done } = await world.open('warmups')
  await page.getByText('Nothing was warmed up').waitFor()
  await page.getByRole('button', { name: 'Warm up' }).first().click()
  const form = page.getByRole('dialog', { name: 'Warm up' })
  await form.getByLabel('URLs, one a line').fill('# two of a cat\n/imgix/cat.jpg?w=61\n/imagekit/tr:w-62/cat.jpg')
  await form.getByRole('button', { name: 'Begin' }).click()
  await page.getByText(/^Begun: \d+ derivatives$/).waitFor()
  const { total } = (await world.call('GET', '/v1/warmups')).body.warmups[0]
  assert.ok(total >= 2, 'at least one for each')
  await page.getByText(`${total} of ${total} made`).waitFor()
  await page.getByRole('row').getByText('done').waitFor()
  const answer = await fetch(`${world.pictures}/imgix/cat.jpg?w=61`)
  assert.match(answer.headers.get('cache-status'), /hit/)
  await done()
})

test('a wrong line is told; one that runs is cancelled', async () => {
  const { page, done } = await world.open('warmups?new=1', { refusals: [400] })
  const form = page.getByRole('dialog', { name: 'Warm up' })
  await form.getByLabel('URLs, one a line').fill('nonsense')
  await form.getByRole('button', { name: 'Begin' }).click()
  await form.getByText('list, line 1').waitFor()
  await form.getByLabel('URLs, one a line').fill(Array.from({ length: 40 }, (_, n) => `/imgix/dogs.jpg?w=${n + 20}`).join('\n'))
  await form.getByLabel('No faster than').fill('1')
  await form.getByRole('button', { name: 'Begin' }).click()
  const row = page.getByRole('row').filter({ hasText: 'of 40 made' })
  await row.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel it' }).click()
  await row.getByText('cancelled').waitFor()
  assert.equal(await row.getByRole('button', { name: 'Cancel' }).count(), 0)
  await done()
})
