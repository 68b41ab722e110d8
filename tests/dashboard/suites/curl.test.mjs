// What a button asks the API, a terminal can ask too: each command that is copied is run as it is.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fill } from '../lib/fill.mjs'
import { ready, useWorld } from '../lib/world.mjs'

let purge
const world = useWorld(async (started) => {
  purge = await fill(started)
})

/** What a command prints, and the files that it writes. */
function run(command) {
  const folder = mkdtempSync(path.join(tmpdir(), 'afterimage-curl-'))
  const printed = execFileSync('bash', ['-ec', command], { cwd: folder, env: { ...process.env, AFTERIMAGE_API_KEY: world.key }, encoding: 'utf8' })
  const files = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
  rmSync(folder, { recursive: true })
  return { printed, files }
}
const json = ({ printed }) => JSON.parse(printed)

/** Page, the button's name, and what is so once its command was run. */
const COMMANDS = [
  ['analytics?range=1h', 'curl', (ran) => assert.equal(json(ran).step, 'minute')],
  ['analytics?range=1h', 'Copy csv export as curl', ({ files }) => assert.match(files['afterimage-stats.csv'], /^at,requests,.*previous_at,previous_requests/)],
  ['analytics?range=1h', 'Copy json export as curl', ({ files }) => assert.ok(JSON.parse(files['afterimage-stats.json']).previous_series)],
  ['logs?status=2xx', 'curl', (ran) => assert.ok(json(ran).lines.every(({ status }) => status === 200))],
  ['logs?status=2xx', 'Copy csv export as curl', ({ files }) => assert.match(files['afterimage-requests.csv'], /^id,time,/)],
  ['logs?status=2xx', 'Copy json export as curl', ({ files }) => assert.ok(JSON.parse(files['afterimage-requests.json']).lines.length > 5)],
  ['audit', 'curl', (ran) => assert.ok(json(ran).entries.length)],
  ['audit', 'Copy entries as curl', ({ files }) => assert.ok(files['afterimage-audit.ndjson'].trim().split('\n').map(JSON.parse).length > 5)],
  ['purge', 'Copy verification as curl', (ran) => assert.ok('verified' in json(ran))],
  ['purges', 'curl', (ran) => assert.ok(json(ran).purges.length)],
  ['purges/new?target=%2Fimgix%2Fdogs.jpg', 'Copy dry run as curl', (ran) => assert.equal(json(ran).dry_run, true)],
  ['takedowns', 'curl', (ran) => assert.equal(json(ran).takedowns.length, 2)],
  ['warmups', 'curl', (ran) => assert.ok(json(ran).warmups.length)],
  ['keys', 'curl', (ran) => assert.ok(json(ran).keys.length >= 3)],
  ['sites', 'curl', (ran) => assert.equal(json(ran).sites.length, 4)],
  ['sites', 'Copy as curl', (ran) => assert.equal(json(ran).sources[0].name, 'local')],
  ['settings', 'curl', (ran) => assert.ok(json(ran).settings.length)],
  ['me', 'curl', undefined],
  ['explain?url=%2Fimgix%2Fdogs.jpg%3Fw%3D120', 'curl', (ran) => assert.equal(json(ran).site, 'imgix')],
  ['explain?url=%2Fimgix%2Fdogs.jpg%3Fw%3D120', 'Make it, as curl', (ran) => assert.equal(json(ran).total, 1)],
  ['play?site=imgix&asset=dogs.jpg&with=w%3D200', 'As curl', (ran) => assert.match(json(ran).urls[0].url, /dogs\.jpg\?w=200/)],
  ['play?site=imgix&asset=dogs.jpg&with=w%3D200', 'Copy urls of the html as curl', ({ printed }) => assert.equal(printed.match(/"plan"/g).length, 2)],
]

test('every command that is copied does what it says', async () => {
  const { page, go, clipboard, done } = await world.open('')
  const before = (await world.call('GET', '/v1/purges?limit=1000')).body.purges.length
  let at
  for (const [to, name, so] of COMMANDS) {
    if (at !== to) {
      await go(to === 'purge' ? `purges/${purge}` : to)
      await ready(page)
      at = to
    }
    await page.getByRole('button', { name, exact: true }).first().click()
    const command = await clipboard()
    assert.match(command, /^curl -fsS.* -H "Authorization: Bearer \$AFTERIMAGE_API_KEY"/, `${to}: ${name}`)
    assert.ok(!command.includes(world.key))
    try {
      so?.(run(command))
    } catch (error) {
      throw new Error(`${to}: ${name}\n${command}\n${error.message}`)
    }
  }
  assert.equal((await world.call('GET', '/v1/purges?limit=1000')).body.purges.length, before, 'none of them purges')

  // Requests that come one by one are followed without a buffer.
  await go('logs?status=2xx')
  await page.getByRole('button', { name: 'Copy following as curl' }).click()
  assert.match(await clipboard(), /^curl -fsS -N .*\/v1\/logs\/tail\?status=2xx'$/)
  await done()
})

test('what changes something has its command where it is confirmed', async () => {
  const { page, go, clipboard, done } = await world.open('keys')
  const copied = async (dialog) => {
    await page.getByRole('dialog', { name: dialog }).getByRole('button', { name: 'Copy as curl' }).click()
    return clipboard()
  }
  await page.getByRole('button', { name: 'Rotate ops' }).click()
  assert.match(await copied(/Rotate/), /-X POST .*\/v1\/keys\/ops\/rotate'/s)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Revoke ops' }).click()
  assert.match(await copied(/Revoke/), /-X DELETE .*\/v1\/keys\/ops'/s)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'New key' }).first().click()
  assert.match(await copied('New key'), /-X POST .*\/v1\/keys'/s)
  await go('takedowns')
  await page.getByRole('button', { name: /^Lift/ }).first().click()
  assert.match(await copied(/Lift/), /-X DELETE .*\/v1\/takedowns\//s)
  await go('warmups')
  await page.getByRole('button', { name: 'Warm up' }).first().click()
  assert.match(await copied(/Warm up/), /-X POST .*\/v1\/warmups'/s)
  await go('audit')
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  assert.match(await copied(/Verify/), /\/v1\/audit\/verify/)
  await go('purges/new?target=%2Fimgix%2Fdogs.jpg')
  await page.getByRole('button', { name: 'See what would go' }).click()
  await page.getByRole('button', { name: 'Purge …' }).click()
  assert.match(await copied('Purge?'), /-X POST .*\/v1\/purges'/s)
  await go('play?site=imgix&asset=dogs.jpg')
  await page.getByRole('button', { name: 'Choose …' }).first().click()
  await page.getByRole('dialog', { name: 'Choose a picture' }).getByRole('button', { name: 'Copy search as curl' }).click()
  assert.match(await clipboard(), /\/v1\/masters\?site=imgix/)
  await done()
})
