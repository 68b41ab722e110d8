import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

/** More than four pages of the list, and fewer than a key may ask for at once. */
const MANY = 850

const world = useWorld(async ({ call }) => {
  for (let begin = 0; begin < MANY; begin += 50) {
    const some = Array.from({ length: Math.min(50, MANY - begin) }, (_, n) => begin + n)
    await Promise.all(some.map((n) => call('POST', '/v1/purges', { targets: [{ master: `local/products/${n}.jpg` }], mode: n % 10 ? 'hard' : 'soft' })))
  }
})

const rows = (page) => page.getByRole('row').filter({ has: page.getByRole('link') })

test('a long list is read to its end, and only what is in sight exists', async () => {
  const { page, done } = await world.open('purges')
  await rows(page).first().waitFor()
  assert.ok(await rows(page).count() < 60, `${await rows(page).count()} rows`)
  await until('the end is reached', async () => {
    await page.mouse.wheel(0, 20_000)
    return (await page.getByText(`${MANY} purges`, { exact: true }).count()) > 0
  })
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  await until('the oldest is in sight', async () => (await rows(page).last().getAttribute('aria-rowindex')) === String(MANY + 1))
  assert.equal(await page.getByRole('table').getAttribute('aria-rowcount'), String(MANY + 1))
  assert.ok(await rows(page).count() < 60)

  // What comes meanwhile moves nothing.
  const seen = await rows(page).last().innerText()
  await world.call('POST', '/v1/purges', { targets: [{ master: 'local/new.jpg' }] })
  await page.getByRole('button', { name: '1 new purge at the top' }).click()
  await rows(page).first().getByText('local/new.jpg').waitFor()
  assert.ok(!(await page.getByRole('table').innerText()).includes(seen))
  await done()
})

test('search and filters stand in the address, and hold after a reload', async () => {
  const { page, go, done } = await world.open('purges')
  await page.keyboard.press('/')
  await page.keyboard.type('products/77')
  await until('the search is in the address', () => new URL(page.url()).searchParams.get('search') === 'products/77')
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('type')), 'search', 'one may go on writing')
  await until('11 are found', async () => (await rows(page).count()) === 11)
  await page.getByLabel('Any mode').selectOption('soft')
  await until('one is soft', async () => (await rows(page).count()) === 1)
  await page.reload()
  await until('still one', async () => (await rows(page).count()) === 1)
  assert.equal(await page.getByRole('searchbox').inputValue(), 'products/77')
  await page.getByRole('button', { name: 'Clear' }).click()
  await until('all are there again', async () => (await rows(page).count()) > 11)
  assert.equal(new URL(page.url()).search, '')

  await go('purges?via=imgix')
  await page.getByText('No purge is like this').waitFor()
  await go('purges?kind=master&actor=environment&period=1h')
  await rows(page).first().waitFor()
  await go(`purges?until=${encodeURIComponent(new Date(Date.now() - 86_400_000).toISOString())}`)
  await page.getByText('No purge is like this').waitFor()
  await done()
})

test('a filtered list takes in what is like it, and nothing else', async () => {
  const { page, done } = await world.open('purges?search=arrives')
  await page.getByText('No purge is like this').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await world.call('POST', '/v1/purges', { targets: [{ master: 'local/other.jpg' }] })
  await world.call('POST', '/v1/purges', { targets: [{ master: 'local/arrives.jpg' }] })
  await rows(page).getByText('local/arrives.jpg').waitFor()
  assert.equal(await rows(page).count(), 1)
  await done()
})
