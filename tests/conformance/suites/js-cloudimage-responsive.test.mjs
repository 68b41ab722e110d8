import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test, { after } from 'node:test'
import sharp from 'sharp'
import { launch } from '../lib/browser.mjs'
import { bundle } from '../lib/bundle.mjs'
import { client, get, master, picture, refused, sample, tampered, world } from '../lib/client.mjs'

const { call, folder } = client('js-cloudimage-responsive')
const big = master(`${folder}/big.jpg`, await sharp(sample('mountains.jpg')).resize(1200, 800).toBuffer())
const address = `http://127.0.0.1:${world.origin}/media/${big}`
const browser = await launch()
after(() => browser.close())
const script = {
  'low-preview': await bundle(`import 'js-cloudimage-responsive'`),
  plain: await bundle(`import 'js-cloudimage-responsive/dist/plain'`),
}

/** A page with the plugin on it. */
const open = (options, body, settled, view, edition = 'low-preview') => call(`new CIResponsive (${edition})`, () => browser.open(
  `<!doctype html><html><body style="margin:0">${body}<script>${script[edition]}
window.responsive = new CIResponsive(${JSON.stringify(options)})</script></body></html>`, settled, view))

/** The pictures that the page loaded from the server: URL, and the size of what came. */
const seen = async (page, host) => {
  const found = []
  for (const response of page.pictures().filter(({ url }) => new URL(url).host === host)) {
    assert.equal(response.status, 200, response.url)
    const { width, height, format } = await sharp(await page.bytes(response)).metadata()
    found.push({ url: new URL(response.url), raw: response.url, width, height, format })
  }
  return found
}
const shown = (host, more = '') => `[...document.images].some((i) => i.complete && i.naturalWidth > 60 && i.currentSrc.includes('${host}') ${more})`

test('the width of the container, rounded up, after a small preview', async () => {
  const body = `<div style="width:580px"><img ci-src="${address}" ci-ratio="1.5" alt=""></div>`
  const page = await open({ token: 'demo' }, body, shown('demo.cloudimg.io', '&& i.naturalWidth > 300'))
  const pictures = await seen(page, 'demo.cloudimg.io')
  const [main] = pictures.filter(({ url }) => url.searchParams.get('w') === '600')
  assert.deepEqual([main.width, main.height], [600, 400])
  const [preview] = pictures.filter(({ url }) => Number(url.searchParams.get('w')) < 100)
  assert.equal(preview.width, Number(preview.url.searchParams.get('w')))
  for (const { raw } of pictures) {
    assert.ok(raw.startsWith(`https://demo.cloudimg.io/v7/${address}?`), raw)
    assert.match(raw, /org_if_sml=1/)
  }
  assert.deepEqual(page.failures, [])
})

test('a dense screen gets the multiplied size of the srcset', async () => {
  const body = `<div style="width:200px"><img ci-src="${address}" ci-ratio="1.5" alt=""></div>`
  const page = await open({ token: 'demo', lazyLoading: false }, body, shown('demo.cloudimg.io'), { scale: 2 }, 'plain')
  const [main] = await seen(page, 'demo.cloudimg.io')
  assert.deepEqual([main.width, main.height], [400, 266])
})

test('a host of one\'s own without the version, and with parameters', async () => {
  const body = `<div style="width:358px"><img ci-src="${address}" ci-ratio="2" alt=""></div>`
  const options = { domain: 'img.shop.example', customDomain: true, apiVersion: null, exactSize: true, params: 'func=crop&gravity=auto&force_format=png' }
  const page = await open(options, body, shown('img.shop.example'), {}, 'plain')
  const [main] = await seen(page, 'img.shop.example')
  assert.ok(main.raw.startsWith(`https://img.shop.example/${address}?`), main.raw)
  assert.deepEqual([String(main.width), String(main.height), main.format], [main.url.searchParams.get('w'), main.url.searchParams.get('h'), 'png'])
  assert.equal(main.width, 358)
})

test('ci-params of one image, a background, a relative address', async () => {
  const body = `<div style="width:300px"><img ci-src="${big}" ci-params="gray=1&q=50" alt=""></div>
    <div id="back" style="width:300px;height:150px" ci-bg-url="${address}"></div>`
  const options = { token: 'demo', baseURL: `http://127.0.0.1:${world.origin}/media/`, lazyLoading: false }
  const page = await open(options, body, `${shown('gray=1')} && getComputedStyle(document.getElementById('back')).backgroundImage.includes('cloudimg')`, {}, 'plain')
  const pictures = await seen(page, 'demo.cloudimg.io')
  const [grey] = pictures.filter(({ url }) => url.searchParams.get('gray') === '1')
  assert.equal(grey.width, Number(grey.url.searchParams.get('w')))
  const back = await page.evaluate(`getComputedStyle(document.getElementById('back')).backgroundImage`)
  const source = back.match(/url\("(https:[^"]*)"\)/)[1]
  const { width } = await picture(source)
  assert.equal(width, Number(new URL(source).searchParams.get('w')))
})

test('sealed: what the page\'s author has sealed is taken, the plugin\'s own sizes beside it; an altered seal is not', async () => {
  // As the vendor documents it: the SHA-1 of the original's address, the sealed parameters and the salt.
  const eqs = Buffer.from('gray=1&force_format=png').toString('base64url')
  const seal = createHash('sha1').update(address + eqs + world.secrets.cloudimage).digest('hex')
  const body = `<div style="width:300px"><img ci-src="${address}" ci-params="ci_eqs=${eqs}&ci_seal=${seal}" alt=""></div>`
  const page = await open({ token: 'sealed', lazyLoading: false }, body, shown('sealed.cloudimg.io'), {}, 'plain')
  const [main] = await seen(page, 'sealed.cloudimg.io')
  assert.deepEqual([String(main.width), main.format], [main.url.searchParams.get('w'), 'png'])
  const [r, g, b] = (await picture(main.raw)).pixel(20, 20)
  assert.ok(r === g && g === b, 'grey')
  await picture(`${main.raw}&gray=0&force_format=jpeg`, { format: 'png' })
  await refused(tampered(main.raw, 'ci_seal'), 401)
  await refused(main.raw.replace(/ci_eqs=[^&]*/, `ci_eqs=${Buffer.from('w=1').toString('base64url')}`), 401)
  await refused(main.raw.replace(/&ci_eqs=.*/, ''), 401)
})

test('purge: the invalidation API brings the new picture to the plugin\'s URL', async () => {
  const name = master(`${folder}/changing.jpg`, await sharp({ create: { width: 900, height: 600, channels: 3, background: '#f00' } }).jpeg().toBuffer())
  const own = `http://127.0.0.1:${world.origin}/media/${name}`
  const body = `<div style="width:280px"><img ci-src="${own}" ci-ratio="1.5" alt=""></div>`
  const middle = async () => {
    const page = await open({ token: 'demo', lazyLoading: false }, body, shown('demo.cloudimg.io'), {}, 'plain')
    const [main] = page.pictures().filter(({ url }) => url.includes('demo.cloudimg.io'))
    const { dominant } = await sharp(await page.bytes(main)).stats()
    return dominant
  }
  assert.ok((await middle()).r > 200)
  master(name, await sharp({ create: { width: 900, height: 600, channels: 3, background: '#00f' } }).jpeg().toBuffer())
  assert.ok((await middle()).r > 200)
  const headers = { 'X-Client-Key': world.secrets.key, 'Content-Type': 'application/json' }
  const answer = await get('https://api.cloudimage.com/invalidate', { method: 'POST', headers, body: JSON.stringify({ scope: 'original', urls: [`/v7/${own}`] }) })
  assert.equal(answer.status, 201)
  const { invalidation } = JSON.parse(answer.body)
  const state = JSON.parse((await get(`https://api.cloudimage.com/invalidate/${invalidation.uuid}`, { headers })).body)
  assert.equal(state.invalidation.status, 'DONE')
  assert.ok((await middle()).b > 200)
})

test('errors: a missing picture is an error event of the image', async () => {
  const body = `<div style="width:200px"><img ci-src="http://127.0.0.1:${world.origin}/media/none.jpg" alt="" onerror="document.title = 'failed'"></div>`
  await open({ token: 'demo', lazyLoading: false }, body, `document.title === 'failed'`, {}, 'plain')
})
