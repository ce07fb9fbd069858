// Symbol and decimals of credits, asked for once each: they never change.
import type { Address } from 'viem';
import { chain } from './chain.svelte';

export type Credit = { symbol: string; decimals: number };
/** The town's credit, the first that a chain has (crates/rules/src/credits). */
export const TOWN: Address = '0xd00ec00000000000000000000000000000000001';
/** Shown until the answer is there. */
const UNKNOWN: Credit = { symbol: '', decimals: 2 };

/** For pages that show themselves when everything is there. */
export async function knowCredit(address: Address): Promise<void> {
  known[address.toLowerCase()] ??= await chain.node.credit(address);
}

const known = $state<Record<string, Credit>>({});
const asked = new Set<string>();

export function creditOf(address: Address | string): Credit {
  const key = address.toLowerCase();
  if (!known[key] && !asked.has(key) && chain.status === 'live') {
    asked.add(key);
    chain.node.credit(address as Address).then(
      (credit) => (known[key] = credit),
      () => asked.delete(key),
    );
  }
  return known[key] ?? UNKNOWN;
}
