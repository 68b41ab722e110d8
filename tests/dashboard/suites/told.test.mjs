// What takes a configuration, or a past: load times that browsers tell, webhooks, and the span before.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { after, test } from 'node:test'
import { until, useWorld } from '../lib/world.mjs'

const whole = new Intl.NumberFormat('en-GB')
const listen = (answer) =>
  new Promise((resolve) => {
    const server = createServer(answer)
    server.listen(0, '127.0.0.1', () => resolve({ server, origin: `http://127.0.0.1:${server.address().port}` }))
  })

/** Refuses whatever is told of a purge until it is told otherwise. */
let refuses = true
const told = []
const receiver = await listen((request, response) => {
  let body = ''
  request.on('data', (piece) => (body += piece)).on('end', () => {
    told.push({ path: request.url, refused: refuses, ...JSON.parse(body) })
    response.writeHead(refuses ? 503 : 204).end()
  })
})

/** A page of another origin with pictures of the server, and the script that tells how long they took. */
const widths = [61, 62, 63]
let pictures = ''
const shop = await listen((_, response) => {
  const policy = `default-src 'none'; img-src ${pictures}; script-src ${pictures}; connect-src ${pictures}`
  response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
  const images = widths.map((width) => `<img src="${pictures}/imgix/cat.jpg?w=${width}" alt="">`).join('')
  response.end(`<!doctype html><title>A shop</title>${images}<script src="${pictures}/imgix/_afterimage/load.js" defer></script>`)
})
after(() => [receiver, shop].forEach(({ server }) => server.close()))

const EARLIER = [5, 2]
const world = useWorld(async (started) => (pictures = started.pictures), {
  config: (photos, folder) => {
    const secret = path.join(folder, 'webhook.secret')
    writeFileSync(secret, 'a secret that nobody guesses, ever')
    const site = (name) => `[[site]]\nname = "${name}"\ndialect = "${name}"\nprefix = "/${name}"\nsources = ["local"]\n`
    return `[source.local]\ntype = "local"\nroot = ${JSON.stringify(photos)}\n${site('imgix')}beacon = true\n${site('imagekit')}[[webhook]]\nurl = "${receiver.origin}/everywhere/token"\nsecret_file = ${JSON.stringify(secret)}\n`
  },
  earlier: async (server) => {
    for (let n = 0; n < EARLIER[0]; n += 1) await fetch(`${server.pictures}/imgix/cat.jpg?w=60`).then((answer) => answer.arrayBuffer())
    for (let n = 0; n < EARLIER[1]; n += 1) await fetch(`${server.pictures}/imgix/nowhere.jpg`).then((answer) => answer.arrayBuffer())
  },
})
const stats = async (query = '') => (await world.call('GET', `/v1/stats?from=-1h&to=now${query}`)).body

test('charts draw the span before, dashed, and say its figures', async () => {
  for (let n = 0; n < 3; n += 1) await fetch(`${world.pictures}/imgix/dogs.jpg?w=60`).then((answer) => answer.arrayBuffer())
  await until('they are counted', async () => (await stats()).totals.requests === 3)
  const compared = await stats('&compare=1')
  const sum = (series) => series.reduce((all, { requests }) => all + requests, 0)
  assert.deepEqual([sum(compared.series), sum(compared.previous_series), compared.previous.requests], [3, 7, 7])
  const shift = new Date(compared.to) - new Date(compared.from)
  compared.series.forEach(({ at }, place) => assert.equal(new Date(at) - new Date(compared.previous_series[place].at), shift))

  const { page, done } = await world.open('analytics?range=1h')
  const figure = page.getByRole('figure', { name: 'Requests' })
  await figure.getByText('Span before').first().waitFor()
  assert.match(await figure.locator('.legend').innerText(), /Span before\s+together\s+7\s+without errors\s+5\s+errors\s+2/)
  const spoken = await figure.getByRole('img').getAttribute('aria-label')
  assert.match(spoken, /without errors: 3, in the span before 5; errors: 0, in the span before 2/)
  assert.match(await page.getByRole('figure', { name: 'Hit ratio' }).locator('.legend').innerText(), new RegExp(`Span before\\s+out of the cache\\s+${(compared.previous.hit_ratio * 100).toFixed(1)} %`))

  // Every figure of both spans is in the table.
  await figure.getByText('As a table').click()
  const heads = await figure.getByRole('columnheader').allInnerTexts()
  assert.deepEqual(heads.map((text) => text.toLowerCase()), ['from', 'without errors', 'errors', 'span before', 'without errors, before', 'errors, before'])
  const rows = await figure.getByRole('row').evaluateAll((all) => all.slice(1).map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)))
  const column = (number) => rows.reduce((all, cells) => all + Number(cells[number]), 0)
  assert.deepEqual([column(0), column(1), column(3), column(4)], [3, 0, 5, 2])
  await figure.getByText('As a table').click()

  // A step that is pointed at tells the step of the span before that is beside it.
  const place = compared.previous_series.findIndex(({ requests }) => requests > 0)
  const box = await figure.locator('.u-over').boundingBox()
  await page.mouse.move(box.x + (box.width * (place + 0.5)) / compared.series.length, box.y + 40)
  const timeZone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  const minute = (at) => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(at))
  await until('it is told', async () => (await figure.locator('.legend').innerText()).includes(minute(compared.previous_series[place].at)))
  assert.match(await figure.locator('.legend').innerText(), new RegExp(`together\\s+${compared.previous_series[place].requests}\\b`))
  await page.mouse.move(0, 0)

  // Taken away, both spans are in the file.
  const take = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name, exact: true }).click()])
    return readFileSync(await download.path(), 'utf8')
  }
  const [head, ...lines] = (await take('CSV')).trim().split('\r\n').map((line) => line.split(','))
  const at = head.indexOf('previous_requests')
  assert.equal(lines.reduce((all, line) => all + Number(line[at]), 0), 7)
  assert.equal(sum(JSON.parse(await take('JSON')).previous_series), 7)

  await page.getByLabel('Compare with the span before').uncheck()
  await until('it is gone', async () => !(await figure.innerText()).includes('before'))
  await done()
})

test('load times that a browser tells of another origin’s page are counted and shown', async () => {
  const context = await world.browser.newContext()
  const page = await context.newPage()
  const wrong = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text()))
  page.on('requestfailed', (request) => wrong.push(`${request.url()} failed`))
  await page.goto(shop.origin, { waitUntil: 'load' })
  const seen = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('cat.jpg')).map(({ duration, responseStart, decodedBodySize }) => ({ duration, responseStart, decodedBodySize })))
  assert.equal(seen.length, widths.length)
  // Without Timing-Allow-Origin these two are 0 for pictures of another origin.
  for (const { responseStart, decodedBodySize } of seen) assert.ok(responseStart > 0 && decodedBodySize > 0, JSON.stringify(seen))
  assert.equal((await stats()).totals.loads.count, 0, 'nothing is told while the page is looked at')
  await page.goto('about:blank')
  const { loads } = await until('they are told', async () => {
    const { totals } = await stats('&site=imgix')
    return totals.loads.count ? totals : undefined
  })
  assert.equal(loads.count, widths.length)
  assert.equal(loads.max_ms, Math.round(Math.max(...seen.map(({ duration }) => duration))))
  assert.equal((await stats('&site=imagekit')).totals.loads.count, 0)
  assert.deepEqual(wrong, [])
  await context.close()

  const shown = await world.open('analytics?range=1h&view=delivery')
  const tile = shown.page.locator('dl > .card').filter({ hasText: 'Browsers load in, p95' })
  await tile.getByText(`${widths.length} told`).waitFor()
  await shown.page.getByRole('figure', { name: 'Load times in browsers' }).waitFor()
  await shown.done()
})

test('how a purge’s webhooks fare is on its page, and changes there', async () => {
  const { body } = await world.call('POST', '/v1/purges', { targets: [{ master: 'local/cat.jpg' }], webhook: `${receiver.origin}/mine/token?key=token` })
  const { page, done } = await world.open(`purges/${body.id}`)
  const rows = page.getByRole('region', { name: 'Webhooks' }).getByRole('row')
  const mine = rows.filter({ hasText: 'named by this purge' }).filter({ hasText: 'effective' })
  await mine.getByText('failed', { exact: true }).waitFor()
  await mine.getByText('it answered 503', { exact: false }).waitFor()
  assert.ok(told.some(({ path: to, refused, data }) => to === '/mine/token?key=token' && refused && data.id === body.id))
  assert.doesNotMatch(await page.content(), /token|nobody guesses/)

  refuses = false
  await mine.getByText('delivered', { exact: true }).waitFor()
  await mine.getByText('it answered 204').waitFor()
  // Site-wide ones are there too, and what it is erased is told as well.
  await until('all are delivered', async () => (await rows.filter({ hasText: 'delivered' }).count()) === 4)
  assert.equal(await rows.filter({ hasText: 'of the configuration' }).count(), 2)
  const { webhooks } = (await world.call('GET', `/v1/purges/${body.id}`)).body
  const attempts = webhooks.find(({ event, own }) => own && event === 'effective').attempts
  assert.ok(attempts >= 2, `${attempts} attempts`)
  assert.equal(await mine.getByRole('cell').nth(3).innerText(), whole.format(attempts))
  await done()
})
