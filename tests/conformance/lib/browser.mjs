// A real browser, driven over a pipe by the DevTools protocol: no driver, no download.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { world } from './client.mjs'
import { listen } from './server.mjs'

/** Starts the browser: every host but the pages' is the server under test, and its authority is trusted. */
export async function launch() {
  const pages = new Map()
  const server = https.createServer(world.page, (request, response) => {
    const html = pages.get(request.url)
    response.writeHead(html ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' }).end(html)
  })
  const { port } = await listen(server)
  const profile = mkdtempSync(path.join(path.dirname(world.masters), 'browser-'))
  // The variables that send Node and Python through the proxy would send the browser there, whatever its flags say.
  const { HTTPS_PROXY, https_proxy, ...env } = process.env
  const child = spawn(world.browser, [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--remote-debugging-pipe', `--user-data-dir=${profile}`,
    `--host-resolver-rules=MAP ${world.page.host} 127.0.0.1:${port}, MAP * 127.0.0.1:${world.https}`,
    `--ignore-certificate-errors-spki-list=${world.authority}`,
  ], { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  const [, , , input, output] = child.stdio
  const waiting = new Map()
  const listeners = new Set()
  let last = 0
  let rest = Buffer.alloc(0)
  output.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1)) {
      const message = JSON.parse(rest.subarray(0, end).toString())
      const reply = waiting.get(message.id)
      if (reply) {
        waiting.delete(message.id)
        message.error ? reply.reject(new Error(message.error.message)) : reply.resolve(message.result)
      } else for (const listener of listeners) listener(message)
    }
  })
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject })
    input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`)
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser ended'))
  })

  /** Opens a page with this HTML at the pages' host and waits until `settled`, an expression, is true in it. */
  const open = async (html, settled, { width = 1000, height = 800, scale = 1 } = {}) => {
    const name = createHash('sha1').update(html).digest('hex').slice(0, 12)
    pages.set(`/${name}`, html)
    const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    const tell = (method, params) => send(method, params, sessionId)
    const responses = []
    const failures = []
    listeners.add(({ method, params, sessionId: session }) => {
      if (session !== sessionId) return
      if (method === 'Network.responseReceived') responses.push({ id: params.requestId, ...params.response, type: params.type })
      if (method === 'Network.loadingFailed' && !params.canceled) failures.push(params)
      if (method === 'Runtime.exceptionThrown') failures.push(params.exceptionDetails)
    })
    await tell('Network.enable')
    await tell('Runtime.enable')
    await tell('Page.enable')
    await tell('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: false })
    await tell('Page.navigate', { url: `https://${world.page.host}/${name}` })
    const evaluate = async (expression) => {
      const { result, exceptionDetails } = await tell('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value
    }
    const until = Date.now() + 20_000
    for (;;) {
      // While a page is being replaced there may be nothing to ask yet.
      if (await evaluate(`document.readyState === 'complete' && Boolean(${settled})`).catch(() => false)) break
      if (Date.now() > until) {
        const now = await evaluate('document.body.innerHTML').catch(() => '')
        throw new Error(`the page never came to ${settled}: ${JSON.stringify(failures)}\n${responses.map((r) => `${r.status} ${r.url}`).join('\n')}\n${now}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const pictures = () => responses.filter((response) => response.type === 'Image' && response.url.startsWith('https:'))
    const bytes = async (response) => {
      const { body, base64Encoded } = await tell('Network.getResponseBody', { requestId: response.id })
      return Buffer.from(body, base64Encoded ? 'base64' : 'utf8')
    }
    return { evaluate, pictures, bytes, failures }
  }

  return {
    open,
    close: async () => {
      const ended = new Promise((resolve) => child.on('exit', resolve))
      await send('Browser.close').catch(() => {})
      await ended
      server.close()
      server.closeAllConnections()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
