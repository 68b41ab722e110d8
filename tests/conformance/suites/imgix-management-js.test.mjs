import assert from 'node:assert/strict'
import test from 'node:test'
import ImgixAPI from 'imgix-management-js'
import { client, get, master, near, picture, plain, quarters, replaced, sample, tunnelHttps, world } from '../lib/client.mjs'

// It asks node-fetch for https://api.imgix.com, which asks Node's agent.
tunnelHttps()
const { call, folder } = client('imgix-management-js')
const api = new ImgixAPI({ apiKey: world.secrets.key })
const request = (client, ...what) => call('request', () => client.request(...what))
const purge = (url, more = {}) => ({ method: 'POST', body: { data: { type: 'purges', attributes: { url, ...more } } } })

/** The client's own error with this status. */
const fails = (promise, status, detail) => assert.rejects(promise, (error) => {
  assert.equal(error.name, 'APIError')
  assert.equal(error.status, status)
  const [first] = error.response.errors
  assert.equal(first.status, String(status))
  if (detail) assert.match(first.detail, detail)
  return true
})

test('purge: the new picture is there when the answer comes', async () => {
  const name = `${folder}/changing.png`
  const url = `https://x.imgix.net/${name}?w=30`
  const said = await replaced(name, url, () => request(api, 'purge', purge(`https://x.imgix.net/${name}`)))
  assert.equal(said.data.type, 'purges')
  assert.equal(said.data.attributes.purge_id, said.data.id)
  near((await picture(`https://x.imgix.net/${name}?h=9&fm=png`)).pixel(1, 1), [0, 0, 255])
})

test('purge: the same URL twice, and one that nobody has asked for', async () => {
  const name = master(`${folder}/twice.png`, await plain(4, 4, '#fff'))
  for (const url of [`https://x.imgix.net/${name}`, `https://x.imgix.net/${name}?w=3`, 'https://x.imgix.net/never/seen.jpg']) {
    const { data } = await request(api, 'purge', purge(url))
    assert.match(data.id, /^[0-9a-f-]{36}$/)
  }
})

test('purge: a mark that was replaced is new in the pictures that bear it', async () => {
  const base = master(`${folder}/base.png`, await quarters(120, 80))
  const mark = `${folder}/mark.png`
  const url = `https://x.imgix.net/${base}?mark=/${mark}&mark-align=bottom,right&mark-pad=0`
  master(mark, await plain(20, 20, '#ff0000'))
  near((await picture(url)).pixel(115, 75), [255, 0, 0])
  master(mark, await plain(20, 20, '#0000ff'))
  const sources = await request(api, 'sources')
  const source = sources.data.find(({ attributes: { deployment } }) => [...deployment.custom_domains, ...deployment.imgix_subdomains].some((host) => /^x(\.imgix\.net)?$/.test(host)))
  await request(api, 'purge', purge(`https://x.imgix.net/${mark}`, { sub_image: true, source_id: source.id }))
  near((await picture(url)).pixel(115, 75), [0, 0, 255])
})

test('sources: the list, one of them, a page of it, a filter', async () => {
  const all = await request(api, 'sources')
  assert.equal(all.jsonapi.version, '1.0')
  assert.ok(all.data.length >= 3)
  for (const source of all.data) {
    assert.equal(source.type, 'sources')
    assert.match(source.id, /^[0-9a-f]{24}$/)
    assert.equal(typeof source.attributes.name, 'string')
    assert.equal(source.attributes.deployment_status, 'deployed')
  }
  assert.ok(!JSON.stringify(all).includes(world.secrets.imgix), 'a secret is shown')
  const { data } = await request(api, `sources/${all.data[0].id}`)
  assert.deepEqual(data.attributes, all.data[0].attributes)
  const first = await request(api, 'sources?page[number]=0&page[size]=1')
  assert.deepEqual(first.data.map(({ id }) => id), [all.data[0].id])
  const named = await request(api, 'sources?filter[name]=imgix-signed')
  assert.deepEqual(named.data.map(({ attributes }) => attributes.name), ['imgix-signed'])
})

test('assets: what was served is listed, by both paths, and can be refreshed', async () => {
  const name = master(`${folder}/asset.jpg`, sample('cat.jpg'))
  await picture(`https://x.imgix.net/${name}?w=20`)
  const { data: sources } = await request(api, 'sources')
  const { id } = sources.find(({ attributes }) => attributes.name === 'imgix')
  for (const path of [`sources/${id}/assets?page[limit]=100`, `assets/${id}?page[limit]=100`]) {
    const { data, meta } = await request(api, path)
    assert.ok(data.some(({ attributes }) => attributes.origin_path === `/${name}`), path)
    assert.ok(Number(meta.cursor.totalRecords) >= 1)
  }
  const { data } = await request(api, `sources/${id}/assets/${name}`)
  assert.equal(data.id, `${id}/${name}`)
  assert.equal(data.type, 'assets')
  assert.equal(data.attributes.media_width, 451)
  master(name, await plain(30, 20, '#00ff00', 'jpeg'))
  await request(api, `sources/${id}/assets/refresh/${name}`, { method: 'POST' })
  near((await picture(`https://x.imgix.net/${name}?w=20`)).pixel(3, 3), [0, 255, 0])
})

test('reports: an empty list is a list', async () => {
  assert.ok(Array.isArray((await request(api, 'reports')).data))
})

test('errors: as the client maps them', async () => {
  const stranger = new ImgixAPI({ apiKey: 'ak_0000000000000000' })
  await fails(request(stranger, 'purge', purge('https://x.imgix.net/a.jpg')), 401, /A valid API key is required/)
  await fails(request(stranger, 'sources'), 401, /A valid API key is required/)
  await fails(request(api, 'purge', purge('not a URL')), 400)
  await fails(request(api, 'purge', purge('https://elsewhere.example/a.jpg')), 400)
  await fails(request(api, 'purge', { method: 'POST', body: { data: { type: 'other', attributes: {} } } }), 400)
  await fails(request(api, 'sources/000000000000000000000000'), 404)
  await fails(request(api, 'no-such-thing'), 404)
  assert.throws(() => new ImgixAPI({ apiKey: 5 }), TypeError)
})

test('errors: sources belong to the configuration, and the client is told so', async () => {
  const body = { data: { type: 'sources', attributes: { name: 'new' } } }
  await fails(request(api, 'sources', { method: 'POST', body }), 403, /config/i)
})

test('the API names nothing but the vendor\'s calls on its public host', async () => {
  for (const path of ['/v1/keys', '/v1/audit', '/metrics', '/v1/purges']) {
    const { status } = await get(`https://api.imgix.com${path}`, { headers: { Authorization: `Bearer ${world.secrets.key}` } })
    assert.equal(status, 404, path)
  }
})
