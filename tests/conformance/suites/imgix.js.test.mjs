import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test, { after } from 'node:test'
import sharp from 'sharp'
import { launch } from '../lib/browser.mjs'
import { candidates, client, master, picture, refused, sample } from '../lib/client.mjs'

const { call, folder } = client('imgix.js')
const script = readFileSync(createRequire(import.meta.url).resolve('imgix.js/dist/imgix.min.js'), 'utf8')
const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const big = master(`${folder}/big.jpg`, await sharp(sample('mountains.jpg')).resize(1600).toBuffer()) // 1600 x 1200
const browser = await launch()
after(() => browser.close())

const html = (body) => `<!doctype html><html><head><meta property="ix:host" content="x.imgix.net"><meta property="ix:useHttps" content="true">
<script>${script}</script></head><body style="margin:0">${body}</body></html>`
const loaded = `[...document.images].every((i) => i.complete && i.naturalWidth > 0)`

test('ix-path: the browser picks a candidate of the srcset and shows it', async () => {
  const page = await call('ix-path', () => browser.open(html(`<img ix-path="${big}" sizes="50vw" alt="">`), loaded, { width: 1000 }))
  const image = await page.evaluate(`(({ currentSrc, srcset }) => ({ currentSrc, srcset }))(document.images[0])`)
  assert.equal(candidates(image.srcset).length, 30)
  const [shown] = page.pictures().filter(({ url }) => url === image.currentSrc)
  assert.equal(shown.status, 200)
  const { width, height } = await sharp(await page.bytes(shown)).metadata()
  assert.equal(String(width), new URL(image.currentSrc).searchParams.get('w'))
  assert.ok(width >= 500 && width < 700, `${width} for half of 1000 pixels`)
  assert.ok(Math.abs(height - width * 0.75) <= 1)
  assert.deepEqual(page.failures, [])
})

test('ix-path with a height: the srcset keeps it, and a dense screen takes a wider candidate', async () => {
  const body = `<img ix-path="${cat}" ix-params='{"h":80,"fit":"crop"}' sizes="100px" alt="">`
  const page = await call('ix-path', () => browser.open(html(body), loaded, { scale: 2 }))
  const source = await page.evaluate('document.images[0].currentSrc')
  const width = Number(new URL(source).searchParams.get('w'))
  assert.ok(width >= 200 && width < 260, `${width} for 100 pixels of a dense screen`)
  await picture(source, { width, height: 80 })
})

test('ix-src: whole addresses and auto=format, as this browser accepts it', async () => {
  const body = `<img ix-src="https://x.imgix.net/${cat}?w=60&auto=format" alt="">`
  const page = await call('ix-src', () => browser.open(html(body), loaded))
  const [shown] = page.pictures()
  assert.equal(shown.mimeType, 'image/avif')
  assert.equal((await sharp(await page.bytes(shown)).metadata()).compression, 'av1')
})

test('every width that the script offers is served', async () => {
  const page = await call('ix-path', () => browser.open(html(`<img ix-path="${cat}" sizes="100px" alt="">`), loaded))
  for (const [url, descriptor] of candidates(await page.evaluate('document.images[0].srcset')).filter((_, i) => i % 6 === 0)) {
    await picture(url, { width: parseInt(descriptor, 10) })
  }
})

test('errors: a missing picture is an error event of the image', async () => {
  const body = `<img ix-path="${folder}/none.jpg" sizes="100px" alt="" onerror="document.title = 'failed'">`
  const page = await call('ix-path', () => browser.open(html(body), `document.title === 'failed'`))
  await refused(await page.evaluate('document.images[0].currentSrc || document.images[0].src'), 404)
})
