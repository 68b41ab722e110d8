import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()

test('sites and sources are as the server says, and a fetch can be tried', async () => {
  const { page, done } = await world.open('sites')
  const { sites } = (await world.call('GET', '/v1/config/sites')).body
  for (const { name, url } of sites) await page.getByRole('region', { name, exact: true }).getByText(url, { exact: true }).waitFor()
  const local = page.getByRole('region', { name: 'local', exact: true })
  await local.getByLabel('Try a fetch').fill('cat.jpg')
  await local.getByRole('button', { name: 'Fetch', exact: true }).click()
  await local.getByText('It answered').waitFor()
  const { body } = await world.call('POST', '/v1/config/sources/local/check', { path: 'cat.jpg' })
  assert.ok((await local.innerText()).includes(`${body.width} × ${body.height} pixels`))
  await local.getByLabel('Try a fetch').fill('nowhere.jpg')
  await local.getByRole('button', { name: 'Fetch', exact: true }).click()
  await local.getByText('It failed').waitFor()
  await local.getByText(/setting.*where each came from/).click()
  const { sources } = (await world.call('GET', '/v1/config/sources')).body
  await local.getByRole('table').getByText(sources[0].settings[0].key, { exact: true }).first().waitFor()
  await done()
})

test('settings say where they came from, and can be searched', async () => {
  const { page, done } = await world.open('settings')
  const { settings } = (await world.call('GET', '/v1/config')).body
  await page.getByText(`${settings.length} settings`, { exact: false }).waitFor()
  await page.getByText('There is no configuration file').waitFor()
  const listen = page.getByRole('row').filter({ hasText: 'listen.control' })
  const said = settings.find(({ key }) => key === 'listen.control')
  await listen.getByText(said.from, { exact: true }).waitFor()
  await listen.getByText(said.where, { exact: true }).waitFor()
  const wanted = settings.filter((one) => [one.key, one.value ?? '', one.doc, one.where ?? ''].some((text) => text.toLowerCase().includes('memory')))
  await page.getByLabel('Search names').fill('memory')
  await page.getByText(`${wanted.length} settings of ${settings.length}`, { exact: false }).waitFor()
  for (const { key } of wanted) await page.getByRole('cell').getByText(key, { exact: true }).first().waitFor()
  assert.equal(new URL(page.url()).searchParams.get('search'), 'memory')
  await done()
})

test('a key that is bound sees its own sites, and no settings', async () => {
  const { body } = await world.call('POST', '/v1/keys', { name: 'shop', roles: ['read'], sites: ['imagekit'] })
  const { page, done } = await world.open('sites', { key: body.key, refusals: [403] })
  await page.getByRole('region', { name: 'imagekit', exact: true }).waitFor()
  assert.equal(await page.getByRole('region', { name: 'imgix', exact: true }).count(), 0)
  assert.equal(await page.getByRole('link', { name: 'All settings' }).count(), 0)
  await done()
})
