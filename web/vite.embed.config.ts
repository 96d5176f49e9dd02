import { defineConfig } from 'vite';

/** The launcher that other people's pages load: one classic script with a stable name, next to the app's build. */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2020',
    emptyOutDir: false,
    lib: {
      entry: 'src/embed/embed.ts',
      formats: ['iife'],
      name: 'BotServerEmbed',
      fileName: () => 'embed.js',
    },
  },
});
