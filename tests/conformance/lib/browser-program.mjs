import { execFileSync } from 'node:child_process'

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']

/** The browser's program, or nothing. */
export function browserProgram() {
  if (process.env.AFTERIMAGE_BROWSER) return process.env.AFTERIMAGE_BROWSER
  for (const name of NAMES) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch { /* the next name */ }
  }
}
