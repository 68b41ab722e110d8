import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { createRequire } from 'node:module'
import { client, get, master, picture, sample, world } from '../lib/client.mjs'

const { call, folder } = client('imgix-url-params')
const { parameters, aliases, colorKeywordValues } = call('parameters.json', () => createRequire(import.meta.url)('imgix-url-params/dist/parameters.json'))
const cat = master(`${folder}/cat.jpg`, sample('cat.jpg'))

/** Every parameter by any of its names, as the table of this build lists them. */
function listed() {
  const text = execFileSync(world.binary, ['url', 'imgix', '--list', '--json'], { encoding: 'utf8' })
  const { parameters } = JSON.parse(text)
  return new Map(parameters.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row.name])))
}

test('every parameter of the package is known', () => {
  const known = listed()
  assert.equal(Object.keys(parameters).length, 203)
  const missing = Object.keys(parameters).filter((name) => !known.has(name))
  assert.deepEqual(missing, [])
})

test('every alias of the package names the same parameter', () => {
  const known = listed()
  // One alias is a name with its value: video-generate=vtt.
  const wrong = Object.entries(aliases).filter(([alias, name]) => known.get(alias.split('=')[0]) !== known.get(name))
  assert.deepEqual(wrong, [])
})

test('no parameter breaks a picture, whatever its value', async () => {
  for (const [name, { expects }] of Object.entries(parameters)) {
    // A time in the past is a good value, and ends the URL.
    if (name === 'expires') continue
    const values = ['%F0%9F%92%A9', '-99999999999', value(expects)]
    for (const text of values) {
      const url = `https://x.imgix.net/${cat}?w=16&h=16&${name}=${encodeURIComponent(text).replaceAll('%25', '%')}`
      const { status } = await get(url)
      // Values that are not base64 are the vendor's one reason for 400 here.
      assert.equal(status, 200, `${url} answered ${status}`)
    }
  }
})

/** A value that the package calls good. */
function value(expects) {
  const [{ type, possible_values: values, suggested_range: suggested, strict_range: strict }] = expects
  if (values?.length) return values[0]
  if (/color/.test(type)) return 'ff8800'
  if (/integer|number|unit_scalar/.test(type)) return String(suggested?.min ?? strict?.min ?? 1)
  if (type === 'ratio') return '3:2'
  if (type === 'boolean') return 'true'
  if (type === 'url' || type === 'path') return `/${folder}/cat.jpg`
  if (type === 'timestamp') return '4102444800'
  return '1'
}

test('every colour keyword of the package colours', async () => {
  // The package names the vendor's own colours, imgixblue and imgixorange, and does not say what they look like.
  for (const word of colorKeywordValues.filter((word) => !word.startsWith('imgix'))) {
    const plain = await get(`https://x.imgix.net/${cat}?w=4&h=8&fit=fill&fill=solid&fm=png&fill-color=${word}`, { headers: { 'Afterimage-Debug': '1' } })
    assert.equal(plain.status, 200)
    assert.equal(plain.headers['afterimage-warnings'], undefined, `${word}: ${plain.headers['afterimage-warnings']}`)
  }
  await picture(`https://x.imgix.net/${cat}?w=4&h=8&fit=fill&fill=solid&fill-color=rebeccapurple`, { width: 4, height: 8 })
})
