import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run dev` finds a server: a real one, or `npm run mock`. */
const server = process.env['BOTSERVER_URL'] ?? 'http://127.0.0.1:8099';

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: {
      $protocol: at('./protocol/index.ts'),
      $lib: at('./src/lib'),
      $ui: at('./src/ui'),
    },
    // Component tests mount in jsdom: take the browser half of Svelte there too.
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}),
  },
  build: {
    target: 'es2022',
    // Strict CSP: nothing inline, so no data: fonts or styles, and no inline preload helper.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: at('./index.html'), owner: at('./owner.html') },
    },
  },
  server: { proxy: { '/api': { target: server, ws: true } } },
  test: { environment: 'jsdom', include: ['tests/**/*.test.ts'] },
});
