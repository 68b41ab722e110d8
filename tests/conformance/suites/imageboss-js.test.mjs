import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { ImageBoss } from 'imageboss-js'
import { client, get, master, near, picture, quarters, refused, replaced, sample, tampered, world } from '../lib/client.mjs'

// It writes the form of before 2020, in which an address stands where others name a source.
const { call, folder } = client('imageboss-js')
const build = (address, options) => call('getURL', () => ImageBoss.getURL(address, options))
const address = (name) => `http://127.0.0.1:${world.origin}/media/${name}`
const host = 'https://img.imageboss.me'

const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(300, 200))

test('getURL: every operation gives its size', async () => {
  await picture(build(address(four), { operation: 'cdn' }), { width: 300, height: 200 })
  await picture(build(address(four), { operation: 'width', width: 150 }), { width: 150, height: 100 })
  await picture(build(address(four), { operation: 'height', height: 50 }), { width: 75, height: 50 })
  await picture(build(address(four), { operation: 'cover', width: 80, height: 90 }), { width: 80, height: 90 })
  await picture(build(address(four), { operation: 'cover:inside', width: 90, height: 90 }), { width: 90, height: 60 })
  await picture(build(address(four), { operation: 'cover:contain', width: 90, height: 90 }), { width: 90, height: 90 })
})

test('getURL: options, and the side that a mode keeps', async () => {
  const { pixel } = await picture(build(address(four), { operation: 'cover:west', width: 50, height: 200, options: 'format:png' }), { width: 50, height: 200, format: 'png' })
  near(pixel(25, 20), [255, 0, 0])
  await picture(build(address(cat), { operation: 'width', width: 60, options: 'format:webp,quality:40' }), { width: 60, height: 40, format: 'webp' })
  const grey = await picture(build(address(four), { operation: 'width', width: 60, options: 'grayscale:true,format:png' }))
  const [r, g, b] = grey.pixel(3, 3)
  assert.ok(r === g && g === b)
})

test('getURL: an asset host of one\'s own', async () => {
  ImageBoss.assetHost = address('')
  await picture(build(cat, { operation: 'width', width: 60, asset: true }), { width: 60, height: 40 })
})

test('errors: what the client refuses, and a missing picture', async () => {
  assert.throws(() => build(address(cat), { operation: 'cover' }), /requires width and height/)
  await refused(build(address(`${folder}/none.jpg`), { operation: 'width', width: 60 }), 404)
  const away = await get(build('https://elsewhere.example/a.jpg', { operation: 'width', width: 60 }))
  assert.ok(away.status >= 400 && away.status < 500, `a host that is not ours answered ${away.status}`)
})

test('purge: ImageBoss\'s DELETE on the same host brings the new picture', async () => {
  const headers = { 'imageboss-api-key': world.secrets.key }
  const name = `${folder}/changing.png`
  await replaced(name, `${host}/pictures/width/32/${name}`, async () => {
    const { status, body } = await get(`${host}/pictures/${name}`, { method: 'DELETE', headers })
    assert.equal(status, 200)
    assert.equal(JSON.parse(body).status, 'queued')
  })
  assert.equal((await get(`${host}/pictures/${name}`, { method: 'DELETE' })).status, 401)
})

test('sign: this client does not; a token as ImageBoss documents it is taken, an altered one is not', async () => {
  const path = `/pictures/cover:center/80x60/format:png/${four}`
  const token = createHmac('sha256', world.secrets.imageboss).update(path).digest('hex')
  const url = `https://signed.shop.example${path}?bossToken=${token}`
  await picture(url, { width: 80, height: 60, format: 'png' })
  await refused(tampered(url, 'bossToken'), 401)
  await refused(url.replace('80x60', '81x60'), 401)
  await refused(url.replace(/\?.*/, ''), 401)
})
