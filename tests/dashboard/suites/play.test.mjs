import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

const world = useWorld()
const shown = (page) => page.locator('img[data-after]').evaluate((image) => [image.complete, image.naturalWidth, image.naturalHeight])
const width = (page, wanted) => until(`the picture is ${wanted} wide`, async () => (await shown(page))[1] === wanted)

test('a width that is typed is what the browser gets', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg')
  const field = page.getByLabel('w also width')
  await field.fill('147')
  await width(page, 147)
  await page.locator('[data-size]').getByText('147 ×').waitFor()
  await field.fill('93')
  await width(page, 93)
  const dialects = page.getByRole('region', { name: 'In every dialect' })
  const { body } = await world.call('POST', '/v1/urls', { site: 'imgix', asset: 'cat.jpg', parameters: [['w', '93']] })
  for (const one of body.urls.filter(({ url }) => url)) await dialects.getByText(one.url, { exact: true }).waitFor()
  assert.equal(new URLSearchParams(new URL(page.url()).searchParams.get('with')).get('w'), '93', 'the address holds it')
  await page.reload()
  await width(page, 93)
  await page.getByRole('button', { name: 'Clear all' }).click()
  await until('it is as large as it was', async () => (await shown(page))[1] > 147)
  await done()
})

test('fields are those of the dialect’s table: found by what they do, and marked where they are not served', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg')
  const { parameters } = (await world.call('GET', '/v1/dialects/imgix')).body
  const form = page.getByRole('region', { name: 'Parameters' })
  await form.getByPlaceholder(/^Search \d+ parameters of imgix$/).waitFor()
  await form.getByRole('searchbox').fill('not-in-any-dialect')
  await form.getByText('No parameter of imgix is like this').waitFor()
  const unserved = parameters.find(({ served }) => served === 'read')
  await form.getByRole('searchbox').fill(unserved.name)
  await form.locator('.field').filter({ has: page.locator('label code', { hasText: new RegExp(`^${unserved.name}$`) }) }).getByText('not served').waitFor()
  await form.getByRole('searchbox').fill('negative')
  const invert = form.locator('.field').filter({ has: page.locator('label code', { hasText: /^invert$/ }) })
  await invert.getByRole('combobox').selectOption('true')
  await page.getByText('In words:').waitFor()
  assert.match(await page.locator('img[data-after]').getAttribute('src'), /invert=true/)
  await done()
})

test('another site says the same in its words, and each of them draws', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D111')
  await width(page, 111)
  for (const site of ['imagekit', 'cloudimage', 'imageboss', 'imgix']) {
    await page.getByLabel('Site and dialect').selectOption(site)
    await until(`${site} is asked`, async () => (await page.locator('img[data-after]').getAttribute('src')).includes(`/${site}/`))
    await width(page, 111)
  }
  await done()
})

test('ImageBoss’s operations are a field too', async () => {
  const { page, done } = await world.open('play?site=imageboss&asset=cat.jpg')
  await page.getByLabel('operation', { exact: true }).selectOption('cover:center')
  await page.getByLabel('Width in pixels').fill('90')
  await page.getByLabel('Height in pixels').fill('60')
  await until('it is 90 × 60', async () => (await shown(page)).slice(1).join() === '90,60')
  await done()
})

test('formats are measured as clients with other tastes get them', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D120%26auto%3Dformat')
  const table = page.getByRole('table', { name: 'Sizes by format' })
  for (const [words, accept] of [['that take AVIF', 'image/avif,image/webp,*/*'], ['that take WebP', 'image/webp,*/*'], ['that take neither', 'image/jpeg,image/png,*/*;q=0.5']]) {
    const row = table.getByRole('row').filter({ hasText: words })
    await row.getByRole('button', { name: 'Show' }).waitFor({ timeout: 30_000 })
    const answer = await fetch(`${world.pictures}/imgix/cat.jpg?w=120&auto=format`, { headers: { accept } })
    const size = (await answer.arrayBuffer()).byteLength
    const type = answer.headers.get('content-type').replace('image/', '')
    const told = await row.innerText()
    assert.match(told, new RegExp(type, 'i'), told)
    assert.ok(told.includes(size < 1000 ? `${size} B` : (size / 1000).toFixed(size < 9995 ? 2 : 1)), `${told} has not ${size}`)
  }
  await table.getByRole('row').filter({ hasText: 'take WebP' }).getByRole('button', { name: 'Show' }).click()
  await until('the bytes that were measured are shown', async () => (await page.locator('img[data-after]').getAttribute('src')).startsWith('blob:'))
  await width(page, 120)
  await done()
})

test('the slider goes by keyboard, and lays the original over the result', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D150%26sepia%3D80')
  await width(page, 150)
  const slider = page.getByRole('slider', { name: 'How much of the original is shown' })
  await slider.focus()
  for (let n = 0; n < 40; n += 1) await page.keyboard.press('ArrowRight')
  assert.equal(await slider.inputValue(), '40')
  const before = page.locator('img.before')
  await before.waitFor()
  assert.equal(await before.evaluate((image) => getComputedStyle(image).clipPath), 'inset(0px 60% 0px 0px)')
  await done()
})

test('a picture is chosen from those that are there', async () => {
  const { page, done } = await world.open('play')
  await page.locator('img[data-after]').waitFor()
  await page.getByRole('button', { name: 'Choose …' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Choose a picture' })
  await dialog.getByLabel('Search originals').fill('dandel')
  const one = dialog.getByRole('button', { name: /dandelions\.jpg/ })
  await until('only these are left', async () => (await dialog.getByRole('listitem').count()) === 1)
  await until('its thumbnail is drawn', async () => (await one.locator('img').evaluate((image) => image.naturalWidth)) === 160)
  await one.click()
  await until('it is shown', async () => (await page.locator('img[data-after]').getAttribute('src')).includes('dandelions.jpg'))
  assert.equal(new URL(page.url()).searchParams.get('asset'), 'dandelions.jpg')
  await done()
})

test('the URL and HTML for it are taken along, and lead to pictures of these widths', async () => {
  const { page, clipboard, done } = await world.open('play?site=imgix&asset=dogs.jpg&with=w%3D400%26h%3D200%26fit%3Dcrop')
  await width(page, 400)
  const take = page.getByRole('region', { name: 'Take it along' })
  await take.getByRole('button', { name: 'Copy the URL' }).click()
  await page.getByText('URL copied').waitFor()
  assert.equal(await clipboard(), `${world.pictures}/imgix/dogs.jpg?w=400&h=200&fit=crop`)
  await take.getByRole('button', { name: 'Write HTML with srcset' }).click()
  const html = await take.locator('[data-html]').innerText()
  const entries = [...html.matchAll(/(http\S+) (\d+)w/g)].map(([, url, wide]) => [url.replaceAll('&amp;', '&'), Number(wide)])
  assert.deepEqual(entries.map(([, wide]) => wide), [320, 400, 800])
  const sizes = await page.evaluate((urls) => Promise.all(urls.map(async (url) => {
    const image = new Image()
    image.src = url
    await image.decode()
    return [image.naturalWidth, image.naturalHeight]
  })), entries.map(([url]) => url))
  assert.deepEqual(sizes, [[320, 160], [400, 200], [800, 400]])
  await done()
})
