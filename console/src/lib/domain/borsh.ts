// What a device signed, read from the payload of relayDevice: docs/modules/orders.md, "What a device says".
import type { Hex } from 'viem';

const BODY_AT = 8 + 20 + 32 + 1 + 4 + 8 + 8 + 32;
const LEVEL_BYTES = 8;

/** The level that a message carries, whatever its kind; undefined where it is too short. */
export function levelOf(payload: Hex): bigint | undefined {
  const from = 2 + 2 * (BODY_AT + 1);
  const digits = payload.slice(from, from + 2 * LEVEL_BYTES).match(/../g);
  return digits?.length === LEVEL_BYTES ? BigInt(`0x${digits.reverse().join('')}`) : undefined;
}
