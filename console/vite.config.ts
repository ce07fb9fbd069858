import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** A node to develop against; `DURE_NODE=http://localhost:8545 npm run dev`. */
const node = process.env['DURE_NODE'] ?? 'http://localhost:8545';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'build',
    target: 'es2022',
    // The policy of the page allows no data: script or style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    port: 9200,
    proxy: {
      '/rpc': { target: node, ws: true, rewrite: () => '/' },
      '/town.json': node,
      '/town/': node,
    },
  },
});
