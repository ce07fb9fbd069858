/** Ids and commitments, as the rules compute them (docs/modules/orders.md). */
import { type Address, type Hex, keccak256 } from 'viem';
import { fixed, join, little, text } from './bytes.js';
import type { names } from './generated/names.js';

/** The public key of a machine: x then y. */
export interface DeviceKey {
  keyType: (typeof names.keyTypes)[number];
  publicKey: Hex;
}

/** Number of a key type in the ABI. */
export const keyTypeNumber = ({ keyType }: Pick<DeviceKey, 'keyType'>): number => (keyType === 'P256' ? 0 : 1);

export const encodeKey = (key: DeviceKey): Uint8Array => join([little(keyTypeNumber(key), 1), fixed(key.publicKey, 64)]);

export const deviceId = (key: DeviceKey): Hex => keccak256(join([text('dure.device'), encodeKey(key)]));

export const offerId = (shop: Address, version: number): Hex => keccak256(join([text('dure.offer'), fixed(shop, 20), little(version, 4)]));

/** `attempt` counts from 1. */
export const orderId = (device: Hex, slot: number, cycle: number, attempt: number): Hex =>
  keccak256(join([text('dure.order'), fixed(device, 32), little(slot, 1), little(cycle, 4), little(attempt, 1)]));

/** Characters of a delivery code, RFC 4648 base32. */
const CODE = /^[A-Z2-7]{10}$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CODE_ROUNDS = 4_096;

/** A fresh delivery code: 50 bits. */
export const newCode = (): string => [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');

/** The code as `revealCode` takes it. */
export function codeBytes(code: string): Hex {
  if (!CODE.test(code)) throw new RangeError(`«${code}» is no delivery code; expected ten of A to Z and 2 to 7`);
  return `0x${[...text(code)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** What an order carries in place of its code. */
export function codeCommitment(order: Hex, code: string): Hex {
  let round = keccak256(join([text('dure.code'), fixed(order, 32), fixed(codeBytes(code), 10)]));
  for (let rounds = 1; rounds < CODE_ROUNDS; rounds += 1) round = keccak256(round);
  return round;
}

/** A delivery address with the salt that keeps its commitment from being guessed. */
export interface DeliveryAddress {
  salt: Hex;
  text: string;
}

/** What stands in the mandate. */
export const addressCommitment = ({ salt, text: address }: DeliveryAddress): Hex => keccak256(join([fixed(salt, 32), text(address)]));

/** What an account commits to instead of naming its guardians: the salt keeps anyone from trying who they are. Any order will do. */
export function guardiansCommitment(account: Address, salt: Hex, guardians: readonly Address[]): Hex {
  const listed = ascending(guardians).map((one) => fixed(one, 20));
  return keccak256(join([text('dure.guardians'), fixed(account, 20), fixed(salt, 32), little(listed.length, 4), ...listed]));
}

/** As `nameKey` takes them. */
export const ascending = (guardians: readonly Address[]): Address[] =>
  [...guardians].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
