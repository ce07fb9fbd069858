/** The chain, as viem describes one. */
import { type Chain, defineChain } from 'viem';

export interface DureOptions {
  /** EIP-155 id; every development chain has the default one. */
  id?: number;
  name?: string;
  http?: string;
  webSocket?: string;
}

/** Chain id of `dure dev`. */
export const DEV_CHAIN_ID = 20_260;

/** A Dure chain through one of its nodes: no coin, no fee, and what is in a block is final. */
export const dure = ({ id = DEV_CHAIN_ID, name = 'Dure', http = 'http://localhost:8545', webSocket = http.replace(/^http/, 'ws') }: DureOptions = {}): Chain =>
  defineChain({
    id,
    name,
    nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 },
    rpcUrls: { default: { http: [http], webSocket: [webSocket] } },
    // Nothing to estimate: saves two questions a transaction.
    fees: { estimateFeesPerGas: async () => ({ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }) },
  });
