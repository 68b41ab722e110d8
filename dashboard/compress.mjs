// Compresses what compresses well in dist, once, as hard as it goes: the server sends these as they are.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = path.resolve(import.meta.dirname, 'dist')
for (const name of readdirSync(dist, { recursive: true })) {
  const file = path.join(dist, name)
  if (!/\.(js|css|html|svg)$/.test(name) || statSync(file).size < 600) continue
  const text = readFileSync(file)
  writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }))
  writeFileSync(`${file}.br`, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }))
}
