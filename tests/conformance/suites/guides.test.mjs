// The migration guides are no client; what they tell people to write is tried out all the same.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { after } from 'node:test'
import { master, sample, world } from '../lib/client.mjs'

const folder = mkdtempSync(path.join(path.dirname(world.masters), 'guides-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(path.join(folder, 'srv'))
for (const name of ['shop.pem', 'shop.key']) copyFileSync(path.join(world.certs, name.replace('shop.pem', 'cert.pem').replace('shop.key', 'key.pem')), path.join(folder, name))
for (const name of ['imgix.token', 'imagekit.private', 'cloudimage.salt', 'imageboss.secret']) writeFileSync(path.join(folder, name), 'a secret of the tests\n')

const guides = path.join(world.docs, 'migrate')
const here = (text) => text.replaceAll('/etc/afterimage/', `${folder}/`).replaceAll('/var/lib/afterimage', `${folder}/data`).replaceAll('/srv/library', `${folder}/srv`)
const blocks = (text, language) => [...text.matchAll(new RegExp('```' + language + '\\n(.*?)```', 'gs'))].map(([, block]) => here(block))

for (const name of readdirSync(guides).filter((name) => name !== 'README.md')) {
  const text = readFileSync(path.join(guides, name), 'utf8')

  test(`${name}: its configuration is understood`, () => {
    const [config, ...more] = blocks(text, 'toml')
    assert.equal(more.length, 0)
    const file = path.join(folder, `${name}.toml`)
    writeFileSync(file, config)
    const { status, stdout, stderr } = spawnSync(world.binary, ['check-config', file], { encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  })

  test(`${name}: its commands are understood`, () => {
    const lines = blocks(text, 'sh').join('\n').split('\n').filter((line) => line.startsWith('afterimage url'))
    assert.ok(lines.length >= 2)
    for (const line of lines) {
      const said = execFileSync('sh', ['-c', `"$AFTERIMAGE"${line.slice('afterimage'.length)}`], { encoding: 'utf8', env: { ...process.env, AFTERIMAGE: world.binary } })
      assert.match(said, /plan|[?&/](s|ik-s|ci_sign|bossToken)=/, line)
    }
  })
}

test('compare: two URLs of one picture are alike, two of different ones are not', () => {
  const cat = master('guides/cat.jpg', sample('cat.jpg'))
  const compare = (ours) => spawnSync(world.binary, [
    'compare', '--vendor-url', `https://x.imgix.net/${cat}?w=200`, '--ours', ours, '--ca-file', world.ca,
    '--resolve', `x.imgix.net=127.0.0.1:${world.https}`, '--resolve', `ik.imagekit.io=127.0.0.1:${world.https}`,
  ], { encoding: 'utf8' })
  const alike = compare(`https://ik.imagekit.io/demo/tr:w-200,f-jpg/${cat}`)
  assert.equal(alike.status, 0, alike.stdout + alike.stderr)
  const other = compare(`https://ik.imagekit.io/demo/tr:w-180,f-jpg/${cat}`)
  assert.equal(other.status, 1, other.stdout + other.stderr)
})
