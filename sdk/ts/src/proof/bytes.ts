/** The few things that a reader of proofs does with bytes. */
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';

export type Hex = `0x${string}`;

export const join = concatBytes;
export const hex = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;
/** Nothing where the text is no hexadecimal number with `0x` in front, or has another length than the one asked for. */
export function unhex(text: unknown, length?: number): Uint8Array | undefined {
  if (typeof text !== 'string' || !HEX.test(text)) return undefined;
  const bytes = hexToBytes(text.slice(2));
  return length === undefined || bytes.length === length ? bytes : undefined;
}

/** As numbers compare, so that 0 says that both are the same; for bytes of one length. */
export function order(left: Uint8Array, right: Uint8Array): number {
  const at = left.findIndex((byte, place) => byte !== right[place]);
  return at < 0 ? 0 : left[at]! - right[at]!;
}

export const same = (left: Uint8Array, right: Uint8Array): boolean => left.length === right.length && order(left, right) === 0;

/** Eight bytes, big-endian. */
export function big64(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export const number = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
export function varint(value: bigint | number): Uint8Array {
  const out = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...out, Number(rest)]);
}
