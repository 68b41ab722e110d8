import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

const world = useWorld()
const get = (target, headers = {}) => fetch(world.pictures + target, { headers }).then((response) => response.arrayBuffer())
const stats = async (query = '') => (await world.call('GET', `/v1/stats?from=-1h&to=now${query}`)).body
const whole = new Intl.NumberFormat('en-GB')
/** The figure of a tile. */
const tile = (page, name) => page.locator('dl > .card').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) }).locator('.value')

test('before anything was asked for, the page says how to begin', async () => {
  const { page, done } = await world.open('analytics?range=1h')
  await page.getByText('Nothing was asked for in this time').waitFor()
  await done()
})

test('figures are those of the API, and grow with real traffic', async () => {
  for (let n = 0; n < 5; n += 1) await get('/imgix/cat.jpg?w=140')
  await get('/imgix/dogs.jpg?w=140', { referer: 'https://shop.example/page' })
  await get('/imgix/nowhere.jpg')
  const { page, done } = await world.open('analytics?range=1h')
  await tile(page, 'Requests').waitFor()
  const { totals } = await until('all are counted', async () => ((await stats()).totals.requests >= 7 ? stats() : undefined))
  await until('the page has them', async () => {
    if ((await tile(page, 'Requests').innerText()) === whole.format(totals.requests)) return true
    await page.reload()
    await tile(page, 'Requests').waitFor()
    return false
  })
  assert.equal(await tile(page, 'Hit ratio').innerText(), `${(totals.hit_ratio * 100).toFixed(1)} %`)
  assert.equal(await tile(page, 'Errors').innerText(), '1')

  const first = totals.requests
  for (let n = 0; n < 4; n += 1) await get('/imgix/cat.jpg?w=140')
  await until('four more are counted', async () => (await stats()).totals.requests === first + 4)
  // Without a reload: the page asks again by itself.
  await until('four more are shown', async () => (await tile(page, 'Requests').innerText()) === whole.format(first + 4), 25_000)
  await done()
})

test('behind each chart stands a table with the same figures', async () => {
  const { page, done } = await world.open('analytics?range=1h')
  const figure = page.getByRole('figure', { name: 'Requests' })
  await figure.getByText('As a table').click()
  const { series } = await stats()
  const counted = series.map(({ requests }) => requests).filter(Boolean)
  const rows = await figure.getByRole('row').evaluateAll((all) => all.slice(1).map((row) => [...row.querySelectorAll('td')].reduce((sum, cell) => sum + Number(cell.textContent.replaceAll(',', '')), 0)))
  assert.deepEqual(rows.filter(Boolean), counted)
  await figure.locator('canvas').waitFor()
  await done()
})

test('every view shows what was counted', async () => {
  await world.call('POST', '/v1/purges', { targets: [{ url: '/imgix/cat.jpg' }], mode: 'soft' })
  const { page, done } = await world.open('analytics?range=1h')
  const views = page.getByRole('navigation', { name: 'Views' })
  const { totals, tops } = await until('the purge is counted', async () => {
    const found = await stats()
    return found.totals.purges.count ? found : undefined
  })
  await views.getByRole('link', { name: 'Volume' }).click()
  await page.getByRole('figure', { name: 'Requests by status' }).waitFor()
  await views.getByRole('link', { name: 'Optimisation' }).click()
  for (const format of Object.keys(totals.formats).filter((name) => name.startsWith('image/'))) await page.getByRole('region', { name: 'Formats, by requests' }).getByText(format.replace('image/', ''), { exact: false }).first().waitFor()
  await views.getByRole('link', { name: 'Delivery' }).click()
  const status = page.getByRole('region', { name: 'Status' })
  assert.equal(await status.getByRole('link', { name: '404', exact: true }).getAttribute('href'), '/dashboard/logs?status=404')
  for (const [code, n] of Object.entries(totals.status)) assert.equal(await status.getByRole('row').filter({ has: page.getByRole('link', { name: code, exact: true }) }).locator('td').first().innerText(), whole.format(n))
  await views.getByRole('link', { name: 'Top lists' }).click()
  const pictures = page.getByRole('region', { name: 'Pictures', exact: true })
  assert.equal(await pictures.getByRole('row').nth(1).getByRole('link').first().innerText(), tops.masters[0].name)
  await page.getByRole('region', { name: 'Pages that show them' }).getByText('shop.example').first().waitFor()
  await page.getByRole('region', { name: 'Not there' }).getByText('nowhere.jpg').waitFor()
  await views.getByRole('link', { name: 'Purges' }).click()
  assert.equal(await tile(page, 'Purges').innerText(), String(totals.purges.count))
  await views.getByRole('link', { name: 'Sources' }).click()
  const local = page.getByRole('row').filter({ hasText: 'local' })
  await local.getByText('ok', { exact: true }).waitFor()
  assert.equal(new URL(page.url()).searchParams.get('view'), 'sources')
  await done()
})

const percent = (share) => (share === null ? '–' : `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)} %`)
const bytes = (value) => {
  const power = value < 999.5 ? 0 : value < 999_500 ? 1 : 2
  const scaled = value / 1000 ** power
  return `${scaled.toFixed(power === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2)} ${['B', 'KB', 'MB'][power]}`
}
const signed = (value) => (value < 0 ? `−${bytes(-value)}` : bytes(value))
const millis = (ms) => (ms === null ? '–' : ms < 0.01 ? '< 0.01 ms' : ms < 10 ? `${ms.toFixed(ms < 1 ? 2 : 1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`)
const wholeMillis = (ms) => (ms !== null && ms < 1 ? '< 1 ms' : millis(ms))
const of = (status, hundred) => Object.entries(status).reduce((all, [code, n]) => all + (code[0] === hundred ? n : 0), 0)
const fetched = ({ sources }) => Object.values(sources).reduce((all, source) => all + source.bytes, 0)
const saved = ({ saved }) => saved.master_bytes - saved.bytes
/** Each tile of each view, and what the API's totals make of it. */
const TILES = {
  overview: {
    Requests: (t) => whole.format(t.requests), 'Hit ratio': (t) => percent(t.hit_ratio), Bandwidth: (t) => bytes(t.bytes), 'Saved against originals': (t) => signed(saved(t)),
    'Latency, p95': (t) => millis(t.latency.all.p95_ms), Errors: (t) => whole.format(of(t.status, '4') + of(t.status, '5')),
  },
  volume: { Requests: (t) => whole.format(t.requests), Sent: (t) => bytes(t.bytes), 'An answer weighs': (t) => bytes(t.bytes / t.requests), 'Fetched from sources': (t) => bytes(fetched(t)), 'Pictures rendered': (t) => whole.format(t.renders.count) },
  optimisation: {
    'Saved against originals': (t) => signed(saved(t)), 'Of the originals’ weight': (t) => percent(saved(t) / t.saved.master_bytes), 'Pictures sent': (t) => bytes(t.saved.bytes),
    Rendered: (t) => whole.format(t.renders.count), 'A render takes, p95': (t) => millis(t.renders.p95_ms),
  },
  delivery: {
    'Hit ratio': (t) => percent(t.hit_ratio), 'A hit takes, p95': (t) => millis(t.latency.hit.p95_ms), 'A miss takes, p95': (t) => millis(t.latency.miss.p95_ms),
    'Refused, or not there': (t) => whole.format(of(t.status, '4')), Failed: (t) => whole.format(of(t.status, '5')),
  },
  purges: { Purges: (t) => whole.format(t.purges.count), 'Effective in, p95': (t) => wholeMillis(t.purges.effective.p95_ms), 'Erased in, p95': (t) => wholeMillis(t.purges.erased.p95_ms) },
}

test('each figure of each view is the API’s, of all sites and of one', async () => {
  await world.call('POST', '/v1/purges', { targets: [{ derivative: '/imgix/cat.jpg?w=140' }] })
  await until('the purges are erased', async () => {
    const { count, erased } = (await stats()).totals.purges
    return count === 2 && erased.count === 2
  })
  assert.equal((await stats('&site=imgix')).totals.purges.count, 2, 'both name something that imgix shows')
  assert.equal((await stats('&site=imageboss')).totals.purges.count, 1, 'a derivative is one site’s')
  const { page, go, done } = await world.open('')
  for (const site of ['', 'imageboss', 'imgix']) {
    const { totals, tops } = await stats(site && `&site=${site}`)
    for (const [view, tiles] of Object.entries(TILES)) {
      if (!totals.requests && view !== 'purges') continue
      await go(`analytics?range=1h&view=${view}&site=${site}`)
      for (const [name, figure] of Object.entries(tiles)) assert.equal(await tile(page, name).innerText(), figure(totals), `${view}, ${name}, ${site}`)
    }
    if (!totals.requests) continue
    await go(`analytics?range=1h&view=top&site=${site}`)
    // All lists come with the same answer.
    await page.getByRole('region', { name: 'Pictures', exact: true }).waitFor()
    for (const [title, list] of [['Pictures', tops.masters], ['Derivatives', tops.derivatives], ['Not there', tops.missing], ['Pages that show them', tops.referrers], ['Slowest', tops.slowest], ['Transformations', tops.transformations]]) {
      const rows = page.getByRole('region', { name: title, exact: true }).getByRole('row')
      assert.equal(await rows.count(), Math.min(10, list.length) + (list.length ? 1 : 0), title)
      for (const [number, one] of list.slice(0, 10).entries()) {
        const text = await rows.nth(number + 1).innerText()
        assert.ok(text.includes(one.name) && text.includes(title === 'Slowest' ? millis(one.max_ms) : whole.format(one.requests)), `${title}: ${text}`)
      }
    }
  }
  await done()
})

test('a brushed span is looked at closer, and going back leaves it', async () => {
  const { page, done } = await world.open('analytics?range=24h')
  const chart = page.getByRole('figure', { name: 'Requests' }).locator('.u-over')
  const box = await chart.boundingBox()
  await page.mouse.move(box.x + box.width * 0.75, box.y + 50)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.95, box.y + 50, { steps: 6 })
  await page.mouse.up()
  await page.getByText('by the minute').waitFor()
  const { searchParams } = new URL(page.url())
  const hours = (new Date(searchParams.get('to')) - new Date(searchParams.get('from'))) / 3_600_000
  assert.ok(hours > 3 && hours < 6, `${hours} hours`)
  await page.getByRole('button', { name: 'From … to …', pressed: true }).waitFor()
  await page.goBack()
  await page.getByText('by the hour').waitFor()
  await done()
})

test('the figures are taken away as CSV and JSON', async () => {
  const { page, done } = await world.open('analytics?range=1h&compare=0')
  const take = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name, exact: true }).click()])
    return readFileSync(await download.path(), 'utf8')
  }
  const csv = await take('CSV')
  assert.match(csv, /^at,requests,bytes,/)
  const json = JSON.parse(await take('JSON'))
  assert.equal(json.step, 'minute')
  assert.ok(json.totals.requests > 0)
  const rows = csv.trim().split('\r\n').slice(1)
  assert.equal(rows.reduce((sum, row) => sum + Number(row.split(',')[1]), 0), json.totals.requests)
  await done()
})

test('the overview has the figures of the last day', async () => {
  const { page, done } = await world.open('')
  const { totals } = (await world.call('GET', '/v1/stats')).body
  assert.equal(await tile(page, 'Requests').innerText(), whole.format(totals.requests))
  await done()
})
