// The pairing document: what a machine's gateway says of the machine, so that its owner can let it in. It comes in the fragment
// of /pair#…, which no server sees, or from POST /town/machine on a development chain.
import { deviceId, ordersAbi } from '@dure/sdk';
import { encodeFunctionData, getAddress, isAddress, isHex, type Address, type Hex } from 'viem';
import { ORDERS, type Call } from '../api/node';
import type { Terms } from './mandate';

export type Pairing = {
  chainId: number;
  name: string;
  simulated: boolean;
  owner: Address;
  model: string;
  keyKind: 'p256' | 'secp256k1';
  key: Hex;
  possession: Hex;
  slot: { number: number; name: string; unit: string; capacity: number; threshold: number; rearm: number; gtins: string[] };
  arbiters: Address[];
  addressCommitment: Hex;
  credit: Address;
};

/** Longest fragment that is looked at, characters. */
const FRAGMENT_MAX = 8_192;
const TEXT_MAX = 64;
const LIST_MAX = 8;
const LEVEL_MAX = 2 ** 40;
const ZERO = `0x${'00'.repeat(32)}` as const;

/** The pairing document in a fragment; undefined where it is none. */
export const fromFragment = (fragment: string): Pairing | undefined => parse(parseFragment(fragment));

/** Whatever document stands in a fragment, base64url of JSON, as fields to be checked. */
export function parseFragment(fragment: string): Record<string, unknown> | undefined {
  const text = fragment.replace(/^#/, '');
  if (text.length === 0 || text.length > FRAGMENT_MAX || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The other way: what stands behind # of a link. */
export function toFragment(document: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Checks every field: the document comes from outside. */
export function parse(raw: unknown): Pairing | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const doc = raw as Record<string, unknown>;
  const slot = doc['slot'] as Record<string, unknown> | undefined;
  const good =
    doc['v'] === 1 && isCount(doc['chainId'], 2 ** 53) && isText(doc['name']) && isAccount(doc['owner']) && isGtin(doc['model']) &&
    (doc['keyKind'] === 'p256' || doc['keyKind'] === 'secp256k1') && isBytes(doc['key'], 64) && isBytes(doc['possession'], 64) &&
    isBytes(doc['addressCommitment'], 32) && isAccount(doc['credit']) && isListOf(doc['arbiters'], isAccount) &&
    typeof slot === 'object' && slot !== null && isCount(slot['number'], 7) && isText(slot['name']) && isText(slot['unit']) &&
    isCount(slot['capacity'], LEVEL_MAX) && isCount(slot['threshold'], LEVEL_MAX) && isCount(slot['rearm'], LEVEL_MAX) &&
    isListOf(slot['gtins'], isGtin);
  if (!good) return undefined;
  return { ...(doc as unknown as Pairing), simulated: doc['simulated'] === true };
}

const isCount = (value: unknown, max: number) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
const isText = (value: unknown) => typeof value === 'string' && value.length > 0 && value.length <= TEXT_MAX;
const isGtin = (value: unknown) => typeof value === 'string' && /^\d{8,14}$/.test(value);
const isAccount = (value: unknown) => typeof value === 'string' && isAddress(value, { strict: false });
const isBytes = (value: unknown, bytes: number) => isHex(value) && value.length === 2 + 2 * bytes;
const isListOf = (value: unknown, is: (one: unknown) => boolean) => Array.isArray(value) && value.length <= LIST_MAX && value.every(is);

export const deviceOf = (pairing: Pairing) => deviceId({ keyType: pairing.keyKind === 'p256' ? 'P256' : 'Secp256k1', publicKey: pairing.key });

/** The whole grant: the machine, its slot, and what it may buy. One signature where the account can sign a batch. */
export function grant(pairing: Pairing, terms: Terms): Call[] {
  const device = deviceOf(pairing);
  const { number, unit, capacity, threshold, rearm, gtins } = pairing.slot;
  const register = encodeFunctionData({
    abi: ordersAbi,
    functionName: 'registerDevice',
    args: [BigInt(pairing.model), pairing.keyKind === 'p256' ? 0 : 1, pairing.key, ZERO, pairing.possession],
  });
  const describe = encodeFunctionData({
    abi: ordersAbi,
    functionName: 'setSlot',
    args: [device, number, unit, BigInt(capacity), BigInt(threshold), BigInt(rearm), gtins.map(BigInt)],
  });
  const allow = encodeFunctionData({ abi: ordersAbi, functionName: 'setMandate', args: [device, number, terms] });
  return [register, describe, allow].map((data) => ({ to: getAddress(ORDERS), data }));
}
