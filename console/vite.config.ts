import { svelte } from '@sveltejs/vite-plugin-svelte';
import path from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** A node to develop against; `DURE_NODE=http://localhost:8545 npm run dev`. */
const node = process.env['DURE_NODE'] ?? 'http://localhost:8545';

const sdk = (file: string) => path.join(import.meta.dirname, '../sdk/ts/src', file);

/** The SDK's curves and hashes: those of the console's lock file. Viem goes on with its own, which are older. */
const noble: Plugin = {
  name: 'noble-of-the-sdk',
  enforce: 'pre',
  resolveId(source, importer) {
    const ours = source.startsWith('@noble/') && importer?.startsWith(sdk(''));
    return ours ? this.resolve(source, path.join(import.meta.dirname, 'index.html'), { skipSelf: true }) : undefined;
  },
};

export default defineConfig({
  plugins: [noble, svelte()],
  // The SDK as it stands beside the console: its sources, with the console's viem and HPKE, so that there is one of each and none is
  // looked for in sdk/ts/node_modules, which a fresh clone has not.
  resolve: {
    alias: { '@dure/sdk/seal': sdk('seal.ts'), '@dure/sdk/proof': sdk('proof/index.ts'), '@dure/sdk/energy': sdk('energy/index.ts'), '@dure/sdk': sdk('index.ts') },
    dedupe: ['viem', 'hpke', '@panva/hpke-noble'],
  },
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
