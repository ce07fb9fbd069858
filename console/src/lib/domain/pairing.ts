// The pairing document: what a machine's gateway says of the machine, so that its owner can let it in. It comes in the fragment
// of /pair#…, which no server sees, or from POST /town/machine on a development chain.
import { deviceId, ordersAbi } from '@dure/sdk';
import { encodeFunctionData, getAddress, isAddress, isHex, keccak256, slice, type Address, type Hex } from 'viem';
import { ORDERS, type Call } from '../api/node';
import { parseFragment } from './fragment';
import { authorize, termsOfGrant } from './keys';
import { DAY_MS, type Terms } from './mandate';

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
  /** The gateway's own key, where it asks to act for the owner: it then brings what the machine says in the owner's name. */
  gateway?: { keyKind: 'p256' | 'secp256k1'; key: Hex };
};

const TEXT_MAX = 64;
const LIST_MAX = 8;
const LEVEL_MAX = 2 ** 40;
/** As long as a mandate. */
const GATEWAY_LIFE_DAYS = 365;
const ZERO = `0x${'00'.repeat(32)}` as const;

/** The pairing document in a fragment; undefined where it is none. */
export const fromFragment = (fragment: string): Pairing | undefined => parse(parseFragment(fragment));

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
    isListOf(slot['gtins'], isGtin) && isGateway(doc['gateway']);
  if (!good) return undefined;
  return { ...(doc as unknown as Pairing), simulated: doc['simulated'] === true };
}

const isCount = (value: unknown, max: number) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
const isText = (value: unknown) => typeof value === 'string' && value.length > 0 && value.length <= TEXT_MAX;
const isGtin = (value: unknown) => typeof value === 'string' && /^\d{8,14}$/.test(value);
const isAccount = (value: unknown) => typeof value === 'string' && isAddress(value, { strict: false });
const isBytes = (value: unknown, bytes: number) => isHex(value) && value.length === 2 + 2 * bytes;
function isGateway(value: unknown): boolean {
  if (value === undefined) return true;
  const { keyKind, key } = (value ?? {}) as Record<string, unknown>;
  return (keyKind === 'p256' || keyKind === 'secp256k1') && isBytes(key, 64);
}
const isListOf = (value: unknown, is: (one: unknown) => boolean) => Array.isArray(value) && value.length <= LIST_MAX && value.every(is);

export const deviceOf = (pairing: Pairing) => deviceId({ keyType: pairing.keyKind === 'p256' ? 'P256' : 'Secp256k1', publicKey: pairing.key });

/** The whole grant: the machine, its slot, what it may buy, and its gateway's key where it asks for one. One signature where the account can sign a batch. */
export function grant(pairing: Pairing, terms: Terms, nowMs: number): Call[] {
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
  return [...[register, describe, allow].map((data) => ({ to: getAddress(ORDERS), data })), ...letGatewayIn(pairing, terms, nowMs)];
}

/** A key that brings what machines say and does nothing else; by it leaves no more than the machine itself may spend. */
function letGatewayIn({ gateway, credit }: Pairing, terms: Terms, nowMs: number): Call[] {
  if (!gateway) return [];
  const key = getAddress(slice(keccak256(gateway.key), 12));
  const kind = gateway.keyKind === 'p256' ? 'P256' : 'Secp256k1';
  return authorize(key, termsOfGrant({ kind, duties: ['relay'], credit, amount: terms.periodAmountMax, periodDays: Number(terms.periodMs) / DAY_MS, lifeDays: GATEWAY_LIFE_DAYS }, nowMs));
}
