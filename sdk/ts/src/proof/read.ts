/** What stands in the bytes of a fact, for whoever tells it: a receipt and a log as Ethereum writes them. */
import { type Hex, hex, number, unhex } from './bytes.js';
import { type Item, first, items } from './rlp.js';

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

/** A call that a transaction makes by itself; what contracts call in turn stands nowhere. */
export interface Call {
  /** Nothing where it makes a contract. */
  to: Hex | undefined;
  data: Hex;
}

const MALFORMED = 'these are no bytes of a receipt or of a transaction';
/** Type of a batch of calls under one signature (docs/transactions.md). */
const BATCH = 0x76;
/** Where whom it calls and with what stand among the fields of a transaction, by its type; 0 for one without. */
const CALL_AT: Record<number, readonly [to: number, data: number]> = { 0: [3, 5], 1: [4, 6], 2: [5, 7], 4: [5, 7] };
const CALLS_AT = 4;

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

/** The calls of a transaction (EIP-2718), as `Fact` has it. Throws `RangeError`. */
export function readCalls(transaction: Hex): Call[] {
  const bytes = unhex(transaction) ?? new Uint8Array();
  const type = first(bytes)?.list ? 0 : (bytes[0] ?? 0);
  const fields = items(type > 0 ? bytes.subarray(1) : bytes);
  const call = (parts: readonly Item[] | undefined, [to, data]: readonly [number, number]): Call => {
    const { body } = part(parts, to);
    return { to: body.length === 20 ? hex(body) : undefined, data: hex(part(parts, data).body) };
  };
  if (type === BATCH) return (items(part(fields, CALLS_AT).whole) ?? []).map(({ whole }) => call(items(whole), [0, 2]));
  const at = CALL_AT[type];
  if (!at) throw new RangeError(MALFORMED);
  return [call(fields, at)];
}
