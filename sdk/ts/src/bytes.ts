/** The few encodings of borsh that the rules use: numbers little-endian, lists with their length in front. */
import { type Hex, bytesToHex, concatBytes, hexToBytes, stringToBytes } from 'viem';

export const little = (value: bigint | number, bytes: number): Uint8Array => {
  const whole = BigInt(value);
  if (whole < 0n || whole >> BigInt(bytes * 8) !== 0n) throw new RangeError(`${whole} does not fit into ${bytes} bytes`);
  return Uint8Array.from({ length: bytes }, (_, at) => Number((whole >> BigInt(at * 8)) & 0xffn));
};

export const fixed = (hex: Hex, bytes: number): Uint8Array => {
  const all = hexToBytes(hex);
  if (all.length !== bytes) throw new RangeError(`${bytes} bytes were expected, ${all.length} given`);
  return all;
};

export const listed = (hex: Hex): Uint8Array => {
  const all = hexToBytes(hex);
  return concatBytes([little(all.length, 4), all]);
};

export const text = stringToBytes;
export const join = concatBytes;
export const hex = (bytes: Uint8Array): Hex => bytesToHex(bytes);
