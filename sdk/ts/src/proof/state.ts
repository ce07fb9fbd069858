/**
 * That a key held a value, or nothing, in the one database of a chain (commonware's `qmdb::current`, ordered, over a Merkle mountain
 * range with SHA-256). How that database is built stands in crates/proof/src/state.rs.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { big64, hex, join, order, same, varint } from './bytes.js';
import type { Fact } from './index.js';
import { Refused } from './refused.js';

/** Height of the node that covers as many operations as a chunk has bits. */
const CHUNK_HEIGHT = 8;
const CHUNK_BITS = 1n << BigInt(CHUNK_HEIGHT);
/** Most operations of a database (a position must fit in 63 bits). */
const LEAVES_MAX = 1n << 62n;
/** First byte of an operation that writes. */
const UPDATE = Uint8Array.of(0xd2);
/** A mountain range, whose peaks are folded from the newest one back. */
const DOMAIN = Uint8Array.of(0, 1);

/** What a state is asked about: a table by its tag (docs/proofs.md lists them) and the identity as the table's key is made of it. */
export interface Subject {
  tag: number;
  id: Uint8Array;
}

/** An operation that holds: the value of a key, and the next key that has one, around the end to the first. */
export interface Span {
  key: Uint8Array;
  value: Uint8Array;
  nextKey: Uint8Array;
}

/** Where an operation stands, and what leads from there to the root. */
export interface Place {
  location: bigint;
  /** Operations of the database. */
  leaves: bigint;
  /** Peaks, from the oldest, below which nothing holds any more. */
  inactivePeaks: number;
  /** Digests of other nodes, in the order that docs/proofs.md gives. */
  digests: Uint8Array[];
  /** The bits of the 256 operations around this one. */
  chunk: Uint8Array;
  /** Root over all operations, without the bits. */
  operationsRoot: Uint8Array;
  /** SHA-256 of the bits of the last 256 operations, where those are not complete. */
  openChunk: Uint8Array | undefined;
}

/** Tag byte, then the first 31 bytes of keccak256(tag ‖ id). */
export function keyOf({ tag, id }: Subject): Uint8Array {
  return join(Uint8Array.of(tag), keccak_256(join(Uint8Array.of(tag), id)).subarray(0, 31));
}

/** Whether `key` lies strictly between the span's key and the next. */
export function leavesOut(span: Pick<Span, 'key' | 'nextKey'>, key: Uint8Array): boolean {
  const [after, before] = [order(key, span.key) > 0, order(key, span.nextKey) < 0];
  return order(span.key, span.nextKey) < 0 ? after && before : order(key, span.key) !== 0 && (after || before);
}

export function checkState(subject: Subject, span: Span, place: Place, root: Uint8Array): Fact {
  const operation = join(UPDATE, span.key, varint(span.value.length), span.value, span.nextKey);
  if (!same(canonicalRoot(operation, place), root)) throw state('the path ends at another root');
  const key = keyOf(subject);
  const about = { tag: subject.tag, id: hex(subject.id) };
  if (same(span.key, key)) return { kind: 'held', ...about, value: hex(span.value) };
  if (leavesOut(span, key)) return { kind: 'absent', ...about };
  throw state('the key does not lie between the two that are shown');
}

const state = (what: string): Refused => new Refused('State', { what });

/** A perfect subtree of the range. */
export interface Subtree {
  firstLeaf: bigint;
  height: number;
}

/** Number of the subtree's top node among all nodes. */
export function position({ firstLeaf, height }: Subtree): bigint {
  let open = 0n;
  // Before leaf n stand 2n nodes, less one for each bit of n: the peaks that are still open.
  for (let rest = firstLeaf; rest > 0n; rest >>= 1n) open += rest & 1n;
  return 2n * firstLeaf - open + (2n << BigInt(height)) - 2n;
}

const has = ({ firstLeaf, height }: Subtree, leaf: bigint): boolean => leaf >= firstLeaf && leaf - firstLeaf < 1n << BigInt(height);

/** The peaks over `leaves`, from the oldest and highest. */
export function peaks(leaves: bigint): Subtree[] {
  const found = [];
  let firstLeaf = 0n;
  for (let height = 63; height >= 0; height--) {
    if (((leaves >> BigInt(height)) & 1n) === 0n) continue;
    found.push({ firstLeaf, height });
    firstLeaf += 1n << BigInt(height);
  }
  return found;
}

class Path {
  #next = 0;

  constructor(
    readonly place: Place,
    readonly operation: Uint8Array,
  ) {}

  get left(): number {
    return this.place.digests.length - this.#next;
  }

  next = (): Uint8Array => {
    const digest = this.place.digests[this.#next++];
    if (!digest) throw state('a digest is missing');
    return digest;
  };

  /** The digest of a subtree: walked where it has the operation, else taken from the proof. */
  digest(tree: Subtree): Uint8Array {
    if (!has(tree, this.place.location)) return this.next();
    const number = big64(position(tree));
    if (tree.height === 0) return digestOf(number, this.operation);
    const height = tree.height - 1;
    const left = this.digest({ firstLeaf: tree.firstLeaf, height });
    const right = this.digest({ firstLeaf: tree.firstLeaf + (1n << BigInt(height)), height });
    const node = digestOf(number, left, right);
    return tree.height === CHUNK_HEIGHT ? digestOf(this.place.chunk, node) : node;
  }
}

const digestOf = (...parts: Uint8Array[]): Uint8Array => sha256(join(...parts));

function canonicalRoot(operation: Uint8Array, place: Place): Uint8Array {
  const { location, leaves, chunk, openChunk } = place;
  if (leaves > LEAVES_MAX || location >= leaves) throw state('the operation stands outside the database');
  const bit = Number(location % CHUNK_BITS);
  if (((chunk[bit >> 3]! >> (bit & 7)) & 1) === 0) throw state('the operation no longer holds');
  const root = treeRoot(operation, place);
  const open = leaves % CHUNK_BITS;
  if ((open === 0n) !== (openChunk === undefined)) throw state('the bits of the last operations are missing or too many');
  if (!openChunk) return digestOf(place.operationsRoot, root);
  if (location / CHUNK_BITS === leaves / CHUNK_BITS && !same(openChunk, digestOf(chunk))) {
    throw state('the bits are not those of the last operations');
  }
  return digestOf(place.operationsRoot, root, big64(open), openChunk);
}

/**
 * The root of the tree into which the bits are hashed.
 *
 * The proof gives, in this order: the inactive peaks before the operation's, folded; the active ones before it, each; the inactive
 * ones after it, each; the active ones after it, folded; then the siblings within the operation's peak.
 */
function treeRoot(operation: Uint8Array, place: Place): Uint8Array {
  const [all, inactive] = [peaks(place.leaves), place.inactivePeaks];
  if (inactive > all.length) throw state('more peaks are inactive than there are');
  const own = all.findIndex((peak) => has(peak, place.location));
  if (own < 0) throw state('no peak has the operation');
  const foldedBefore = Math.min(inactive, own);
  const listedAfter = Math.max(inactive - own - 1, 0);
  const foldedAfter = all.length - own - 1 - listedAfter;
  const path = new Path(place, operation);
  const before = Array.from({ length: Number(foldedBefore > 0) + own - foldedBefore }, path.next);
  const after = Array.from({ length: listedAfter + Number(foldedAfter > 0) }, path.next);
  const digests = [...before, path.digest(all[own]!), ...after];
  if (path.left > 0) throw state('there are digests that lead nowhere');

  // Inactive peaks are folded from the oldest on, the others from the newest back.
  const toFold = Math.max(inactive - Math.max(foldedBefore - 1, 0), 1);
  const oldest = digests.slice(0, toFold).reduce((sum, peak) => digestOf(sum, peak));
  const folded = digests.slice(toFold).reverse();
  const newest = folded.length > 0 ? [folded.reduce((sum, peak) => digestOf(peak, sum))] : [];
  const inactiveCount = inactive > 0 ? [big64(inactive)] : [];
  return digestOf(DOMAIN, big64(place.leaves), ...inactiveCount, newest.reduce((sum, peak) => digestOf(sum, peak), oldest));
}
