// A server of this build over copies of the sample pictures, on ports of its own.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SAMPLES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../samples')

const DIALECTS = ['imgix', 'imagekit', 'cloudimage', 'imageboss']

/** A configuration with a site for each dialect, whose URLs are signed or not at all, and presets in its words. */
function signingSites(folder, photos) {
  writeFileSync(path.join(folder, 'sites.secret'), 'a-secret-of-the-tests\n')
  const presets = { imgix: 'w=90&h=60&fit=crop', imagekit: 'w-90,h-60', cloudimage: 'w=90&h=60&func=crop', imageboss: 'cover/90x60' }
  const site = (dialect) => `[[site]]\nname = "${dialect}"\ndialect = "${dialect}"\nprefix = "/${dialect}/"\nsources = ["local"]\nsigning = "required"\nsigning_secret_files = ["sites.secret"]\npresets = { card = ${JSON.stringify(presets[dialect])} }\n`
  const file = path.join(folder, 'afterimage.toml')
  const begin = `data = ${JSON.stringify(path.join(folder, 'data'))}\nlisten = { delivery = "127.0.0.1:0", control = "127.0.0.1:0" }\n[source.local]\ntype = "local"\nroot = ${JSON.stringify(photos)}\n`
  writeFileSync(file, begin + DIALECTS.map(site).join(''))
  return file
}

/** Starts a server, without configuration or (`signing`) with signed sites; `call` asks its native API with the environment's key, `stop` ends it and takes its folder away. */
export async function startServer({ signing = false } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'afterimage-dashboard-'))
  const photos = path.join(folder, 'photos')
  mkdirSync(photos)
  for (const name of readdirSync(SAMPLES)) if (/\.(jpg|png|gif)$/.test(name)) cpSync(path.join(SAMPLES, name), path.join(photos, name))
  const key = `environment_${randomBytes(18).toString('hex')}`
  const without = [photos, '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--data', path.join(folder, 'data')]
  const child = spawn(process.env.AFTERIMAGE_BIN, ['serve', ...(signing ? ['--config', signingSites(folder, photos)] : without)], {
    env: { ...process.env, AFTERIMAGE_API_KEY: key },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
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
  const stop = async () => {
    child.removeAllListeners('exit')
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  return { key, pictures, control, photos, call, stop }
}
