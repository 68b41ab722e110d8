import test from 'node:test'
import { buildPixelDensitySrcSet, buildURL, buildWidthSrcSet } from 'imgix-url-builder'
import { buildSignedURL, SecureClient, signURL } from 'imgix-url-builder/node'
import { candidates, client, master, near, picture, quarters, refused, sample, tampered, world } from '../lib/client.mjs'

const { call, folder } = client('imgix-url-builder')
const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(300, 200))
const open = `https://x.imgix.net/`
const signed = `https://signed.imgix.net/`
const token = world.secrets.imgix
const build = (...what) => call('buildURL', () => buildURL(...what))

test('buildURL: names in camel case and whole words reach their parameters', async () => {
  await picture(build(open + four, { width: 90, height: 90, fit: 'crop' }), { width: 90, height: 90 })
  const { pixel } = await picture(build(open + four, { w: 90, h: 90, fit: 'fill', fill: 'solid', fillColor: '0f0' }), { width: 90, height: 90 })
  near(pixel(45, 2), [0, 255, 0])
  await picture(build(open + four, { maxW: 50, w: 100, h: 60, fit: 'crop' }), { width: 50, height: 60 })
  await picture(build(open + cat, { w: 50, fm: 'webp', q: 40, sat: -100 }), { width: 50, format: 'webp' })
})

test('buildURL: lists and parameters of the URL itself', async () => {
  const url = build(`${open}${four}?w=60&h=80&fit=crop&crop=left`, { crop: ['top', 'right'], h: 60 })
  const { pixel } = await picture(url, { width: 60, height: 60 })
  near(pixel(58, 2), [0, 255, 0])
})

test('buildWidthSrcSet and buildPixelDensitySrcSet: each entry has its size', async () => {
  for (const [url, width] of candidates(call('buildWidthSrcSet', () => buildWidthSrcSet(open + four, { widths: [30, 150, 450] })))) {
    await picture(url, { width: parseInt(width, 10) })
  }
  const densities = call('buildPixelDensitySrcSet', () => buildPixelDensitySrcSet(open + four, { width: 30, pixelDensities: [1, 2, 3.5] }))
  for (const [url, density] of candidates(densities)) await picture(url, { width: 30 * parseFloat(density) })
})

test('sign: accepted as signed, refused when altered', async () => {
  const urls = [
    call('signURL', () => signURL(`${signed}${cat}`, token)),
    call('signURL', () => signURL(`${signed}${cat}?w=100&txt=a+b%2Bc'd`, token)),
    call('buildSignedURL', () => buildSignedURL(`${signed}${cat}`, token, { width: 80, auto: ['format', 'compress'] })),
  ]
  for (const url of urls) {
    await picture(url)
    await refused(tampered(url, 's'), 403)
    await refused(url.replace(/[?&]s=.*/, ''), 403)
  }
})

test('SecureClient: signed paths, srcsets and the web proxy', async () => {
  const secure = new SecureClient({ baseURL: signed, secureURLToken: token })
  await picture(call('buildSignedURLForPath', () => secure.buildSignedURLForPath(cat, { width: 70 })), { width: 70 })
  const set = call('buildSignedWidthSrcSet', () => secure.buildSignedWidthSrcSet(signed + cat, { widths: [40, 80] }))
  for (const [url, width] of candidates(set)) await picture(url, { width: parseInt(width, 10) })
  const proxy = new SecureClient({ baseURL: 'https://proxy.imgix.net', secureURLToken: token })
  const url = call('buildWebProxyURL', () => proxy.buildWebProxyURL(`http://127.0.0.1:${world.origin}/media/${cat}`, { width: 60 }))
  await picture(url, { width: 60, height: 40 })
  await refused(tampered(url, 's'), 403)
})
