#!/usr/bin/env node
// Runs the vendors' own clients, unmodified, against a server of this build. Called by scripts/conformance.
//   node run.mjs [--write] [--only TEXT] [--keep]
// --write renews docs/conformance.md; without it the page is compared with what was seen. --only runs the suites whose file
// name holds TEXT and compares nothing. --keep leaves the folder of the run for a look, and says where it is.

import { execFileSync, spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { browserProgram } from './lib/browser-program.mjs'
import { differences, table } from './lib/page.mjs'
import { makeCertificates, PAGE_HOST, startOrigin, startProxy, startServer } from './lib/server.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '../..')
const page = path.join(root, 'docs/conformance.md')
const options = parse(process.argv.slice(2))

const folder = mkdtempSync(path.join(tmpdir(), 'afterimage-conformance-'))
const opened = []
const LONGEST = 10 * 60_000
setTimeout(() => {
  console.error(`conformance: not done after ${LONGEST / 60_000} minutes`)
  end(1)
}, LONGEST).unref()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(1))
await end(await main().catch((error) => {
  console.error(`conformance: ${error.stack}`)
  return 1
}))

/** Stops what was started and leaves nothing behind. */
async function end(code) {
  for (const close of opened.splice(0).reverse()) await close()
  if (options.keep) console.log(`kept: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

async function main() {
  const world = await build()
  const suites = readdirSync(path.join(here, 'suites')).filter((name) => name.includes(options.only)).sort()
  const node = suites.filter((name) => name.endsWith('.test.mjs')).map((name) => path.join(here, 'suites', name))
  const python = suites.filter((name) => /^test_.*\.py$/.test(name))
  const outcomes = [...await nodeSuites(node), ...await pythonSuites(python)]
  const results = gather(outcomes, world)
  writeFileSync(path.join(folder, 'results.json'), JSON.stringify(results, null, 2))
  if (process.env.AFTERIMAGE_CONFORMANCE_RESULTS) cpSync(path.join(folder, 'results.json'), process.env.AFTERIMAGE_CONFORMANCE_RESULTS)

  const notRun = JSON.parse(readFileSync(path.join(here, 'not-run.json'), 'utf8'))
  const text = table(results.filter(({ calls }) => calls), notRun)
  console.log(`\n${results.map((r) => `${r.failed ? 'FAILED' : 'ok'}  ${r.client} ${r.version}: ${r.passed} passed, ${r.failed} failed`).join('\n')}`)
  const [passed, failed] = [sum(results, 'passed'), sum(results, 'failed')]
  console.log(`\n${passed} passed, ${failed} failed`)
  if (options.only) return failed ? 1 : 0
  if (options.write) {
    writeFileSync(page, text)
    console.log(`wrote ${path.relative(process.cwd(), page)}`)
    return failed ? 1 : 0
  }
  const other = differences(existsSync(page) ? readFileSync(page, 'utf8') : '', text)
  if (other.length) console.log(`docs/conformance.md says otherwise (scripts/conformance --write renews it):\n${other.join('\n')}`)
  return failed || other.length ? 1 : 0
}

function sum(results, name) {
  return results.reduce((total, result) => total + result[name], 0)
}

/** Starts everything, and tells the suites where it is. */
async function build() {
  const certs = path.join(folder, 'certs')
  makeCertificates(root, certs)
  const samples = path.join(root, 'samples')
  const read = (name) => {
    for (const base of [path.join(folder, 'masters'), samples]) {
      const file = path.join(base, path.normalize(`/${name}`))
      if (existsSync(file)) return readFileSync(file)
    }
  }
  const origin = await startOrigin(read)
  opened.push(origin.close)
  const server = await startServer({ binary: options.binary, folder, certs })
  opened.push(server.stop)
  const reached = new Set()
  const proxy = await startProxy(server.https, reached)
  opened.push(proxy.close)

  const ca = path.join(certs, 'ca.pem')
  const authority = new X509Certificate(readFileSync(ca)).publicKey.export({ type: 'spki', format: 'der' })
  const world = {
    secrets: server.secrets, https: server.https, control: server.control, origin: origin.port,
    proxy: `http://127.0.0.1:${proxy.port}`,
    binary: options.binary,
    masters: path.join(folder, 'masters'), samples, calls: path.join(folder, 'calls.jsonl'),
    certs, ca, docs: path.join(root, 'docs'),
    authority: createHash('sha256').update(authority).digest('base64'),
    page: { host: PAGE_HOST, key: readFileSync(path.join(certs, 'key.pem'), 'utf8'), cert: readFileSync(path.join(certs, 'cert.pem'), 'utf8') },
    browser: browserProgram(),
  }
  writeFileSync(path.join(folder, 'world.json'), JSON.stringify(world))
  Object.assign(process.env, {
    CONFORMANCE_WORLD: path.join(folder, 'world.json'),
    HTTPS_PROXY: world.proxy, https_proxy: world.proxy, NO_PROXY: '', no_proxy: '',
    NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca,
  })
  return world
}

async function nodeSuites(files) {
  const outcomes = []
  if (!files.length) return outcomes
  const stream = run({ files, concurrency: 2, timeout: 120_000 })
  const note = (ok) => (data) => {
    // A file is reported as a test of its own, too.
    if (data.details?.type === 'suite' || data.name === data.file || files.includes(data.name)) {
      if (!ok && files.includes(data.name)) outcomes.push({ file: data.name, name: 'the suite itself', ok, skipped: false, last: true })
      return
    }
    const skipped = data.skip !== undefined
    outcomes.push({ file: data.file, name: data.name, ok, skipped })
    const reason = ok ? '' : `\n    ${String(data.details.error?.cause?.stack ?? data.details.error).replaceAll('\n', '\n    ')}`
    console.log(`${skipped ? 'skip' : ok ? 'ok  ' : 'FAIL'}  ${path.basename(data.file)}: ${data.name}${reason}`)
  }
  stream.on('test:pass', note(true))
  stream.on('test:fail', note(false))
  stream.on('test:stderr', ({ message }) => process.stderr.write(message))
  for await (const _ of stream);
  return outcomes
}

/** Python's suites report a line of JSON for each test. */
async function pythonSuites(names) {
  if (!names.length) return []
  const child = spawn(options.python, [path.join(here, 'suites/run.py'), ...names], { stdio: ['ignore', 'pipe', 'inherit'] })
  const outcomes = []
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    const outcome = JSON.parse(line)
    outcomes.push(outcome)
    console.log(`${outcome.skipped ? 'skip' : outcome.ok ? 'ok  ' : 'FAIL'}  ${outcome.file}: ${outcome.name}${outcome.error ? `\n    ${outcome.error.replaceAll('\n', '\n    ')}` : ''}`)
  }
  return outcomes
}

/** One row for each client: what was called, and how many tests passed. */
function gather(outcomes, world) {
  const rows = new Map()
  const lines = existsSync(world.calls) ? readFileSync(world.calls, 'utf8').trim().split('\n') : []
  for (const line of lines) {
    const { client, version, calls, file } = JSON.parse(line)
    rows.set(file, { client, version, calls, passed: 0, failed: 0, skipped: [] })
  }
  for (const { file, name, ok, skipped, last } of outcomes) {
    const key = path.basename(file)
    // A suite that is about no client, or that did not come to its end.
    if (!rows.has(key)) rows.set(key, { client: key, version: '', passed: 0, failed: 0, skipped: [] })
    const row = rows.get(key)
    if (last && row.failed) continue
    if (skipped) row.skipped.push(name)
    else row[ok ? 'passed' : 'failed'] += 1
  }
  return [...rows.values()].sort((a, b) => a.client.localeCompare(b.client))
}

function parse(words) {
  const found = { write: false, only: '', keep: false }
  for (let word; (word = words.shift());) {
    if (word === '--write') found.write = true
    else if (word === '--keep') found.keep = true
    else if (word === '--only') found.only = words.shift() ?? ''
    else {
      console.error('usage: run.mjs [--write] [--only TEXT] [--keep]')
      process.exit(2)
    }
  }
  found.binary = process.env.AFTERIMAGE_BIN
  found.python = process.env.AFTERIMAGE_PYTHON ?? 'python3'
  if (!found.binary || !existsSync(found.binary)) {
    console.error('conformance: AFTERIMAGE_BIN names no program; start it by scripts/conformance')
    process.exit(2)
  }
  execFileSync(found.binary, ['--version'])
  return found
}
