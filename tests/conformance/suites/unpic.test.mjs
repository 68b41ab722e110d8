import test from 'node:test'
import { transformUrl } from 'unpic'
import { client, master, picture, quarters, sample, world } from '../lib/client.mjs'

const { call, folder } = client('unpic')
const build = (what, ...more) => call('transformUrl', () => transformUrl(what, ...more).toString())
const cat = master(`${folder}/cat.jpg`, sample('cat.jpg')) // 451 x 300
const four = master(`${folder}/four.png`, await quarters(300, 200))

test('transformUrl: imgix', async () => {
  await picture(build({ url: `https://x.imgix.net/${four}`, provider: 'imgix', width: 90, height: 60 }), { width: 90, height: 60 })
  await picture(build({ url: `https://x.imgix.net/${cat}`, provider: 'imgix', width: 90, format: 'png', quality: 30 }), { width: 90, format: 'png' })
})

test('transformUrl: ImageKit', async () => {
  const url = `https://ik.imagekit.io/demo/${four}`
  await picture(build({ url, provider: 'imagekit', width: 90, height: 90 }), { width: 90, height: 90 })
  await picture(build({ url: `https://ik.imagekit.io/demo/tr:w-10/${four}`, width: 60, format: 'webp' }), { width: 60, format: 'webp' })
})

test('transformUrl: Cloudimage, which this client writes without a scheme', async () => {
  const options = { cloudimage: { token: 'demo' } }
  const address = `http://127.0.0.1:${world.origin}/media/${four}`
  await picture(build({ url: address, provider: 'cloudimage', width: 90, height: 90 }, {}, options), { width: 90, height: 90 })
  await picture(build({ url: `${address}?v=3`, provider: 'cloudimage', width: 90 }, {}, options), { width: 90, height: 60 })
})
