// What a suite of one client uses: the running server, the record of calls, pictures, and a way to fetch as an application
// would. Nothing here touches the clients themselves.

import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import path from 'node:path'
import tls from 'node:tls'
import sharp from 'sharp'

export const world = JSON.parse(readFileSync(process.env.CONFORMANCE_WORLD, 'utf8'))
const require = createRequire(import.meta.url)

/**
 * Names the client that this file is about. The version is read from what is installed; `calls` are counted for the
 * table in docs/conformance.md.
 */
export function client(name) {
  const version = installed(name)
  const calls = {}
  process.on('exit', () => appendFileSync(world.calls, `${JSON.stringify({ client: name, version, calls, file: path.basename(process.argv[1]) })}\n`))
  /** Runs one call of the client and counts it. */
  const call = (label, action) => {
    calls[label] = (calls[label] ?? 0) + 1
    return action()
  }
  return { name, version, call, folder: name.replace(/[^a-z0-9]+/gi, '-').replace(/^-/, '') }
}

function installed(name) {
  for (const base of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(path.join(base, name, 'package.json'), 'utf8')).version
    } catch { /* the next folder up */ }
  }
  throw new Error(`${name} is not installed: run scripts/conformance`)
}

/** An agent that reaches every https host through the CONNECT proxy; the certificate is checked as always. */
class Tunnel extends https.Agent {
  createConnection(options, done) {
    const { hostname, port } = new URL(world.proxy)
    const target = `${options.host}:${options.port}`
    http.request({ host: hostname, port, method: 'CONNECT', path: target, agent: false })
      .on('connect', (answer, socket) => {
        if (answer.statusCode !== 200) return done(new Error(`the proxy says ${answer.statusCode}`))
        done(null, tls.connect({ ...options, socket, servername: options.servername || options.host }))
      })
      .on('error', done)
      .end()
  }
}

/** Lets clients that ask Node's own https module, and know no proxy, through the proxy too. */
export function tunnelHttps() {
  https.globalAgent = new Tunnel({ keepAlive: true })
}

const agent = new Tunnel({ keepAlive: true })

/** Fetches a URL as it is. */
export function get(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request(new URL(url), { method, headers, agent, timeout: 60_000 }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error(`${url} says nothing for a minute`)))
    request.on('error', reject)
    request.end(body)
  })
}

/** Fetches a picture, decodes all of it, and holds its size and format against what is expected. */
export async function picture(url, expected = {}, headers = {}) {
  const { status, body, headers: answered } = await get(url, { headers })
  assert.equal(status, 200, `${url} answered ${status}: ${body.toString('utf8', 0, 200)}`)
  const image = sharp(body, { animated: expected.pages !== undefined })
  const { data, info } = await image.clone().raw().toBuffer({ resolveWithObject: true })
  const { format, pages } = await image.metadata()
  const found = { width: info.width, height: info.height, format: format === 'heif' ? 'avif' : format, pages }
  for (const [name, value] of Object.entries(expected)) assert.equal(found[name], value, `${name} of ${url}`)
  return { ...found, body, headers: answered, pixel: (x, y) => pixel(data, info, x, y) }
}

const pixel = (data, { width, channels }, x, y) => [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)]

/** The URL is refused with this status. */
export async function refused(url, status, headers = {}) {
  const answer = await get(url, { headers })
  assert.equal(answer.status, status, `${url} answered ${answer.status}`)
  return answer
}

/** Writes a master picture into the folder that the server reads, and gives its path there. */
export function master(name, bytes) {
  const file = path.join(world.masters, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, bytes)
  return name
}

/** One of the project's sample pictures. */
export const sample = (name) => readFileSync(path.join(world.samples, name))

/** A picture of one colour. */
export function plain(width, height, background, format = 'png') {
  return sharp({ create: { width, height, channels: 3, background } }).toFormat(format).toBuffer()
}

/** A picture of four colours: red and green above, blue and white below. */
export async function quarters(width, height, format = 'png') {
  const part = (left, top, background) => ({
    input: { create: { width: width / 2, height: height / 2, channels: 3, background } }, left, top,
  })
  return sharp({ create: { width, height, channels: 3, background: '#fff' } })
    .composite([part(0, 0, '#f00'), part(width / 2, 0, '#0f0'), part(0, height / 2, '#00f')])
    .toFormat(format).toBuffer()
}

/** The pixel is this colour, but for the loss of an encoder. */
export function near(found, expected, tolerance = 12) {
  const far = expected.some((value, i) => Math.abs(found[i] - value) > tolerance)
  assert.ok(!far, `the colour is ${found}, expected about ${expected}`)
}

/** The same URL with one character of a signature changed. */
export function tampered(url, parameter) {
  const changed = url.replace(new RegExp(`([?&/]${parameter}[=:])(.)`), (_, start, digit) => start + (digit === '0' ? '1' : '0'))
  assert.notEqual(changed, url, `${parameter} stands in ${url}`)
  return changed
}

/** The candidates of a srcset: `[url, descriptor]`. */
export const candidates = (srcset) => srcset.split(/,\s+/).map((entry) => entry.trim().split(/\s+/))

/**
 * Replaces a master behind the server's back, makes sure that the old picture is still served, lets `purge` do its work,
 * and expects the new one.
 */
export async function replaced(name, url, purge) {
  master(name, await plain(64, 48, '#ff0000'))
  near((await picture(url)).pixel(5, 5), [255, 0, 0])
  master(name, await plain(64, 48, '#0000ff'))
  near((await picture(url)).pixel(5, 5), [255, 0, 0])
  const said = await purge()
  near((await picture(url)).pixel(5, 5), [0, 0, 255])
  return said
}
