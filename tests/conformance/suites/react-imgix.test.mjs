import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import sharp from 'sharp'
import { launch } from '../lib/browser.mjs'
import { bundle } from '../lib/bundle.mjs'
import { candidates, client, master, picture, sample } from '../lib/client.mjs'

const { call, folder } = client('react-imgix')
const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const browser = await launch()
after(() => browser.close())

const host = 'https://x.imgix.net'
const loaded = `document.images.length && [...document.images].every((i) => i.complete && i.naturalWidth > 0)`

/** A page on which React draws this. */
const render = async (jsx, settled, view) => {
  const script = await bundle(`
    import React from 'react'
    import { createRoot } from 'react-dom/client'
    import Imgix, { Background, ImgixProvider, Picture, Source } from 'react-imgix'
    createRoot(document.getElementById('root')).render(${jsx})`)
  const body = `<!doctype html><html><body style="margin:0"><div id="root"></div><script>${script}</script></body></html>`
  return browser.open(body, settled, view)
}

test('<Imgix>: a fixed size, in the format that this browser likes best', async () => {
  const page = await call('Imgix', () => render(`<Imgix src="${host}/${cat}" width={90} height={60} imgixParams={{ fit: 'crop' }} />`, loaded))
  const source = await page.evaluate('document.images[0].currentSrc')
  assert.match(source, /auto=format/)
  assert.match(source, /ixlib=react-/)
  const [shown] = page.pictures().filter(({ url }) => url === source)
  assert.equal(shown.mimeType, 'image/avif')
  const { width, height } = await sharp(await page.bytes(shown)).metadata()
  assert.deepEqual([width, height], [90, 60])
  assert.deepEqual(page.failures, [])
})

test('<Imgix>: a responsive srcset', async () => {
  const page = await call('Imgix', () => render(`<Imgix src="${host}/${cat}" sizes="40vw" />`, loaded, { width: 1000 }))
  const { currentSrc, srcset } = await page.evaluate(`(({ currentSrc, srcset }) => ({ currentSrc, srcset }))(document.images[0])`)
  assert.equal(candidates(srcset).length, 31)
  const width = Number(new URL(currentSrc).searchParams.get('w'))
  assert.ok(width >= 400 && width < 560, `${width} for 400 pixels`)
  await picture(currentSrc, { width })
})

test('<Picture>: the source that fits the window', async () => {
  const jsx = `<Picture>
    <Source src="${host}/${cat}" width={80} htmlAttributes={{ media: '(min-width: 900px)' }} />
    <Imgix src="${host}/${cat}" width={40} />
  </Picture>`
  const wide = await call('Picture', () => render(jsx, loaded, { width: 1000 }))
  await picture(await wide.evaluate('document.images[0].currentSrc'), { width: 80 })
  const narrow = await call('Picture', () => render(jsx, loaded, { width: 500 }))
  await picture(await narrow.evaluate('document.images[0].currentSrc'), { width: 40 })
})

test('<ImgixProvider>: a domain, and paths below it', async () => {
  const page = await call('ImgixProvider', () => render(`<ImgixProvider domain="x.imgix.net"><Imgix src="/${cat}" width={50} /></ImgixProvider>`, loaded))
  await picture(await page.evaluate('document.images[0].currentSrc'), { width: 50 })
})

test('<Background>: the size of its place', async () => {
  const place = `<Background src="${host}/${cat}" className="place"><div style={{ width: 300, height: 120 }} /></Background>`
  const page = await call('Background', () => render(place, `getComputedStyle(document.querySelector('.place')).backgroundImage.includes('w=')`))
  const source = (await page.evaluate(`getComputedStyle(document.querySelector('.place')).backgroundImage`)).match(/url\("(.*)"\)/)[1]
  const { searchParams } = new URL(source)
  assert.equal(searchParams.get('fit'), 'crop')
  const { width, height } = await picture(source)
  const scale = Number(searchParams.get('dpr') ?? 1)
  assert.deepEqual([width, height], [searchParams.get('w') * scale, searchParams.get('h') * scale])
})
