// The playground on sites whose URLs are signed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedSites } from '../lib/server.mjs'
import { until, useWorld } from '../lib/world.mjs'

const world = useWorld(async () => {}, { config: signedSites })
const shown = (page) => page.locator('img[data-after]').evaluate((image) => [image.naturalWidth, image.naturalHeight].join())
const status = async (url) => (await fetch(url)).status

// What each vendor calls the signature, and its end; two of them have signatures without one.
const SITES = [
  { site: 'imgix', with: 'w%3D96', signature: 's', end: 'expires' },
  { site: 'imagekit', with: 'w%3D96', signature: 'ik-s', end: 'ik-t' },
  { site: 'cloudimage', with: 'w%3D96', signature: 'ci_sign' },
  { site: 'imageboss', with: 'operation%3Dwidth%2F96', signature: 'bossToken' },
]

for (const { site, with: said, signature, end } of SITES) {
  test(`${site}: the preview is signed, and so is what is taken along`, async () => {
    const { page, done } = await world.open(`play?site=${site}&asset=dogs.jpg&with=${said}`)
    await until('the picture comes', async () => (await shown(page)).startsWith('96,'))
    const take = page.getByRole('region', { name: 'Take it along' })
    await take.getByRole('button', { name: 'Sign', exact: true }).click()
    const signed = await take.locator('[data-signed]').innerText()
    const url = new URL(signed)
    assert.ok(url.searchParams.get(signature), signed)
    assert.equal(await status(signed), 200)
    const altered = new URL(signed)
    const digits = altered.searchParams.get(signature)
    altered.searchParams.set(signature, digits.slice(0, -1) + (digits.endsWith('0') ? '1' : '0'))
    assert.ok([401, 403].includes(await status(altered)), 'an altered signature')
    assert.ok([401, 403].includes(await status(signed.replace('96', '97'))), 'another width under the same signature')
    url.searchParams.delete(signature)
    if (end) url.searchParams.delete(end)
    assert.ok([401, 403].includes(await status(url)), 'without the signature')
    await done()
  })

  test(`${site}: ${end ? 'a URL ends when it says so' : 'that signatures have no end is said'}`, async () => {
    const { page, done } = await world.open(`play?site=${site}&asset=dogs.jpg&with=${said}`, { refusals: [400] })
    const take = page.getByRole('region', { name: 'Take it along' })
    const field = take.getByLabel('Signed, good for')
    if (!end) {
      await take.getByText(/signatures of \w+ have no end/i).waitFor()
      assert.equal(await field.count(), 0)
      return done()
    }
    await field.fill('6s')
    await take.getByRole('button', { name: 'Sign', exact: true }).click()
    const signed = await take.locator('[data-signed]').innerText()
    const at = Number(new URL(signed).searchParams.get(end))
    assert.ok(Math.abs(at - Date.now() / 1000) < 10, signed)
    assert.equal(await status(signed), 200)
    await until('it has ended', async () => (await status(signed)) >= 400)
    assert.ok(Date.now() / 1000 >= at - 1, 'not before')
    await field.fill('an hour')
    await take.getByRole('button', { name: 'Sign', exact: true }).click()
    await take.getByRole('alert').getByText('expires').first().waitFor()
    return done()
  })
}

test('HTML of a signed site holds signed URLs, each of its own width', async () => {
  const { page, done } = await world.open('play?site=imagekit&asset=dogs.jpg&with=w%3D400')
  await until('the picture comes', async () => (await shown(page)).startsWith('400,'))
  const take = page.getByRole('region', { name: 'Take it along' })
  await take.getByRole('button', { name: 'Write HTML with srcset' }).click()
  const html = await take.locator('[data-html]').innerText()
  const entries = [...html.matchAll(/(http\S+) (\d+)w/g)].map(([, url, wide]) => [url.replaceAll('&amp;', '&'), Number(wide)])
  assert.equal(entries.length, 3)
  for (const [url, wide] of entries) {
    const width = await page.evaluate(async (from) => {
      const image = new Image()
      image.src = from
      await image.decode()
      return image.naturalWidth
    }, url)
    assert.equal(width, wide, url)
  }
  await done()
})

test('presets are chosen by their names', async () => {
  for (const [site, name] of [['imgix', 'preset'], ['imagekit', 'n'], ['cloudimage', 'p'], ['imageboss', 'preset']]) {
    const { page, done } = await world.open(`play?site=${site}&asset=dogs.jpg`)
    const form = page.locator('section').filter({ has: page.locator('#parameters') })
    await form.getByRole('searchbox').fill(name)
    const field = form.locator('.field').filter({ has: page.locator('label code', { hasText: new RegExp(`^${name}$`) }) })
    await field.getByRole('combobox').selectOption('card')
    await until(`${site} draws it`, async () => (await shown(page)) === '90,60')
    await done()
  }
})

test('a key that may not sign sees why nothing comes', async () => {
  const { body } = await world.call('POST', '/v1/keys', { name: 'reader', roles: ['read'] })
  const { page, done } = await world.open('play?site=imgix&asset=dogs.jpg', { key: body.key, refusals: [403] })
  await page.getByText('The picture does not come').waitFor()
  await page.getByText('takes a key with the role purge or admin').first().waitFor()
  await done()
})
