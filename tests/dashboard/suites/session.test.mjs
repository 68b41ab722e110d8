import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useWorld } from '../lib/world.mjs'

const world = useWorld()

test('a browser that asks for / comes to the dashboard', async () => {
  const { page, done } = await world.open('', { key: null })
  await page.goto(world.control)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/dashboard/')
  await done()
})

test('a wrong key is refused in words, a right one opens the page that was asked for', async () => {
  const { page, signIn, done } = await world.open('takedowns?all=1', { key: null, refusals: [401] })
  await signIn('not-a-key')
  await page.getByText('This key is not valid').waitFor()
  assert.equal(await page.getByLabel('API key').getAttribute('aria-invalid'), 'true')
  await signIn(world.key)
  await page.getByRole('heading', { level: 1, name: 'Takedowns' }).waitFor()
  assert.equal(new URL(page.url()).search, '?all=1')
  assert.equal(await page.title(), 'Takedowns · Afterimage')
  await done()
})

test('the key stays in no place that a script can read', async () => {
  const { page, done } = await world.open()
  const readable = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]))
  assert.ok(!readable.includes(world.key))
  assert.ok(!readable.includes('afterimage_session'))
  const [cookie] = await page.context().cookies()
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['afterimage_session', true, 'Strict'])
  await done()
})

test('who is signed in is shown; signing out ends it here and on the server', async () => {
  const { page, go, done } = await world.open()
  await page.getByText('Signed in as environment').first().waitFor()
  const [cookie] = await page.context().cookies()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const answer = await fetch(`${world.control}/v1/session`, { headers: { cookie: `${cookie.name}=${cookie.value}` } })
  assert.equal(answer.status, 401)
  await go('purges')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await done()
})

test('a key that is revoked ends what is open with it, and says so', async () => {
  const { body } = await world.call('POST', '/v1/keys', { name: 'brief', roles: ['read', 'admin'] })
  const { page, go, done } = await world.open('', { key: body.key, refusals: [401] })
  await world.call('DELETE', '/v1/keys/brief')
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Takedowns' }).click()
  await page.getByText('Your session has ended').waitFor()
  assert.equal(new URL(page.url()).pathname, '/dashboard/takedowns', 'to go on where one was')
  await go('')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await done()
})

test('a key sees the pages that its roles open', async () => {
  const { body } = await world.call('POST', '/v1/keys', { name: 'looker', roles: ['read'] })
  const { page, go, done } = await world.open('', { key: body.key })
  const links = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allTextContents()
  assert.ok(links.includes('Purges') && !links.includes('API keys'), links.join())
  assert.equal(await page.getByRole('link', { name: 'New purge' }).count(), 0)
  for (const path of ['keys', 'purges/new']) {
    await go(path)
    await page.getByText('Not with this key').waitFor()
  }
  await done()
})

test('the theme is the system’s until one is chosen, which lasts', async () => {
  const { page, go, done } = await world.open('', { theme: 'dark' })
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await background()
  await page.getByRole('button', { name: 'Light', exact: true }).click()
  const light = await background()
  assert.notEqual(light, dark)
  await go('purges')
  assert.equal(await background(), light)
  await page.getByRole('button', { name: 'As the system' }).click()
  assert.equal(await background(), dark)
  await done()
})
