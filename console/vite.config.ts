import { svelte } from '@sveltejs/vite-plugin-svelte';
import path from 'node:path';
import { defineConfig } from 'vite';

/** A node to develop against; `DURE_NODE=http://localhost:8545 npm run dev`. */
const node = process.env['DURE_NODE'] ?? 'http://localhost:8545';

export default defineConfig({
  plugins: [svelte()],
  // The SDK as it stands beside the console; it uses the console's viem, so that there is one.
  resolve: { alias: { '@dure/sdk': path.join(import.meta.dirname, '../sdk/ts/src/index.ts') }, dedupe: ['viem'] },
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
      '/abi/': node,
      '/proof/': node,
      '/town.json': node,
      '/town/': node,
    },
  },
});
