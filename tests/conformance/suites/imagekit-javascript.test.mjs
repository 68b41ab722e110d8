import assert from 'node:assert/strict'
import test from 'node:test'
import { createRequire } from 'node:module'
import { candidates, client, master, near, picture, plain, quarters, sample, world } from '../lib/client.mjs'

const { buildSrc, buildTransformationString, getResponsiveImageAttributes } = createRequire(import.meta.url)('@imagekit/javascript')
const { call, folder } = client('@imagekit/javascript')
const urlEndpoint = 'https://ik.imagekit.io/demo'
const build = (what) => call('buildSrc', () => buildSrc({ urlEndpoint, ...what }))

const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(320, 200))

test('buildSrc: size, format, effects', async () => {
  for (const transformationPosition of ['query', 'path']) {
    await picture(build({ src: `/${four}`, transformationPosition, transformation: [{ width: 100, height: 80 }] }), { width: 100, height: 80 })
    await picture(build({ src: `/${cat}`, transformationPosition, transformation: [{ width: 100, quality: 40, format: 'webp', sharpen: true }] }), { width: 100, format: 'webp' })
  }
  const grey = await picture(build({ src: four, transformation: [{ grayscale: true, format: 'png' }] }))
  const [r, g, b] = grey.pixel(3, 3)
  assert.ok(r === g && g === b)
  for (const step of [{ contrastStretch: true }, { unsharpMask: true }, { unsharpMask: '2-2-0.8-0.024' }, { shadow: 'bl-15_st-40_x-10_y-N5', width: 100 }, { gradient: true }, { blur: 10 }, { radius: 'max' }, { opacity: 50 }, { flip: 'h' }, { trim: true }, { border: '5_FF0000' }, { rotation: 45 }, { lossless: true }, { page: 1 }, { original: true }]) {
    await picture(build({ src: four, transformation: [step] }))
  }
})

test('buildSrc: conditions and arithmetic', async () => {
  const text = 'if-ih_gte_200,w-120,if-else,w-60,if-end'
  await picture(build({ src: four, transformation: [{ raw: text }] }), { width: 120 })
  await picture(build({ src: `${folder}/cat.jpg`, transformation: [{ raw: 'if-iar_lt_1,w-120,if-else,w-60,if-end' }] }), { width: 60 })
  await picture(build({ src: four, transformation: [{ width: 'iw_div_4', height: 'ih_div_2' }] }), { width: 80, height: 100 })
  await picture(build({ src: four, transformation: [{ width: 'iw_mul_0.5_sub_10' }] }), { width: 150 })
})

test('buildSrc: overlays in layers', async () => {
  master(`${folder}/inner.png`, await plain(10, 10, '#ff00ff'))
  const overlay = {
    type: 'solidColor', color: '000000', position: { focus: 'bottom_right' },
    transformation: [{ width: 40, height: 40, }],
  }
  const dark = await picture(build({ src: four, transformation: [{ format: 'png', overlay }] }))
  near(dark.pixel(310, 190), [0, 0, 0])
  const image = { type: 'image', input: `${folder}/inner.png`, encoding: 'base64', position: { x: 'bw_mul_0.5', y: 0 }, transformation: [{ raw: 't-false' }] }
  const placed = await picture(build({ src: four, transformation: [{ format: 'png', overlay: image }] }))
  near(placed.pixel(165, 5), [255, 0, 255])
})

test('getResponsiveImageAttributes: each candidate of the srcset has its width', async () => {
  const attributes = call('getResponsiveImageAttributes', () => getResponsiveImageAttributes({
    src: `/${cat}`, urlEndpoint, width: 200, transformation: [{ height: 150, width: 225 }],
  }))
  await picture(attributes.src)
  const all = candidates(attributes.srcSet)
  assert.ok(all.length >= 2)
  for (const [url] of all) assert.equal((await picture(url)).width <= 225, true)
  const wide = call('getResponsiveImageAttributes', () => getResponsiveImageAttributes({ src: `/${cat}`, urlEndpoint, sizes: '50vw' }))
  for (const [url, descriptor] of candidates(wide.srcSet)) {
    await picture(url, { width: Math.min(451, parseInt(descriptor, 10)) })
  }
})

test('buildTransformationString: the same picture as by buildSrc', async () => {
  const transformation = [{ width: 64, height: 32 }, { rotation: 180 }]
  const text = call('buildTransformationString', () => buildTransformationString(transformation))
  const [a, b] = [await picture(`${urlEndpoint}/tr:${text}/${four}`, { width: 64, height: 32 }), await picture(build({ src: four, transformation }))]
  assert.deepEqual(a.body, b.body)
})
