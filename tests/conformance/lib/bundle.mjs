// What an application's own build does with packages that are not made for browsers as they are.

import { build } from 'esbuild'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** A script for browsers out of a program that imports packages. */
export async function bundle(program) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root, loader: 'jsx' },
    bundle: true, write: false, format: 'iife', outdir: root, logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.css': 'css' },
  })
  // A style sheet comes out as a file of its own.
  return outputFiles.filter(({ path: file }) => file.endsWith('.js')).map(({ text }) => text).join('\n').replaceAll('</script', '<\\/script')
}
