import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

const world = useWorld()
const picture = (target) => fetch(world.pictures + target).then((response) => response.arrayBuffer())
const lines = (page) => page.getByLabel('URLs, one a line')
const look = (page) => page.getByRole('button', { name: 'See what would go' }).click()

/** Derivatives of a picture, in two dialects. */
async function warm(name) {
  for (const target of [`/imgix/${name}?w=60`, `/imgix/${name}?w=70`, `/imagekit/tr:w-80/${name}`]) await picture(target)
  await until(`${name} is stored`, async () => {
    const { body } = await world.call('POST', '/v1/purges', { targets: [{ url: `/imgix/${name}` }], dry_run: true })
    return body.derivatives.entries === 3
  })
}

test('a pasted list is looked at first, then purged, and comes to be erased while one watches', async () => {
  await Promise.all(['cat.jpg', 'dogs.jpg', 'mountains.jpg'].map(warm))
  const { page, done } = await world.open('purges')
  await page.getByRole('link', { name: 'New purge' }).first().click()
  const pasted = ['/imgix/cat.jpg', '', `${world.pictures}/imagekit/tr:w-80/dogs.jpg`, '  /imgix/cat.jpg ', '/cloudimage/mountains%2Ejpg', '', ''].join('\n')
  await lines(page).fill(pasted)
  await page.getByText('3 lines · 1 repeated line left out (4) · 2 blank lines passed over').waitFor()
  await look(page)
  const foreseen = page.getByRole('region', { name: 'What would go' })
  await foreseen.getByText('derivatives on disk').waitFor()
  assert.match(await foreseen.innerText(), /^9$/m, 'three of each of three')
  await until('thumbnails are shown', () => foreseen.locator('img').evaluateAll((all) => all.length === 6 && all.every((image) => image.naturalWidth > 0)))
  assert.equal((await world.call('GET', '/v1/purges')).body.purges.length, 0, 'looking purges nothing')

  await page.evaluate(() => { window.mark = 'the same document' })
  await foreseen.getByRole('button', { name: 'Purge …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Purge?' })
  await dialog.getByText('9 derivatives').waitFor()
  await dialog.getByRole('button', { name: 'Purge', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Hard purge of /imgix/cat.jpg and 2 more' }).waitFor()
  await page.locator('h1 + .lead .badge', { hasText: 'erased' }).waitFor()
  assert.match(await page.getByRole('region', { name: 'Gone, by tier' }).innerText(), /Derivatives on disk\s+9\s/)
  await page.getByRole('region', { name: 'In the audit trail' }).getByText('hard purge').waitFor()
  assert.equal(await page.evaluate(() => window.mark), 'the same document')
  await done()
})

test('from the overview, a pasted URL leads to what would go, or to why it is so', async () => {
  await warm('portrait.jpg')
  const { page, go, done } = await world.open()
  const field = page.getByLabel('A picture is wrong?')
  await field.fill(` ${world.pictures}/imgix/portrait.jpg?w=70&sharp=3 `)
  await page.keyboard.press('Enter')
  const foreseen = page.getByRole('region', { name: 'What would go' })
  await foreseen.getByText('derivatives on disk').waitFor()
  assert.match(await foreseen.innerText(), /^3$/m)
  assert.equal((await world.call('GET', '/v1/purges?search=portrait')).body.purges.length, 0, 'nothing is purged')
  await go('')
  await field.fill('/imgix/portrait.jpg?w=70')
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByText(/Would be answered from/).waitFor()
  await done()
})

test('a purge of somebody else appears in the list, and changes there, without a reload', async () => {
  const { page, done } = await world.open('purges')
  await page.getByText('Live', { exact: true }).waitFor()
  const before = await page.getByRole('row').count()
  await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/bowl.png' }, { url: '/imgix/logo.png' }] })
  const row = page.getByRole('row').filter({ hasText: '/imgix/bowl.png and 1 more' })
  await row.getByText('erased').waitFor()
  assert.equal(await page.getByRole('row').count(), before + 1)
  await row.getByRole('link').click()
  await page.getByRole('heading', { level: 1 }).getByText('/imgix/bowl.png and 1 more').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1')
  await done()
})

test('wrong lines are all found, told with their numbers, and can be taken out', async () => {
  const { page, done } = await world.open('purges/new', { refusals: [400, 403, 404] })
  await lines(page).fill('/imgix/cat.jpg\nnonsense\n\n/imgix/dogs.jpg\nhttps://foreign.example/x.jpg')
  await look(page)
  const wrong = page.getByRole('alert')
  await wrong.getByText('nonsense', { exact: true }).waitFor()
  const told = await wrong.innerText()
  for (const words of ['Line 2', 'Line 5', 'https://foreign.example/x.jpg', 'cannot be understood']) assert.ok(told.includes(words), told)
  await page.getByText('2 lines of 4 cannot be purged').waitFor()
  await wrong.getByRole('button', { name: 'Line 5' }).click()
  const selected = await lines(page).evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))
  assert.equal(selected, 'https://foreign.example/x.jpg')
  await page.getByRole('button', { name: 'Take these 2 lines out' }).click()
  assert.equal(await lines(page).inputValue(), '/imgix/cat.jpg\n\n/imgix/dogs.jpg')
  await look(page)
  await page.getByRole('button', { name: 'Purge …' }).waitFor()
  await done()
})

test('everything goes only after it was written out; a changed form is looked at anew', async () => {
  const { page, done } = await world.open('purges/new')
  await page.getByLabel('What').first().selectOption('all')
  await look(page)
  await page.getByRole('radio', { name: 'Soft' }).check()
  await page.getByText('The form has changed since the last look').waitFor()
  await page.getByRole('radio', { name: 'Hard' }).check()
  await page.getByRole('button', { name: 'Purge …' }).click()
  const dialog = page.getByRole('dialog')
  const button = dialog.getByRole('button', { name: 'Purge', exact: true })
  assert.equal(await button.isDisabled(), true)
  await dialog.getByLabel('To confirm, type: everything').fill('every')
  assert.equal(await button.isDisabled(), true)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Purge …' }).click()
  await dialog.getByLabel('To confirm, type: everything').fill('everything')
  await button.click()
  await page.getByRole('heading', { level: 1, name: 'Hard purge of everything' }).waitFor()
  await done()
})

test('the command that is copied does the same, without the key in it', async () => {
  const { page, clipboard, done } = await world.open('purges/new?scope=derivative&target=%2Fimgix%2Fcat.jpg%3Fw%3D60&mode=soft')
  assert.equal(await lines(page).inputValue(), '/imgix/cat.jpg?w=60', 'an address fills the form in')
  await look(page)
  await page.getByRole('region', { name: 'What would go' }).getByRole('button', { name: 'Copy as curl' }).click()
  await page.getByText('Command copied').waitFor()
  const command = await clipboard()
  assert.ok(command.includes('$AFTERIMAGE_API_KEY') && !command.includes(world.key), command)
  const said = JSON.parse(execFileSync('sh', ['-c', command], { env: { ...process.env, AFTERIMAGE_API_KEY: world.key }, encoding: 'utf8' }))
  assert.deepEqual([said.mode, said.targets[0].said], ['soft', '/imgix/cat.jpg?w=60'])
  await done()
})

test('a purge can be sent again, from its page', async () => {
  const { body } = await world.call('POST', '/v1/purges', { targets: [{ prefix: 'local/products/' }, { prefix: 'local/old/' }], mode: 'soft' })
  const { page, done } = await world.open(`purges/${body.id}`)
  await page.getByRole('link', { name: 'Purge again' }).click()
  await page.getByRole('heading', { level: 1, name: 'New purge' }).waitFor()
  assert.equal(await page.getByLabel('What').first().inputValue(), 'prefix')
  assert.equal(await page.getByLabel('One a line').inputValue(), 'local/products/\nlocal/old/')
  assert.equal(await page.getByRole('radio', { name: 'Soft' }).isChecked(), true)
  await done()
})

test('a purge is verified from outside: the origin’s bytes beside what is served', async () => {
  await warm('brushes-cmyk.jpg')
  copyFileSync(path.join(world.photos, 'mountains.jpg'), path.join(world.photos, 'brushes-cmyk.jpg'))
  const { body } = await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/brushes-cmyk.jpg' }] })
  const { page, done } = await world.open(`purges/${body.id}`)
  await page.getByRole('button', { name: 'Verify now' }).click()
  const verified = page.getByRole('region', { name: 'Verified from outside' })
  await verified.getByText('verified', { exact: true }).waitFor()
  const row = verified.getByRole('row').filter({ hasText: 'brushes-cmyk.jpg' }).first()
  assert.match(await row.innerText(), /good\s+200\s+yes/)
  await done()
})

test('what is not there is said to be not there', async () => {
  const { page, done } = await world.open('purges/4fc96d31-9815-4021-830a-ca6d96c514a5', { refusals: [404] })
  await page.getByText('No such purge').waitFor()
  await page.goto(`${world.control}/dashboard/nowhere`)
  await page.getByText('There is nothing at this address').waitFor()
  await done()
})
