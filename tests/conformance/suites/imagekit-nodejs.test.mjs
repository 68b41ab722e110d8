import assert from 'node:assert/strict'
import test from 'node:test'
import ImageKit from '@imagekit/nodejs'
import { client, get, master, near, picture, plain, quarters, refused, replaced, sample, tampered, world } from '../lib/client.mjs'

const { call, folder } = client('@imagekit/nodejs')
const privateKey = world.secrets.key
// Node's own fetch knows no proxy, and this client lets one choose where the API is.
const baseURL = `https://localhost:${world.https}`
const imagekit = new ImageKit({ privateKey, baseURL, maxRetries: 0 })
const urlEndpoint = 'https://ik.imagekit.io/demo'
const build = (what) => call('helper.buildSrc', () => imagekit.helper.buildSrc({ urlEndpoint, ...what }))
const create = (url, from = imagekit) => call('cache.invalidation.create', () => from.cache.invalidation.create({ url }))
const status = (id, from = imagekit) => call('cache.invalidation.get', () => from.cache.invalidation.get(id))

const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(320, 432)) // half of the vendor's 640 x 865, as near as it gets

test('buildSrc: sizes and crop modes, in the query and in the path', async () => {
  for (const transformationPosition of ['query', 'path']) {
    for (const [step, width, height] of [
      [{ width: 150, height: 100, crop: 'at_max' }, 74, 100],
      [{ width: 150, height: 100, crop: 'at_least' }, 150, 203],
      [{ width: 150, height: 100, cropMode: 'pad_resize' }, 150, 100],
      [{ width: 150, height: 100, crop: 'force' }, 150, 100],
      [{ width: 150, height: 100 }, 150, 100],
      [{ width: 160 }, 160, 216],
      [{ height: 216 }, 160, 216],
      [{ width: 0.5 }, 160, 216],
      [{ width: 100, aspectRatio: '4-3' }, 100, 75],
      [{ width: 100, dpr: 2 }, 200, 270],
      [{ width: 64, height: 48, cropMode: 'extract' }, 64, 48],
    ]) {
      const url = build({ src: `/${four}`, transformation: [step], transformationPosition })
      assert.equal(url.includes('/tr:'), transformationPosition === 'path')
      await picture(url, { width, height })
    }
  }
})

test('buildSrc: what is cut out, padded and turned', async () => {
  const side = { raw: 'cm-extract,w-40,h-40' }
  for (const [focus, colour] of [['top_left', [255, 0, 0]], ['top_right', [0, 255, 0]], ['bottom_left', [0, 0, 255]]]) {
    const { pixel } = await picture(build({ src: four, transformation: [{ ...side, focus, format: 'png' }] }), { width: 40, height: 40 })
    near(pixel(20, 20), colour)
  }
  const padded = await picture(build({ src: four, transformation: [{ width: 100, height: 20, cropMode: 'pad_resize', background: '0000FF', format: 'png' }] }))
  near(padded.pixel(2, 10), [0, 0, 255])
  const turned = await picture(build({ src: four, transformation: [{ width: 80, height: 108 }, { rotation: 90, format: 'png' }] }), { width: 108, height: 80 })
  near(turned.pixel(100, 10), [255, 0, 0])
})

test('buildSrc: formats as asked, and as the browser accepts', async () => {
  for (const [format, found] of [['jpg', 'jpeg'], ['png', 'png'], ['webp', 'webp'], ['avif', 'avif']]) {
    await picture(build({ src: cat, transformation: [{ width: 60, format }] }), { width: 60, height: 40, format: found })
  }
  const auto = build({ src: cat, transformation: [{ width: 60, format: 'auto' }] })
  await picture(auto, { format: 'webp' }, { Accept: 'image/webp,*/*' })
  await picture(auto, { format: 'jpeg' }, { Accept: '*/*' })
})

test('buildSrc: chained steps, overlays of pictures, texts and colours', async () => {
  master(`${folder}/badge.png`, await plain(20, 20, '#00ffff'))
  const position = { x: 10, y: 'N10' }
  const image = await picture(build({
    src: four,
    transformation: [{ width: 160 }, { format: 'png', overlay: { type: 'image', input: `/${folder}/badge.png`, position, transformation: [{ trim: false }] } }],
  }), { width: 160, height: 216 })
  near(image.pixel(15, 216 - 15), [0, 255, 255])
  const colour = await picture(build({
    src: four,
    transformation: [{ format: 'png', overlay: { type: 'solidColor', color: '123456', position: { focus: 'center' }, transformation: [{ width: 40, height: 40 }] } }],
  }))
  near(colour.pixel(160, 216), [0x12, 0x34, 0x56])
  const bare = await picture(build({ src: four, transformation: [{ width: 160 }] }))
  for (const text of ['Hello', '50% off & more, é', 'नमस्ते']) {
    const { body } = await picture(build({ src: four, transformation: [{ width: 160, overlay: { type: 'text', text, transformation: [{ fontSize: 30, fontColor: 'FF00FF' }] } }] }), { width: 160 })
    assert.notDeepEqual(body, bare.body)
  }
})

test('buildSrc: names with spaces and letters beyond ASCII, slashes too many', async () => {
  for (const name of ['café menu.png', "it's (1).png", '日本/写真.png', 'a+b.png']) {
    master(`${folder}/${name}`, await plain(20, 10, '#446688'))
    for (const transformationPosition of ['query', 'path']) {
      await picture(build({ src: `/${folder}/${name}`, transformation: [{ width: 10 }], transformationPosition }), { width: 10, height: 5 })
    }
  }
  await picture(build({ urlEndpoint: `${urlEndpoint}/`, src: `//${cat}` }), { width: 451 })
})

test('buildSrc: query parameters of one\'s own and downloads', async () => {
  await picture(build({ src: cat, queryParameters: { v: 123 }, transformation: [{ width: 50 }] }), { width: 50 })
  const { headers } = await picture(build({ src: cat, queryParameters: { 'ik-attachment': 'true' } }))
  assert.match(headers['content-disposition'], /^attachment/)
})

test('sign: accepted as signed, refused when altered or unsigned', async () => {
  const own = { urlEndpoint: 'https://images.example.com', signed: true }
  for (const what of [
    { src: cat },
    { src: cat, transformation: [{ width: 40, height: 30 }, { rotation: 90 }], transformationPosition: 'path' },
    { src: cat, transformation: [{ width: 40, height: 30 }], queryParameters: { v: 123 }, expiresIn: 300 },
    { src: cat, transformation: [{ raw: 'l-text,i-hello world,l-end' }] },
    { src: cat, transformation: [{ width: 30, overlay: { type: 'text', text: '50% off & more, é', position: { x: 'bw_mul_0.1' } } }] },
    { src: `/${folder}/café menu.png`, transformation: [{ width: 10 }], transformationPosition: 'path' },
  ]) {
    const url = build({ ...own, ...what })
    await picture(url)
    await refused(tampered(url, 'ik-s'), 401)
    await refused(url.replace(/[?&]ik-t=\d+/, '').replace(/[?&]ik-s=[0-9a-f]+/, ''), 401)
  }
  const later = build({ ...own, src: cat, expiresIn: 300 })
  await refused(later.replace(/ik-t=\d+/, 'ik-t=1700000000'), 401)
  await refused(later.replace('cat.jpg', 'four.png'), 401)
})

test('sign: a foreign key is refused', async () => {
  const stranger = new ImageKit({ privateKey: 'private_other', baseURL })
  const url = call('helper.buildSrc', () => stranger.helper.buildSrc({ urlEndpoint: 'https://images.example.com', src: cat, signed: true }))
  await refused(url, 401)
})

test('purge: accepted, completed, and the new picture is there', async () => {
  const name = `${folder}/changing.png`
  const variants = ['query', 'path'].map((transformationPosition) => build({ src: name, transformation: [{ width: 32 }], transformationPosition }))
  await replaced(name, variants[0], async () => {
    await picture(variants[1])
    const { requestId } = await create(`${urlEndpoint}/${name}`)
    assert.match(requestId, /^[0-9a-f]{24}$/)
    assert.deepEqual(await status(requestId), { status: 'Completed' })
  })
  near((await picture(variants[1])).pixel(3, 3), [0, 0, 255])
})

test('purge: one variant by its own URL, and a folder by a wildcard', async () => {
  const name = `${folder}/wild/changing.png`
  const url = build({ src: name, transformation: [{ width: 32 }], transformationPosition: 'path' })
  await replaced(name, url, () => create(url))
  await replaced(name, build({ src: name, transformation: [{ width: 31 }] }), () => create(`${urlEndpoint}/${folder}/wild*`))
})

test('purge: over the control plane as well', async () => {
  const inside = new ImageKit({ privateKey, baseURL: `http://127.0.0.1:${world.control}` })
  const { requestId } = await create(`${urlEndpoint}/${cat}`, inside)
  assert.equal((await status(requestId, inside)).status, 'Completed')
})

test('errors: each status is the client\'s own class', async () => {
  const wrong = new ImageKit({ privateKey: 'private_wrong', baseURL, maxRetries: 0 })
  await assert.rejects(create(`${urlEndpoint}/${cat}`, wrong), ImageKit.PermissionDeniedError)
  for (const url of ['no URL', 'https://elsewhere.example/a.jpg', `${urlEndpoint}/a*/b.jpg`]) {
    await assert.rejects(create(url), (error) => {
      assert.ok(error instanceof ImageKit.BadRequestError, `${url}: ${error}`)
      assert.equal(typeof error.error.message, 'string')
      assert.equal(typeof error.error.help, 'string')
      return true
    })
  }
  await assert.rejects(status('0123456789abcdef01234567'), ImageKit.BadRequestError)
})

test('errors: bad transformations and missing pictures say why', async () => {
  const { headers } = await refused(build({ src: cat, transformation: [{ raw: 'foo-200' }] }), 400)
  assert.ok(headers['ik-error'])
  assert.match((await refused(build({ src: `${folder}/none.jpg` }), 404)).headers['ik-error'], /^ENOENT/)
})

test('accounts: usage, URL endpoints and origins in the client\'s shapes', async () => {
  const usage = await call('accounts.usage.get', () => imagekit.accounts.usage.get({ startDate: '2026-01-01', endDate: '2026-01-31' }))
  for (const name of ['bandwidthBytes', 'mediaLibraryStorageBytes', 'videoProcessingUnitsCount', 'extensionUnitsCount', 'originalCacheStorageBytes']) {
    assert.equal(typeof usage[name], 'number', name)
  }
  const endpoints = await call('accounts.urlEndpoints.list', () => imagekit.accounts.urlEndpoints.list())
  assert.ok(endpoints.some(({ id }) => id === 'default'), JSON.stringify(endpoints))
  const origins = await call('accounts.origins.list', () => imagekit.accounts.origins.list())
  assert.ok(origins.length >= 1)
  for (const origin of origins) assert.equal(typeof origin.id, 'string')
})

test('namedTransformations: the site\'s presets, which only the configuration changes', async () => {
  const list = await call('namedTransformations.list', () => imagekit.namedTransformations.list())
  const thumb = list.find(({ name }) => name === 'thumb')
  assert.equal(thumb.transformation, 'w-64,h-48')
  const same = await call('namedTransformations.get', () => imagekit.namedTransformations.get(thumb.id))
  assert.deepEqual(same, thumb)
  await picture(build({ src: cat, transformation: [{ named: 'thumb' }] }), { width: 64, height: 48 })
  await assert.rejects(
    call('namedTransformations.create', () => imagekit.namedTransformations.create({ name: 'x', transformation: 'w-1' })),
    ImageKit.PermissionDeniedError,
  )
  await refused(build({ src: cat, transformation: [{ named: 'nosuch' }] }), 400)
})

test('files.metadata: of a picture that this account serves', async () => {
  const metadata = await call('files.metadata.getFromURL', () => imagekit.files.metadata.getFromURL({ url: `${urlEndpoint}/${cat}` }))
  assert.deepEqual([metadata.width, metadata.height, metadata.format], [451, 300, 'jpg'])
  await assert.rejects(imagekit.files.metadata.getFromURL({ url: 'https://elsewhere.example/a.jpg' }), ImageKit.BadRequestError)
})

test('a wrong path of the API is the client\'s NotFoundError', async () => {
  await assert.rejects(imagekit.get('/v1/no-such-thing'), ImageKit.NotFoundError)
  assert.equal((await get('https://api.imagekit.io/v1/keys')).status, 404)
})
