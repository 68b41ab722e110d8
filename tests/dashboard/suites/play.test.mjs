import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync } from 'node:fs'
import path from 'node:path'
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

test('the slider goes by keyboard and by pointer, and lays the original over the result', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D150%26sepia%3D80')
  await width(page, 150)
  const slider = page.getByRole('slider', { name: 'How much of the original is shown' })
  await slider.focus()
  for (let n = 0; n < 40; n += 1) await page.keyboard.press('ArrowRight')
  assert.equal(await slider.inputValue(), '40')
  const before = page.locator('img.before')
  await before.waitFor()
  assert.equal(await before.evaluate((image) => getComputedStyle(image).clipPath), 'inset(0px 60% 0px 0px)')
  const { x, y, width: wide } = await page.locator('img[data-after]').boundingBox()
  await page.mouse.move(x + wide * 0.4, y + 20)
  await page.mouse.down()
  await page.mouse.move(x + wide * 0.75, y + 20)
  await page.mouse.up()
  assert.equal(await slider.inputValue(), '75')
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

test('the HTML is what a browser reads it as, whatever the words', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=dogs.jpg&with=' + encodeURIComponent(new URLSearchParams({ w: '300', txt: '"A&B"' })))
  await width(page, 300)
  const take = page.getByRole('region', { name: 'Take it along' })
  await take.getByLabel('Alternative text').fill('Two "dogs" & a <cat>')
  await take.getByRole('button', { name: 'Write HTML with srcset' }).click()
  const html = await take.locator('[data-html]').innerText()
  const { body } = await world.call('POST', '/v1/urls', { site: 'imgix', asset: 'dogs.jpg', parameters: [['w', '300'], ['txt', '"A&B"']] })
  const read = await page.evaluate((text) => {
    const [image, ...more] = new DOMParser().parseFromString(text, 'text/html').body.children
    return { more: more.length, tag: image.tagName, alt: image.alt, src: image.getAttribute('src'), srcset: image.srcset, sizes: image.sizes, width: image.width, height: image.height }
  }, html)
  const [, natural, high] = await shown(page)
  assert.deepEqual({ ...read, srcset: '' }, { more: 0, tag: 'IMG', alt: 'Two "dogs" & a <cat>', src: body.urls[0].url, srcset: '', sizes: '(max-width: 300px) 100vw, 300px', width: natural, height: high })
  assert.deepEqual(read.srcset.split(/,\s+/).map((one) => one.split(' ')[1]), ['300w', '600w'])
  assert.ok(read.srcset.includes(body.urls[0].url))
  await done()
})

test('a turned picture is offered by the width that it has, and one without a width up to its own', async () => {
  const { page, go, done } = await world.open('play?site=imagekit&asset=dogs.jpg&with=' + encodeURIComponent(JSON.stringify([[['w', '400']], [['rt', '90']]])))
  const take = page.getByRole('region', { name: 'Take it along' })
  const offers = async () => {
    await take.getByRole('button', { name: 'Write HTML with srcset' }).click()
    const html = await take.locator('[data-html]').innerText()
    const entries = [...html.matchAll(/(http\S+) (\d+)w/g)].map(([, url, wide]) => [url.replaceAll('&amp;', '&'), Number(wide)])
    for (const [url, wide] of entries) {
      const found = await page.evaluate(async (from) => { const image = new Image(); image.src = from; await image.decode(); return image.naturalWidth }, url)
      assert.ok(Math.abs(found - wide) <= 1, `${url} is ${found} wide, not ${wide}`)
    }
    return entries.map(([, wide]) => wide)
  }
  await until('it is turned', async () => (await shown(page))[2] === 400)
  const [, across] = await shown(page)
  assert.equal((await offers()).at(-1), 2 * across)
  await go('play?site=imgix&asset=dogs.jpg')
  await until('it is whole', async () => (await shown(page))[1] > 400)
  const [, whole] = await shown(page)
  assert.equal((await offers()).at(-1), whole)
  await done()
})

const form = (page) => page.locator('section').filter({ has: page.locator('#parameters') })
const source = (page) => page.locator('img[data-after]').getAttribute('src')
const digest = async (url) => {
  const answer = await fetch(url, { headers: { accept: 'image/png' } })
  assert.equal(answer.status, 200, url)
  return createHash('sha256').update(Buffer.from(await answer.arrayBuffer())).digest('hex')
}

test('ImageKit’s steps are added, moved and taken away', async () => {
  const { page, done } = await world.open('play?site=imagekit&asset=dogs.jpg')
  await form(page).getByLabel('w', { exact: true }).fill('200')
  await width(page, 200)
  await page.getByRole('button', { name: 'Add a step' }).click()
  await form(page).getByLabel('rt', { exact: true }).fill('90')
  await until('it is turned', async () => (await shown(page))[2] === 200)
  assert.equal(await source(page), `${world.pictures}/imagekit/tr:w-200:rt-90/dogs.jpg`)
  const dialects = page.getByRole('region', { name: 'In every dialect' })
  await dialects.getByText(`${world.pictures}/imagekit/tr:w-200:rt-90/dogs.jpg`, { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Move step 2 up' }).click()
  await width(page, 200)
  assert.match(await source(page), /tr:rt-90:w-200/)
  await page.reload()
  await width(page, 200)
  assert.match(await source(page), /tr:rt-90:w-200/, 'the address holds the steps')
  const whole = page.url()
  for (const cut of ['[[["w"', '[["w"]]', '[[{"layer":"image"}]]', '[[null]]']) {
    await page.goto(whole.replace(/with=[^&]*/, `with=${encodeURIComponent(cut)}`))
    await until(`${cut} is no transformation`, async () => (await source(page)).endsWith('/imagekit/dogs.jpg'))
  }
  await page.goto(whole)
  await width(page, 200)
  await page.getByRole('button', { name: 'Remove step 1' }).click()
  await until('it lies again', async () => /tr:w-200\//.test(await source(page)))
  await done()
})

test('ImageKit’s layers: a picture that is chosen, a text of any characters, each in its own step', async () => {
  const { page, go, done } = await world.open('play?site=imagekit&asset=dogs.jpg&with=w%3D240')
  await width(page, 240)
  const plain = await digest(await source(page))
  await page.getByRole('button', { name: 'Add an image layer to step 1' }).click()
  await page.getByRole('button', { name: 'Choose … the picture of the layer' }).click()
  const dialog = page.getByRole('dialog', { name: 'Choose a picture' })
  await dialog.getByLabel('Search originals').fill('bowl')
  await dialog.getByRole('button', { name: /bowl\.png/ }).click()
  const layer = form(page).locator('.inside .inside').first()
  await layer.getByLabel('w', { exact: true }).fill('60')
  await until('the layer is asked for', async () => (await source(page)).includes('l-image,i-bowl.png,w-60,l-end'))
  await width(page, 240)
  const bowl = await digest(await source(page))
  assert.notEqual(bowl, plain)
  await layer.getByRole('button', { name: 'Add a step to the layer' }).click()
  await layer.getByLabel('rt', { exact: true }).fill('45')
  await until('the layer’s second step is asked for', async () => (await source(page)).includes('w-60:rt-45,l-end'))
  await page.getByRole('button', { name: 'Add a text layer to step 1' }).click()
  const words = '50 % off: dogs, cats/birds'
  await page.getByLabel('Text', { exact: true }).fill(words)
  await until('the text is asked for', async () => (await source(page)).includes(`ie-${Buffer.from(words).toString('base64url')},l-end`))
  await width(page, 240)
  const both = await source(page)
  assert.equal(new Set([plain, bowl, await digest(both)]).size, 3)
  await page.getByRole('button', { name: 'Move text layer 2 up' }).click()
  await until('the text comes first', async () => (await source(page)).indexOf('l-text') < (await source(page)).indexOf('l-image'))
  // The URL, taken apart, is the same form again.
  await go('play')
  await page.getByLabel('Go on with a URL').fill(both)
  await page.getByRole('button', { name: 'Take apart' }).click()
  await until('it is shown', async () => (await source(page)) === both)
  await page.getByRole('button', { name: /Text layer/, expanded: false }).click()
  assert.equal(await page.getByLabel('Text', { exact: true }).inputValue(), words)
  await page.getByRole('button', { name: 'Remove image layer 1' }).click()
  await until('the text alone is left', async () => !(await source(page)).includes('l-image'))
  await done()
})

test('ImageKit’s conditions are a form, too', async () => {
  const { page, done } = await world.open('play?site=imagekit&asset=dogs.jpg')
  await page.getByRole('button', { name: 'Add a condition' }).first().click()
  await page.getByLabel('If', { exact: true }).fill('ar_lt_1')
  await form(page).getByLabel('w', { exact: true }).last().fill('110')
  await until('it is asked for', async () => (await source(page)).includes('tr:if-ar_lt_1,w-110,if-end/'))
  await width(page, 110)
  await done()
})

test('overlays of the other dialects are plain parameters', async () => {
  for (const [site, begin, fields] of [
    ['imgix', 'w%3D240', [['mark', '/bowl.png'], ['mark-w', '60'], ['txt', 'a, b & c']]],
    ['cloudimage', 'w%3D240', [['wat', '1'], ['wat_url', '/bowl.png'], ['wat_scale', '35']]],
    ['imageboss', 'operation%3Dwidth%2F240', [['wmk-path', '/bowl.png']]],
  ]) {
    const { page, done } = await world.open(`play?site=${site}&asset=dogs.jpg&with=${begin}`)
    await width(page, 240)
    const plain = await digest(await source(page))
    for (const [name, value] of fields) {
      await form(page).getByRole('searchbox').fill(name)
      const field = form(page).locator('.field').filter({ has: page.locator('label code', { hasText: new RegExp(`^${name}$`) }) })
      const control = field.locator('select, input:not([type=range]):not([type=color]):not([type=checkbox])').first()
      if ((await control.evaluate((one) => one.tagName)) === 'SELECT') await control.selectOption(value === '1' ? 'true' : value)
      else await control.fill(value)
    }
    await until(`${site} is asked with all of it`, async () => fields.every(([name]) => decodeURIComponent(page.url()).includes(name)) && (await source(page)).includes(fields.at(-1)[0]))
    await width(page, 240)
    assert.notEqual(await digest(await source(page)), plain, site)
    assert.equal(await page.locator('.warnings').count(), 0, `${site}: ${await page.locator('.warnings').allInnerTexts()}`)
    await done()
  }
})

test('what is wrong is said by the field that it is about', async () => {
  const { page, go, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D120', { refusals: [400] })
  await width(page, 120)
  const field = (name) => form(page).locator('.field').filter({ has: page.locator('label code', { hasText: new RegExp(`^${name}$`) }) })
  await form(page).getByRole('searchbox').fill('bg')
  await field('bg').locator('input.mono').fill('nocolour')
  await field('bg').locator('.notes').getByText('nocolour').waitFor()
  await width(page, 120)
  // ImageKit refuses.
  await go('play?site=imagekit&asset=cat.jpg&with=' + encodeURIComponent(JSON.stringify([[['w', '120']], [['bg', 'nocolour']]])))
  await page.getByText('This cannot be said').waitFor()
  await page.getByRole('button', { name: /^Step 2/ }).or(page.getByRole('button', { name: /Step.2/ })).first().click()
  await form(page).getByRole('searchbox').fill('bg')
  const bad = field('bg').locator('[aria-invalid=true]')
  await bad.waitFor()
  await field('bg').locator('.notes .bad').getByText('"nocolour"').waitFor()
  await field('bg').locator('input.mono').fill('red')
  await field('bg').locator('.notes').waitFor({ state: 'detached' })
  await width(page, 120)
  await field('bg').locator('input.mono').fill('red,w-3')
  await field('bg').locator('.notes .bad').getByText('no comma and no colon').waitFor()
  await done()
})

test('a URL is taken apart, aliases and unknown words too', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg', { refusals: [400] })
  await page.getByLabel('Go on with a URL').fill('https://elsewhere.example/a.jpg')
  await page.getByRole('button', { name: 'Take apart' }).click()
  await page.getByText('elsewhere.example', { exact: false }).first().waitFor()
  await page.getByLabel('Go on with a URL').fill(`${world.pictures}/imgix/dogs.jpg?width=133&colour=red`)
  await page.getByRole('button', { name: 'Take apart' }).click()
  await width(page, 133)
  assert.equal(await page.getByLabel('w also width').inputValue(), '133')
  const other = form(page).locator('.others .field')
  await other.locator('.notes').waitFor()
  assert.match(await other.innerText(), /colour/)
  await other.getByRole('button', { name: 'Clear' }).click()
  await until('it is gone', async () => !(await source(page)).includes('colour'))
  await page.getByLabel('w also width').fill('77')
  await width(page, 77)
  assert.match(await source(page), /width=77/)
  await done()
})

test('what a time is of is told: made, or from the cache', async () => {
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg&with=w%3D163%26auto%3Dformat')
  const table = page.getByRole('table', { name: 'Sizes by format' })
  const row = (words) => table.getByRole('row').filter({ hasText: words })
  await row('that take WebP').getByText('made for it').waitFor({ timeout: 30_000 })
  await row('that take neither').getByText('made for it').waitFor({ timeout: 30_000 })
  await row('that take AVIF').getByText(/made|from memory/).waitFor({ timeout: 30_000 })
  await page.reload()
  for (const words of ['that take AVIF', 'that take WebP', 'that take neither']) await row(words).getByText('from memory').waitFor({ timeout: 30_000 })
  await done()
})

test('among thousands of pictures: pages, search, arrows, and thumbnails of what is looked at alone', async () => {
  const folder = path.join(world.photos, 'many')
  mkdirSync(folder)
  for (let n = 0; n < 2500; n += 1) linkSync(path.join(world.photos, 'cat.jpg'), path.join(folder, `${String(n).padStart(4, '0')}.jpg`))
  const { page, done } = await world.open('play?site=imgix&asset=cat.jpg')
  await width(page, await page.locator('img[data-after]').evaluate((image) => image.naturalWidth))
  const asked = new Set()
  page.on('request', (request) => { if (request.url().includes('/imgix/many/')) asked.add(request.url()) })
  await page.getByRole('button', { name: 'Choose …' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Choose a picture' })
  const items = dialog.getByRole('listitem')
  await until('a page is there', async () => (await items.count()) === 24)
  const search = dialog.getByLabel('Search originals')
  assert.ok(await search.evaluate((one) => one === document.activeElement), 'the search has the focus')
  await search.fill('many/')
  await items.first().getByText('many/0000.jpg').waitFor()
  for (const wanted of [48, 72]) {
    await dialog.getByRole('button', { name: 'More' }).click()
    await until(`${wanted} are there`, async () => (await items.count()) === wanted)
  }
  assert.match(await page.evaluate(() => document.activeElement.innerText), /many\/0048\.jpg/, 'the focus goes on with the first new one')
  // Six pages are passed over in less time than a thumbnail waits.
  await search.fill('many/2')
  await items.first().getByText('many/2000.jpg').waitFor()
  await search.fill('many/24')
  await until('they are found', async () => (await items.count()) === 24 && /2400/.test(await items.first().innerText()))
  await until('thumbnails come', async () => [...asked].some((url) => url.includes('2400')))
  assert.ok(asked.size < 72, `${asked.size} thumbnails for at most 60 that were in view`)
  await search.press('ArrowDown')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  const name = await page.evaluate(() => document.activeElement.innerText.split('\n')[0])
  await page.keyboard.press('Enter')
  await until('it is shown', async () => (await source(page)).includes(name))
  await done()
})
