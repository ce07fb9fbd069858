/** Ethereum's RLP, as far as headers, receipts and tries need it. One way to write: everything else is nothing. */
import { join } from './bytes.js';

export interface Item {
  list: boolean;
  /** What it holds. */
  body: Uint8Array;
  /** With its head. */
  whole: Uint8Array;
}

/** Bytes that give a length at most: files are far smaller than 2^32. */
const LENGTH_BYTES_MAX = 4;

/** The item that `bytes` begin with. */
export function first(bytes: Uint8Array): Item | undefined {
  const head = bytes[0];
  if (head === undefined) return undefined;
  if (head < 0x80) return { list: false, body: bytes.subarray(0, 1), whole: bytes.subarray(0, 1) };
  const list = head >= 0xc0;
  const short = head - (list ? 0xc0 : 0x80);
  let [from, length] = [1, short];
  if (short > 55) {
    const count = short - 55;
    if (count > LENGTH_BYTES_MAX || bytes.length < 1 + count || bytes[1] === 0) return undefined;
    from = 1 + count;
    length = bytes.subarray(1, from).reduce((sum, byte) => sum * 256 + byte, 0);
    if (length <= 55) return undefined;
  }
  const [body, whole] = [bytes.subarray(from, from + length), bytes.subarray(0, from + length)];
  if (body.length !== length || (!list && length === 1 && body[0]! < 0x80)) return undefined;
  return { list, body, whole };
}

/** The items one after the other; nothing where something is left over. */
function all(bytes: Uint8Array): Item[] | undefined {
  const items = [];
  for (let rest = bytes; rest.length > 0; ) {
    const item = first(rest);
    if (!item) return undefined;
    items.push(item);
    rest = rest.subarray(item.whole.length);
  }
  return items;
}

/** The items of the list that `bytes` are, or begin with. */
export function items(bytes: Uint8Array): Item[] | undefined {
  const list = first(bytes);
  return list?.list ? all(list.body) : undefined;
}

function headed(base: number, body: Uint8Array): Uint8Array {
  if (body.length <= 55) return join(Uint8Array.of(base + body.length), body);
  const length = [24, 16, 8, 0].map((shift) => (body.length >>> shift) & 0xff);
  const bytes = Uint8Array.from(length.slice(length.findIndex((byte) => byte !== 0)));
  return join(Uint8Array.of(base + 55 + bytes.length), bytes, body);
}

export const text = (body: Uint8Array): Uint8Array => (body.length === 1 && body[0]! < 0x80 ? body : headed(0x80, body));
export const list = (parts: readonly Uint8Array[]): Uint8Array => headed(0xc0, join(...parts));

/** Without zeros in front; zero itself is empty. */
export function whole(value: number): Uint8Array {
  const bytes = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return text(Uint8Array.from(bytes));
}
