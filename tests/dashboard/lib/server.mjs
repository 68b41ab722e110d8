// A server of this build over copies of the sample pictures, on ports of its own.

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SAMPLES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../samples')

const DIALECTS = ['imgix', 'imagekit', 'cloudimage', 'imageboss']

/** A configuration with a site for each dialect, whose URLs are signed or not at all, and presets in its words. */
export function signedSites(photos, folder) {
  writeFileSync(path.join(folder, 'sites.secret'), 'a-secret-of-the-tests\n')
  const presets = { imgix: 'w=90&h=60&fit=crop', imagekit: 'w-90,h-60', cloudimage: 'w=90&h=60&func=crop', imageboss: 'cover/90x60' }
  const site = (dialect) => `[[site]]\nname = "${dialect}"\ndialect = "${dialect}"\nprefix = "/${dialect}/"\nsources = ["local"]\nsigning = "required"\nsigning_secret_files = ["sites.secret"]\npresets = { card = ${JSON.stringify(presets[dialect])} }\n`
  return `[source.local]\ntype = "local"\nroot = ${JSON.stringify(photos)}\n${DIALECTS.map(site).join('')}`
}

/** How long ago what is done by `earlier` is made to lie: within the span before the last hour. */
const EARLIER_MS = 90 * 60_000

/** Starts a server; `call` asks its native API with the environment's key, `stop` ends it and takes its folder away.
 *
 * `config` makes the text of a configuration out of the folders of pictures and of everything; without it there is none.
 * `earlier` is done with a server that is then started anew, and what was counted of it lies an hour and a half ago. */
export async function startServer({ config, earlier } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'afterimage-dashboard-'))
  const [photos, data, file] = ['photos', 'data', 'afterimage.toml'].map((name) => path.join(folder, name))
  mkdirSync(photos)
  for (const name of readdirSync(SAMPLES)) if (/\.(jpg|png|gif)$/.test(name)) cpSync(path.join(SAMPLES, name), path.join(photos, name))
  const key = `environment_${randomBytes(18).toString('hex')}`
  if (config) writeFileSync(file, `listen = { delivery = "127.0.0.1:0", control = "127.0.0.1:0" }\ndata = ${JSON.stringify(data)}\n${config(photos, folder)}`)
  const command = config ? ['serve', '--config', file] : ['serve', photos, '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--data', data]
  if (earlier) {
    const before = await launch(command, key)
    await earlier(before)
    await before.end()
    // Nothing but time makes figures old, and a test does not wait for it.
    const sql = `import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("UPDATE figures SET at = at - ${EARLIER_MS} WHERE span = 0"); db.commit()`
    execFileSync('python3', ['-c', sql, path.join(data, 'stats.db')])
  }
  const { end, ...server } = await launch(command, key)
  const stop = async () => {
    await end()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...server, photos, stop }
}

async function launch(command, key) {
  const child = spawn(process.env.AFTERIMAGE_BIN, command, { env: { ...process.env, AFTERIMAGE_API_KEY: key }, stdio: ['ignore', 'pipe', 'ignore'] })
  const said = []
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line)
      if (line.startsWith('API key')) resolve()
    })
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)))
    child.on('error', reject)
  })
  const address = (words) => said.find((line) => line.includes(words))?.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0]
  const [pictures, control] = [address('serves pictures'), address('Control plane')]

  const call = async (method, route, body, bearer = key) => {
    const response = await fetch(control + route, { method, headers: { authorization: `Bearer ${bearer}` }, body: body && JSON.stringify(body) })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text }
  }
  const end = async () => {
    child.removeAllListeners('exit')
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  return { key, pictures, control, call, end }
}
