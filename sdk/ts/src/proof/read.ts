/** What stands in the bytes of a fact, for whoever tells it: a receipt and a log as Ethereum writes them. */
import { type Hex, hex, number, unhex } from './bytes.js';
import { type Item, items } from './rlp.js';

export interface Log {
  address: Hex;
  topics: Hex[];
  data: Hex;
}
export interface ReceiptRead {
  /** Whether the transaction was done, not refused. */
  good: boolean;
  /** Gas of the block up to this transaction. */
  cumulativeGas: bigint;
  logs: Log[];
}

const MALFORMED = 'these are no bytes of a receipt';

function part(parts: readonly Item[] | undefined, place: number): Item {
  const found = parts?.[place];
  if (!found) throw new RangeError(MALFORMED);
  return found;
}

/** RLP of a log, as `Fact` has it. Throws `RangeError`. */
export const readLog = (log: Hex): Log => logOf(unhex(log) ?? new Uint8Array());

function logOf(bytes: Uint8Array): Log {
  const parts = items(bytes);
  const topics = items(part(parts, 1).whole) ?? [];
  return { address: hex(part(parts, 0).body), topics: topics.map(({ body }) => hex(body)), data: hex(part(parts, 2).body) };
}

/** A receipt (EIP-2718), as `Fact` has it. Throws `RangeError`. */
export function readReceipt(receipt: Hex): ReceiptRead {
  const bytes = unhex(receipt) ?? new Uint8Array();
  const fields = items(bytes[0] !== undefined && bytes[0] < 0x80 ? bytes.subarray(1) : bytes);
  const logs = items(part(fields, 3).whole) ?? [];
  return { good: part(fields, 0).body[0] === 1, cumulativeGas: number(part(fields, 1).body), logs: logs.map(({ whole }) => logOf(whole)) };
}
