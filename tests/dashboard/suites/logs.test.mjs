import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

const world = useWorld()
const get = (target, init) => fetch(world.pictures + target, init).then((response) => response.arrayBuffer())
const row = (page, target) => page.getByRole('row').filter({ hasText: target })

test('a request that is made after the page was opened appears by itself', async () => {
  const { page, done } = await world.open('logs')
  await page.getByText('Nothing was asked for yet').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await get('/imgix/cat.jpg?w=151')
  await row(page, '/imgix/cat.jpg?w=151').getByText('200').waitFor()
  await done()
})

test('paused it waits, and says how many; resumed it shows them', async () => {
  const { page, done } = await world.open('logs')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  for (const wide of [152, 153, 154]) await get(`/imgix/cat.jpg?w=${wide}`)
  await page.getByRole('button', { name: '3 new requests: show' }).waitFor()
  assert.equal(await row(page, 'w=153').count(), 0)
  await page.getByRole('button', { name: 'Resume' }).click()
  await row(page, 'w=153').waitFor()
  const shown = await page.getByRole('row').locator('.what').allInnerTexts()
  assert.deepEqual(shown.slice(0, 3).map((text) => /w=\d+/.exec(text)[0]), ['w=154', 'w=153', 'w=152'], 'the newest first')
  await done()
})

test('a line opens with everything that is known, and leads to its explanation', async () => {
  await get('/imgix/dogs.jpg?w=155', { headers: { referer: 'https://shop.example/dogs', 'user-agent': 'a test of the dashboard' } })
  const { page, done } = await world.open('logs?search=dogs.jpg')
  await row(page, 'w=155').getByRole('button').click()
  const drawer = page.getByRole('dialog', { name: 'GET /imgix/dogs.jpg' })
  const line = await until('it is written', async () => (await world.call('GET', '/v1/logs?search=dogs.jpg')).body.lines.find(({ target }) => target.includes('w=155')))
  for (const words of [line.served, line.missed, 'local/dogs.jpg', 'a test of the dashboard', line.referrer, line.content_type]) await drawer.getByText(words, { exact: false }).first().waitFor()
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })
  await row(page, 'w=155').getByRole('button').click()
  await drawer.getByRole('link', { name: 'Explain the URL' }).click()
  await page.getByText('Would be answered from').or(page.getByText('Would be made anew')).waitFor()
  await done()
})

test('filters are the server’s, and hold for what comes in', async () => {
  await get('/imgix/nowhere.jpg?w=1')
  const { page, done } = await world.open('logs')
  await row(page, 'nowhere.jpg').waitFor()
  await page.getByLabel('Any status').selectOption('4xx')
  await row(page, 'w=151').waitFor({ state: 'detached' })
  assert.equal(new URL(page.url()).searchParams.get('status'), '4xx')
  await page.getByText('Live', { exact: true }).waitFor()
  await get('/imgix/cat.jpg?w=156')
  await get('/imgix/nowhere-else.jpg')
  await row(page, 'nowhere-else.jpg').waitFor()
  assert.equal(await row(page, 'w=156').count(), 0)
  await page.getByLabel('Search requests').fill('else')
  await row(page, 'nowhere.jpg').waitFor({ state: 'detached' })
  await row(page, 'nowhere-else.jpg').waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()])
  const csv = readFileSync(await download.path(), 'utf8').trim().split('\r\n')
  assert.equal(csv.length, 2)
  assert.match(csv[1], /nowhere-else\.jpg/)
  await page.getByRole('button', { name: 'Clear' }).click()
  await row(page, 'w=156').waitFor()
  await done()
})

test('older lines come as somebody scrolls', async () => {
  for (let n = 0; n < 260; n += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => get(`/imgix/missing-${n + k}.jpg`)))
  await until('all are written', async () => (await world.call('GET', '/v1/logs?search=missing-&limit=300')).body.lines.length === 260)
  const { page, done } = await world.open('logs?search=missing-')
  await row(page, 'missing-').first().waitFor()
  await until('the end is reached', async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
    return /260 requests\./.test(await page.locator('main').innerText())
  })
  assert.ok((await page.getByRole('row').count()) < 120, 'only what is in sight is there')
  await done()
})
