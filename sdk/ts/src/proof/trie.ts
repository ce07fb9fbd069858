/** That a block has a transaction with a receipt, and the receipt a log: Ethereum's tries over both. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Hex, hex, same, unhex } from './bytes.js';
import type { Header } from './header.js';
import type { Fact } from './index.js';
import { Refused } from './refused.js';
import { type Item, items, whole } from './rlp.js';

/** A place in a block and the nodes that lead there. */
export interface Receipt {
  /** Index of the transaction in the block; a system transaction counts. */
  index: number;
  /** Index within the receipt of the log that is meant, where one is. */
  logIndex: number | undefined;
  /** Nodes of the trie over transactions, from the root to the leaf. */
  transaction: Uint8Array[];
  /** Nodes of the trie over receipts, from the root to the leaf. */
  receipt: Uint8Array[];
}

const trie = (what: string): Refused => new Refused('Trie', { what });
const ASTRAY = 'the nodes do not lead to the leaf';

export function checkReceipt(receipt: Receipt, header: Header): Fact {
  const { index, logIndex } = receipt;
  const transaction = leaf(index, receipt.transaction, header.transactionsRoot);
  const bytes = leaf(index, receipt.receipt, header.receiptsRoot);
  if (logIndex === undefined) return { kind: 'receipt', index, transaction: hex(transaction), receipt: hex(bytes) };
  return { kind: 'log', index, transaction: hex(transaction), logIndex, log: hex(log(bytes, logIndex)) };
}

/** A node by its kind. Transactions and receipts are longer than 32 bytes, so no node stands within another. */
type Node = { kind: 'branch'; children: Item[] } | { kind: 'leaf' | 'extension'; path: number[]; value: Item };

function decodeNode(bytes: Uint8Array): Node | undefined {
  const parts = items(bytes);
  if (!parts || parts.some(({ list }) => list)) return undefined;
  if (parts.length === 17) return { kind: 'branch', children: parts.slice(0, 16) };
  const [path, value] = parts;
  if (parts.length !== 2 || !path || !value) return undefined;
  // The first half byte says leaf or extension, and whether the path has an odd half byte, which then follows.
  const [flag, ...halves] = nibbles(path.body);
  if (flag === undefined || flag > 3 || ((flag & 1) === 0 && halves[0] !== 0)) return undefined;
  return { kind: flag & 2 ? 'leaf' : 'extension', path: flag & 1 ? halves : halves.slice(1), value };
}

const nibbles = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);

/** What stands at `index` under `root`. */
function leaf(index: number, nodes: Uint8Array[], root: Hex): Uint8Array {
  const last = nodes.at(-1);
  if (!last) throw trie('there are no nodes');
  if (decodeNode(last)?.kind !== 'leaf') throw trie('the last node is no leaf');
  let path = nibbles(whole(index));
  let wanted = unhex(root);
  for (const bytes of nodes) {
    const node = decodeNode(bytes);
    if (!node || !wanted || !same(keccak_256(bytes), wanted)) throw trie(ASTRAY);
    if (node.kind === 'branch') {
      wanted = node.children[path[0] ?? 16]?.body;
      path = path.slice(1);
      continue;
    }
    if (node.path.some((half, place) => half !== path[place])) throw trie(ASTRAY);
    path = path.slice(node.path.length);
    if (node.kind === 'leaf') {
      if (path.length > 0 || bytes !== last) throw trie(ASTRAY);
      return node.value.body;
    }
    wanted = node.value.body;
  }
  throw trie(ASTRAY);
}

/** The log at `index` of a receipt: the last of four fields has them all. */
function log(receipt: Uint8Array, index: number): Uint8Array {
  const wrong = trie('the receipt is none');
  const fields = items(receipt[0] !== undefined && receipt[0] < 0x80 ? receipt.subarray(1) : receipt);
  if (!fields || fields.length < 4 || fields.slice(0, 3).some(({ list }) => list)) throw wrong;
  const logs = items(fields[3]!.whole);
  if (!logs || logs.some(({ list }) => !list)) throw wrong;
  const found = logs[index];
  if (!found) throw trie('the receipt has no such log');
  return found.whole;
}
