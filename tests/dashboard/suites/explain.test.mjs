import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()
const ask = (target, accept = 'image/avif,image/webp,*/*') => fetch(world.pictures + target, { headers: { accept } }).then((response) => response.arrayBuffer())
const at = (url) => `explain?url=${encodeURIComponent(url)}`

test('a URL is asked for in the field, and then stands in the address', async () => {
  await ask('/imgix/cat.jpg?w=130')
  const { page, done } = await world.open('explain')
  await page.getByText('Why is this picture as it is?').waitFor()
  await page.getByLabel('URL', { exact: true }).fill('/imgix/cat.jpg?w=130')
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByText('Would be answered from memory').or(page.getByText('Would be answered from the disk')).waitFor()
  assert.equal(new URL(page.url()).searchParams.get('url'), '/imgix/cat.jpg?w=130')

  const { body } = await world.call('GET', `/v1/explain?url=${encodeURIComponent('/imgix/cat.jpg?w=130')}&accept=${encodeURIComponent('image/avif,image/webp,*/*')}`)
  const meaning = page.getByRole('region', { name: 'What it asks for' })
  for (const words of body.words) await meaning.getByText(words, { exact: true }).waitFor()
  await meaning.getByText(body.plan, { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Where it leads' }).getByText('local/cat.jpg').first().waitFor()

  const same = page.getByRole('region', { name: 'The same in every dialect' })
  for (const one of body.urls.filter(({ url }) => url)) await same.getByText(one.url, { exact: true }).waitFor()
  await same.getByRole('listitem').filter({ hasText: 'imagekit' }).getByRole('link', { name: 'Explain' }).click()
  await page.getByRole('region', { name: 'Where it leads' }).getByText('speaks imagekit').waitFor()
  assert.match(await page.getByLabel('URL', { exact: true }).inputValue(), /imagekit/, 'the field goes along')
  await done()
})

test('every stored derivative is shown as it is stored', async () => {
  await ask('/imgix/dogs.jpg?w=131')
  await ask('/imagekit/tr:w-132/dogs.jpg')
  const { page, done } = await world.open(at('/imgix/dogs.jpg?w=131'))
  const stored = page.getByRole('region', { name: 'Stored derivatives of the picture' })
  const { body } = await world.call('GET', `/v1/explain?url=${encodeURIComponent('/imgix/dogs.jpg?w=131')}`)
  assert.equal(body.derivatives_total.entries, 2)
  await stored.getByText('2 derivatives').waitFor()
  assert.equal(await stored.getByRole('row').count(), 3)
  const widths = stored.locator('img').evaluateAll((all) => Promise.all(all.map(async (image) => (await image.decode(), image.naturalWidth))))
  assert.deepEqual((await widths).sort(), [131, 132])
  await done()
})

test('after a purge it says why the cache does not answer, and by which purge; made again it does', async () => {
  const target = '/imgix/mountains.jpg?w=133'
  await ask(target)
  const { page, done } = await world.open(at(target))
  await page.getByText('Would be answered from').waitFor()
  const { body: purge } = await world.call('POST', '/v1/purges', { targets: [{ url: '/imagekit/mountains.jpg' }] })
  // The page hears of the purge by itself.
  await page.getByText('Would be made anew').waitFor()
  const { body } = await world.call('GET', `/v1/explain?url=${encodeURIComponent(target)}`)
  assert.ok(['purged', 'absent', 'no-row'].includes(body.cache.why), body.cache.why)
  await page.getByText(`${body.cache.why}:`).first().waitFor()
  const touching = page.getByRole('region', { name: 'Purges that touch it' })
  assert.equal(await touching.getByRole('link', { name: 'hard' }).first().getAttribute('href'), `/dashboard/purges/${purge.id}`)
  assert.equal(await touching.getByRole('link', { name: 'All that name mountains.jpg' }).getAttribute('href'), '/dashboard/purges?search=mountains.jpg')

  await page.getByRole('button', { name: 'Make it now' }).click()
  await page.getByText('Would be answered from').waitFor()
  const answer = await fetch(world.pictures + target, { headers: { accept: 'image/avif,image/webp,*/*' } })
  assert.match(answer.headers.get('cache-status'), /hit/)
  await done()
})

test('what is taken down is said to be refused, with the reason; what cannot be read, too', async () => {
  await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/portrait.jpg' }], mode: 'takedown', reason: 'Consent withdrawn', status: 410 })
  const { page, go, done } = await world.open(at('/cloudimage/portrait.jpg?w=90'), { refusals: [400, 404] })
  await page.getByText('Would be refused: 410').waitFor()
  await page.getByRole('region', { name: 'Where it leads' }).getByText('Consent withdrawn').waitFor()
  await go(at('/imageboss/local/nonsense/1/cat.jpg'))
  await page.getByText(/^Would be refused: 4\d\d/).waitFor()
  await go(at('https://elsewhere.example/cat.jpg'))
  await page.getByText('The URL cannot be explained').waitFor()
  await done()
})

test('from here a purge is filled in', async () => {
  const { page, done } = await world.open(at('/imgix/cat.jpg?w=134'))
  await page.getByRole('link', { name: 'Purge only this …' }).click()
  await page.getByRole('heading', { level: 1, name: 'New purge' }).waitFor()
  assert.equal(await page.getByLabel('What').first().inputValue(), 'derivative')
  assert.equal(await page.locator('textarea').first().inputValue(), '/imgix/cat.jpg?w=134')
  await done()
})

test('as another browser it is another variant; what counts and what does not is told', async () => {
  const target = '/imgix/bowl.png?w=300&auto=format&ch=Width,DPR,Save-Data'
  const from = { accept: 'image/webp,*/*', 'sec-ch-width': '212', 'save-data': 'on' }
  assert.equal((await fetch(world.pictures + target, { headers: from })).status, 200)
  const { page, done } = await world.open(at(target))
  await page.getByText('Would be made anew').waitFor()
  const browser = page.getByRole('group', { name: 'As which browser?' })
  await browser.getByLabel('Formats accepted').selectOption({ label: 'WebP and older' })
  await browser.getByLabel('Picture width').fill('212')
  await browser.getByLabel('Window width').fill('1280')
  await browser.getByLabel('Saves data').check()
  await page.getByText('Would be answered from').waitFor()
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { url: target, accept: 'webp', width: '212', viewport_width: '1280', save_data: 'on' })
  const meaning = page.getByRole('region', { name: 'What it asks for' })
  await meaning.getByText('Here: 300 pixels wide, saving data').waitFor()
  await meaning.getByText('Changes nothing here: the window width').waitFor()
  await meaning.getByText('Sec-CH-DPR', { exact: true }).waitFor()

  // What such a browser gets is made for it alone: not by a warm-up.
  await browser.getByLabel('Saves data').uncheck()
  await page.getByText('Would be made anew').waitFor()
  assert.ok(await page.getByRole('button', { name: 'Make it now' }).isDisabled())
  await page.getByText('Not by a warm-up').waitFor()
  await browser.getByRole('button', { name: 'As any other browser' }).click()
  await page.getByRole('button', { name: 'Make it now' }).click()
  await page.getByText('Would be answered from').waitFor()
  assert.deepEqual([...new URL(page.url()).searchParams.keys()], ['url'])
  await done()
})

test('hits and tiers of each derivative stand beside it', async () => {
  const target = '/imgix/dandelions.jpg?w=135'
  const other = '/imagekit/tr:w-136/dandelions.jpg'
  for (const one of [target, target, target, other]) await ask(one)
  const { page, done } = await world.open(at(other))
  const row = (url) => page.getByRole('region', { name: 'Stored derivatives of the picture' }).getByRole('row').filter({ hasText: url })
  await row(target).getByText('fresh').waitFor()
  const hits = (url) => row(url).getByRole('cell').nth(5).innerText()
  assert.match(await hits(target), /^2\n*since /)
  assert.match(await hits(other), /^0\n*since /)
  assert.match(await row(target).getByRole('cell').nth(3).innerText(), /memory/)
  await page.getByText('Hits are answers out of memory').waitFor()
  await done()
})

test('a text has no original, and is PNG', async () => {
  const target = '/imgix/~text?txt=Sold&w=120&h=50&bg=f00'
  await ask(target)
  const { page, done } = await world.open(at(target))
  await page.getByText('Would be answered from').waitFor()
  await page.getByRole('region', { name: 'What it asks for' }).getByText(/as PNG, at quality/).waitFor()
  await page.getByRole('region', { name: 'Stored derivatives of the picture' }).getByText('the one asked for').waitFor()
  await done()
})
