// The server under test, with sites under the vendors' own host names, and what clients need in order to reach it.

import { spawn, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'

export const DELIVERY_HOSTS = [
  'x.imgix.net', 'signed.imgix.net', 'proxy.imgix.net', 'ik.imagekit.io', 'images.example.com',
  'demo.cloudimg.io', 'sealed.cloudimg.io', 'img.shop.example', 'signed.shop.example', 'img.imageboss.me',
]
// localhost: clients that let one choose where the API is, but cannot be told of a proxy.
export const API_HOSTS = ['api.imgix.com', 'api.imagekit.io', 'api.cloudimage.com', 'api.imageboss.me', 'localhost']
/** Where the pages of the browser's tests live. */
export const PAGE_HOST = 'www.shop.example'

/** Starts a server in `folder` and tells its addresses and secrets; `stop` ends it. */
export async function startServer({ binary, folder, certs }) {
  const secrets = {
    // ImageKit's private key signs URLs and opens the API; the others have one key for each.
    key: `private_${randomBytes(18).toString('hex')}`,
    imgix: randomBytes(8).toString('hex'),
    imgixOld: randomBytes(8).toString('hex'),
    cloudimage: randomBytes(8).toString('hex'),
    imageboss: randomBytes(16).toString('hex'),
  }
  for (const [name, text] of Object.entries(secrets)) writeFileSync(path.join(folder, `${name}.secret`), `${text}\n`)
  mkdirSync(path.join(folder, 'masters'), { recursive: true })
  const config = path.join(folder, 'afterimage.toml')
  writeFileSync(config, configuration({ folder, certs }))

  const child = spawn(binary, ['serve', '--config', config], {
    env: { ...process.env, AFTERIMAGE_API_KEY: secrets.key },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line)
      if (line.startsWith('API key')) resolve()
    })
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)))
    child.on('error', reject)
  })
  await ready
  const port = (words) => Number(said.find((line) => line.includes(words))?.match(/:\/\/127\.0\.0\.1:(\d+)/)?.[1])
  const [https, control] = [port('and over TLS on'), port('Control plane')]
  if (!https || !control) throw new Error(`the server names no addresses:\n${said.join('\n')}`)
  return {
    secrets,
    https,
    control,
    said,
    stop: () => new Promise((resolve) => {
      child.removeAllListeners('exit')
      child.on('exit', resolve)
      child.kill('SIGTERM')
    }),
  }
}

function configuration({ folder, certs }) {
  const masters = path.join(folder, 'masters')
  const secret = (name) => JSON.stringify(path.join(folder, `${name}.secret`))
  return `# Written by tests/conformance: one site for each host name that the clients call.
data = ${JSON.stringify(path.join(folder, 'data'))}

[listen]
delivery = "127.0.0.1:0"
control = "127.0.0.1:0"
delivery_tls = "127.0.0.1:0"
api_hosts = ${JSON.stringify(API_HOSTS)}

[[certificate]]
cert_file = ${JSON.stringify(path.join(certs, 'cert.pem'))}
key_file = ${JSON.stringify(path.join(certs, 'key.pem'))}

[log]
access = false

[source.pictures]
type = "local"
root = ${JSON.stringify(masters)}

# For addresses of pictures that stand in URLs; an origin of the tests' own answers there.
[source.web]
type = "proxy"
hosts = ["127.0.0.1"]
allow_private = true

[[site]]
name = "imgix"
dialect = "imgix"
hosts = ["x.imgix.net"]
sources = ["pictures"]

[[site]]
name = "imgix-signed"
dialect = "imgix"
hosts = ["signed.imgix.net"]
sources = ["pictures"]
signing = "required"
signing_secret_files = [${secret('imgix')}, ${secret('imgixOld')}]

[[site]]
name = "imgix-proxy"
dialect = "imgix"
hosts = ["proxy.imgix.net"]
sources = ["web"]
signing = "required"
signing_secret_files = [${secret('imgix')}]

[[site]]
name = "imagekit"
dialect = "imagekit"
hosts = ["ik.imagekit.io"]
sources = ["pictures"]
endpoint = "demo"
presets = { thumb = "w-64,h-48" }

[[site]]
name = "imagekit-signed"
dialect = "imagekit"
hosts = ["images.example.com"]
sources = ["pictures"]
signing = "required"
signing_secret_files = [${secret('key')}]

[[site]]
name = "cloudimage"
dialect = "cloudimage"
hosts = ["demo.cloudimg.io", "img.shop.example"]
sources = ["web"]
schemeless = true

[[site]]
name = "cloudimage-sealed"
dialect = "cloudimage"
hosts = ["sealed.cloudimg.io"]
sources = ["web"]
signing = "required"
signing_sealed = true
signing_secret_files = [${secret('cloudimage')}]

[[site]]
name = "imageboss-signed"
dialect = "imageboss"
hosts = ["signed.shop.example"]
sources = ["pictures"]
signing = "required"
signing_secret_files = [${secret('imageboss')}]

[[site]]
name = "imageboss"
dialect = "imageboss"
hosts = ["img.imageboss.me"]
sources = ["pictures", "web"]
sourceless = true
`
}

/** An authority and a certificate for all host names, by the project's own script. */
export function makeCertificates(root, folder) {
  const hosts = [...DELIVERY_HOSTS, ...API_HOSTS, PAGE_HOST]
  execFileSync(path.join(root, 'scripts/make-certs'), [folder, ...hosts], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * An HTTPS CONNECT proxy that takes every host to `port` on this machine: what a company's proxy or a line in the hosts
 * file does. It does not see, let alone change, what is said through it.
 */
export function startProxy(port, seen) {
  const proxy = http.createServer((request, response) => response.writeHead(501).end('only CONNECT'))
  proxy.on('connect', (request, client, head) => {
    seen.add(request.url)
    const upstream = net.connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
  })
  return listen(proxy)
}

/** A web server with the files of a folder under `/media/`, for sites that fetch from the web. */
export function startOrigin(read) {
  const types = { jpg: 'image/jpeg', png: 'image/png', gif: 'image/gif', svg: 'image/svg+xml' }
  return listen(http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://origin').pathname)
    const bytes = name.startsWith('/media/') && read(name.slice('/media/'.length))
    if (!bytes) return response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': types[name.split('.').pop()] ?? 'application/octet-stream' })
    response.end(bytes)
  }))
}

/** Resolves to the port once the server listens on a free one. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, close: () => server.close() }))
  })
}
