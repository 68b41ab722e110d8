import assert from 'node:assert/strict'
import test from 'node:test'
import ImgixClient from '@imgix/js-core'
import {
  candidates, client, get, master, near, picture, plain, quarters, refused, replaced, sample, tampered, world,
} from '../lib/client.mjs'

const { call, folder } = client('@imgix/js-core')
const open = new ImgixClient({ domain: 'x.imgix.net' })
const signing = new ImgixClient({ domain: 'signed.imgix.net', secureURLToken: world.secrets.imgix })
const build = (builder, ...what) => call('buildURL', () => builder.buildURL(...what))
const srcset = (builder, ...what) => candidates(call('buildSrcSet', () => builder.buildSrcSet(...what)))

const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(300, 200))

test('buildURL: each fit gives the size that imgix documents', async () => {
  const size = async (params, width, height) => {
    await picture(build(open, four, params), { width, height, format: 'png' })
  }
  await size({ w: 100, h: 100, fit: 'clip' }, 100, 67)
  await size({ w: 150 }, 150, 100)
  await size({ h: 50 }, 75, 50)
  await size({ w: 100, h: 100, fit: 'crop' }, 100, 100)
  await size({ w: 100, h: 100, fit: 'scale' }, 100, 100)
  await size({ w: 600, h: 600, fit: 'max' }, 300, 200)
  await size({ w: 600, h: 600, fit: 'clip' }, 600, 400)
  await size({ w: 120, h: 120, fit: 'fill', fill: 'solid', 'fill-color': '00f' }, 120, 120)
  await size({ w: 400, h: 400, fit: 'min' }, 200, 200)
  await size({ w: 280, ar: '2:1', fit: 'crop' }, 280, 140)
  await size({ w: 100, dpr: 2 }, 200, 133)
  await size({ w: 0.5 }, 150, 100)
  await size({ rect: '0,0,50,40' }, 50, 40)
})

test('buildURL: crop keeps the corner that was asked for', async () => {
  for (const [crop, colour] of [['top,left', [255, 0, 0]], ['top,right', [0, 255, 0]], ['bottom,left', [0, 0, 255]]]) {
    const { pixel } = await picture(build(open, four, { rect: '0,0,300,200', w: 60, h: 90, fit: 'crop', crop }), { width: 60, height: 90 })
    near(pixel(crop.endsWith('left') ? 2 : 57, crop.startsWith('top') ? 2 : 87), colour)
  }
})

test('buildURL: formats as asked, and as the client accepts', async () => {
  for (const [fm, format] of [['jpg', 'jpeg'], ['pjpg', 'jpeg'], ['png', 'png'], ['webp', 'webp'], ['avif', 'avif'], ['gif', 'gif']]) {
    await picture(build(open, cat, { w: 90, fm }), { width: 90, height: 60, format })
  }
  const auto = build(open, cat, { w: 90, auto: 'format' })
  for (const [accept, format] of [['image/avif,image/webp,*/*', 'avif'], ['image/webp,*/*', 'webp'], ['*/*', 'jpeg']]) {
    const { headers } = await picture(auto, { width: 90, height: 60, format }, { Accept: accept })
    assert.match(headers.vary ?? '', /accept/i)
  }
})

test('buildURL: names with spaces, letters beyond ASCII, plus and percent signs', async () => {
  for (const [i, name] of ['büro & co/a+b 100%.png', "it's (1)!.png", 'a,b;c=d@e$.png', '日本/写真.png', 'hash#and?mark.png', 'co:lon.png'].entries()) {
    const colour = [40 * i, 200 - 30 * i, 90]
    master(`${folder}/${name}`, await plain(20, 10, { r: colour[0], g: colour[1], b: colour[2] }))
    const { pixel } = await picture(build(open, `/${folder}/${name}`, { w: 10 }), { width: 10, height: 5 })
    near(pixel(5, 2), colour, 3)
  }
})

test('buildURL: base64 parameters carry a text and the address of a mark', async () => {
  master(`${folder}/mark.png`, await plain(30, 20, '#00ff00'))
  const mark = build(open, four, { w: 300, mark64: `/${folder}/mark.png`, 'mark-align': 'bottom,right', 'mark-pad': 0 })
  near((await picture(mark, { width: 300, height: 200 })).pixel(290, 195), [0, 255, 0])
  const bare = await picture(build(open, four, { w: 300 }))
  const text = await picture(build(open, four, { w: 300, txt64: 'Grüße, 50% off!', 'txt-size': 40 }), { width: 300, height: 200 })
  assert.notDeepEqual(text.body, bare.body)
})

test('buildSrcSet: all 31 widths give pictures of these widths', async () => {
  const strip = master(`${folder}/strip.png`, await plain(64, 2, '#336699'))
  const all = srcset(open, strip, { fm: 'jpg' })
  assert.equal(all.length, 31)
  for (const [url, descriptor] of all) {
    const width = Number(descriptor.slice(0, -1))
    await picture(url, { width, height: Math.max(1, Math.round(width / 32)) })
  }
  assert.equal(all.at(-1)[1], '8192w')
})

test('buildSrcSet: device pixel ratios multiply the size', async () => {
  for (const [url, descriptor] of srcset(open, four, { w: 60, h: 60, fit: 'crop' })) {
    const scale = Number(descriptor.slice(0, -1))
    await picture(url, { width: 60 * scale, height: 60 * scale })
  }
})

test('sign: accepted as signed, refused when altered or unsigned', async () => {
  for (const [path, params] of [
    [cat, {}],
    [cat, { w: 120, h: 80, fit: 'crop' }],
    [cat, { auto: 'format,compress', ar: '16:9', fit: 'crop', w: 160 }],
    [cat, { w: 100, txt: "it's (ok)! *~", 'txt-size': 12 }],
    [cat, { w: 100, txt64: 'Hello, World!' }],
    [`/${folder}/it's (1)!.png`, { w: 8 }],
    [cat, { w: 100, expires: 4102444800 }],
  ]) {
    const url = build(signing, path, params)
    await picture(url, params.w ? { width: params.w } : {})
    await refused(tampered(url, 's'), 403)
    await refused(url.replace(/[?&]s=.*/, ''), 403)
    await refused(url.replace(/([?&])s=/, (_, mark) => `${mark}h=11&s=`), 403)
  }
})

test('sign: a key that is being replaced is still good, a foreign one is not', async () => {
  const old = new ImgixClient({ domain: 'signed.imgix.net', secureURLToken: world.secrets.imgixOld })
  await picture(build(old, cat, { w: 77 }), { width: 77 })
  const foreign = new ImgixClient({ domain: 'signed.imgix.net', secureURLToken: 'FOO123bar' })
  await refused(build(foreign, cat, { w: 77 }), 403)
})

test('sign: each URL of a signed srcset is accepted', async () => {
  for (const [url, descriptor] of srcset(signing, cat, {}, { widths: [100, 200, 300] })) {
    await picture(url, { width: parseInt(descriptor, 10) })
  }
})

test('sign: an expired URL is not found, however well it is signed', async () => {
  await refused(build(signing, cat, { w: 100, expires: 1600000000 }), 404)
})

test('web proxy: an address as the path, signed', async () => {
  const proxy = new ImgixClient({ domain: 'proxy.imgix.net', secureURLToken: world.secrets.imgix })
  const url = build(proxy, `http://127.0.0.1:${world.origin}/media/${cat}`, { w: 90 })
  assert.match(url, /\/http%3A%2F%2F127\.0\.0\.1/)
  await picture(url, { width: 90, height: 60 })
  await refused(tampered(url, 's'), 403)
})

test('fm=json: the sizes that imgix\'s Gatsby plugin reckons with', async () => {
  const { status, headers, body } = await get(build(open, cat, { fm: 'json' }))
  assert.equal(status, 200)
  assert.match(headers['content-type'], /^application\/json/)
  const told = JSON.parse(body)
  assert.deepEqual([told.PixelWidth, told.PixelHeight, told['Content-Type']], [451, 300, 'image/jpeg'])
})

test('errors: an unknown picture is 404, an unknown value harms nothing', async () => {
  await refused(build(open, `${folder}/no-such.jpg`, { w: 100 }), 404)
  await picture(build(open, cat, { w: 100, fit: 'nonsense', nosuch: '1', 'mark-align': '??' }), { width: 100 })
  assert.throws(() => new ImgixClient({ domain: 'localhost:8080' }), /fully-qualified/)
})

test('a purge as imgix documents it brings the new picture to every URL of the client', async () => {
  const name = `${folder}/changing.png`
  const url = build(open, name, { w: 30 })
  await replaced(name, url, async () => {
    const headers = { Authorization: `Bearer ${world.secrets.key}`, 'Content-Type': 'application/vnd.api+json' }
    const body = JSON.stringify({ data: { type: 'purges', attributes: { url: `https://x.imgix.net/${name}` } } })
    assert.equal((await get('https://api.imgix.com/api/v1/purge', { method: 'POST', headers, body })).status, 200)
  })
  near((await picture(build(open, name, { h: 10, fm: 'webp' }))).pixel(2, 2), [0, 0, 255])
})
