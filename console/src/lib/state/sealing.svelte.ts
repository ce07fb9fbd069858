// The sealing keys of this browser's shops. They stay in localStorage: whoever has such a key reads addresses, no more.
import type { SealingKey } from '@dure/sdk/seal';
import type { Hex } from 'viem';
import { remember, remembered } from './prefs.svelte';

const KEYS_MAX = 20;
let keys = $state.raw<SealingKey[]>(remembered('sealing') ?? []);

export const sealingKey = (publicKey: Hex): SealingKey | undefined => keys.find((key) => key.publicKey === publicKey);

/** A new key, kept before anything is sealed to it. */
export async function newSealingKey(): Promise<SealingKey> {
  const made = await import('@dure/sdk/seal');
  const key = await made.newSealingKey();
  keys = [key, ...keys].slice(0, KEYS_MAX);
  remember('sealing', keys);
  return key;
}

/** As a key file of `dure shop`. */
export const keyFile = ({ secret }: SealingKey): string => `x25519 ${secret.slice(2)}\n`;
