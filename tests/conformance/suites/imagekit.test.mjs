import assert from 'node:assert/strict'
import test from 'node:test'
import ImageKit from 'imagekit'
import { client, master, near, picture, plain, quarters, refused, replaced, sample, tampered, world } from '../lib/client.mjs'

// Its API host is fixed, https://api.imagekit.io; HTTPS_PROXY and NODE_EXTRA_CA_CERTS take it to the server.
const { call, folder } = client('imagekit')
const urlEndpoint = 'https://ik.imagekit.io/demo'
const keys = { publicKey: 'public_any', privateKey: world.secrets.key }
const imagekit = new ImageKit({ ...keys, urlEndpoint })
const own = new ImageKit({ ...keys, urlEndpoint: 'https://images.example.com' })
const build = (what, by = imagekit) => call('url', () => by.url(what))

const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(320, 200))

test('url: steps in the path and in the query', async () => {
  for (const transformationPosition of ['path', 'query']) {
    const size = (transformation, width, height) => picture(build({ path: `/${four}`, transformation, transformationPosition }), { width, height })
    await size([{ width: 100, height: 100 }], 100, 100)
    await size([{ width: 160 }, { rotation: 90 }], 100, 160)
    await size([{ width: 100, height: 100, crop: 'at_max' }], 100, 63)
    await size([{ height: 100, width: 100, cropMode: 'pad_resize', background: 'F3F3F3' }], 100, 100)
    await size([{ width: 100, aspectRatio: '4-3' }], 100, 75)
  }
})

test('url: older names of effects', async () => {
  const transformation = [{ width: 80, format: 'png', effectGray: '-' }]
  const { pixel } = await picture(build({ path: four, transformation }))
  const [r, g, b] = pixel(2, 2)
  assert.ok(r === g && g === b, 'grey')
  for (const step of [{ effectSharpen: '-' }, { effectSharpen: 20 }, { effectUSM: '2-2-0.8-0.024' }, { effectContrast: '-' }, { blur: 5 }, { radius: 20 }, { border: '4_FF0000' }, { quality: 30, progressive: true, lossless: false, metadata: true, colorProfile: true }]) {
    await picture(build({ path: cat, transformation: [{ width: 60, format: 'jpg', ...step }] }), { format: 'jpeg' })
  }
})

test('url: a whole address instead of a path', async () => {
  await picture(build({ src: `${urlEndpoint}/${cat}?v=3`, transformation: [{ width: 50 }] }), { width: 50 })
})

test('url: an endpoint with a slash at its end makes two, which do no harm', async () => {
  const slashed = new ImageKit({ ...keys, urlEndpoint: `${urlEndpoint}/` })
  const url = build({ path: `/${cat}` }, slashed)
  assert.match(url, /demo\/\//)
  await picture(url, { width: 451 })
})

test('url: the default of a missing picture', async () => {
  master(`${folder}/other.png`, await plain(12, 10, '#654321'))
  await picture(build({ path: `/${folder}/missing.png`, transformation: [{ width: 6, defaultImage: `/${folder}/other.png` }] }), { width: 6, height: 5 })
})

test('sign: accepted as signed, refused when altered or unsigned', async () => {
  master(`${folder}/café menu.png`, await plain(20, 10, '#446688'))
  for (const what of [
    { path: `/${cat}` },
    { path: `/${cat}`, transformation: [{ height: 30, width: 40 }] },
    { path: `/${cat}`, transformation: [{ height: 30, width: 40 }], transformationPosition: 'query', queryParameters: { v: '123' }, expireSeconds: 300 },
    { path: `/${folder}/café menu.png`, transformation: [{ width: 10 }] },
  ]) {
    const url = build({ ...what, signed: true }, own)
    await picture(url)
    await refused(tampered(url, 'ik-s'), 401)
    await refused(url.replace(/[?&]ik-t=\d+/, '').replace(/[?&]ik-s=[0-9a-f]+/, ''), 401)
  }
})

test('purgeCache: accepted, completed, and the new picture is there', async () => {
  const name = `${folder}/changing.png`
  await replaced(name, build({ path: `/${name}`, transformation: [{ width: 32 }] }), async () => {
    const { requestId, $ResponseMetadata } = await call('purgeCache', () => imagekit.purgeCache(`${urlEndpoint}/${name}`))
    assert.equal($ResponseMetadata.statusCode, 201)
    const answer = await call('getPurgeCacheStatus', () => imagekit.getPurgeCacheStatus(requestId))
    assert.equal(answer.status, 'Completed')
  })
})

test('purgeCache: with a callback', async () => {
  const answer = await new Promise((resolve, reject) => {
    call('purgeCache', () => imagekit.purgeCache(`${urlEndpoint}/${cat}`, (error, result) => (error ? reject(error) : resolve(result))))
  })
  assert.match(answer.requestId, /^[0-9a-f]{24}$/)
})

test('errors: the client hands on the body and the status', async () => {
  const fails = (promise, status) => assert.rejects(promise, (error) => {
    assert.equal(typeof error.message, 'string')
    assert.equal(typeof error.help, 'string')
    assert.equal(error.$ResponseMetadata.statusCode, status)
    return true
  })
  const stranger = new ImageKit({ ...keys, urlEndpoint, privateKey: 'private_wrong' })
  await fails(call('purgeCache', () => stranger.purgeCache(`${urlEndpoint}/${cat}`)), 403)
  await fails(call('purgeCache', () => imagekit.purgeCache('https://elsewhere.example/a.jpg')), 400)
  await fails(call('purgeCache', () => imagekit.purgeCache('no URL')), 400)
  await fails(call('getPurgeCacheStatus', () => imagekit.getPurgeCacheStatus('0123456789abcdef01234567')), 400)
})

test('getFileMetadata: of a URL, which this client sends as it is', async () => {
  const metadata = await call('getFileMetadata', () => imagekit.getFileMetadata(`${urlEndpoint}/${cat}`))
  assert.deepEqual([metadata.width, metadata.height, metadata.format], [451, 300, 'jpg'])
  assert.equal(metadata.hasTransparency, false)
})
