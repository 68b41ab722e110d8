import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// Where `npm run dev` finds a running server's control plane.
const control = process.env.AFTERIMAGE_CONTROL ?? 'http://127.0.0.1:8081'

export default defineConfig({
  base: '/dashboard/',
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // light-dark() stays as it is written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // A data: URL in a style sheet or script would only be fetched once more by every page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false, bundlerTimings: false } as Record<string, boolean> },
  },
  server: { proxy: { '/v1': control, '/readyz': control, '/healthz': control } },
})
