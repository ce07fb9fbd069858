/** The file, byte by byte. Numbers are big-endian and of fixed width, so that there is one way to write a proof. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { number, same } from './bytes.js';
import type { Certificate } from './certificate.js';
import { Refused } from './refused.js';
import { type Place, type Span, type Subject, keyOf } from './state.js';
import type { Receipt } from './trie.js';

const MAGIC = utf8ToBytes('dure proof 1');
/** Bytes of SHA-256 over everything before them, at the end. */
const CHECKSUM_BYTES = 8;
/** Largest file. */
export const FILE_MAX_BYTES = 1 << 20;
/** Most headers from the block that is spoken of to the certified one. */
const HEADERS_MAX = 64;
const SIGNATURES_MAX = 128;
const DIGESTS_MAX = 192;
const NODES_MAX = 16;

const [HELD, ABSENT, RECEIPT, LOG] = [1, 2, 3, 4];

/** What a file says, before it is checked. */
export interface Proof {
  /** Hash of block 0 of the chain. */
  genesis: Uint8Array;
  /** RLP of the header that is spoken of, and of those after it up to the one that the certificate names. */
  headers: Uint8Array[];
  certificate: Certificate;
  claim: Claim;
}

/** What a file claims of its first header: the subject held the span's value, where the span's key is the subject's, else nothing. */
export type Claim = { kind: 'state'; subject: Subject; span: Span; place: Place } | ({ kind: 'receipt' } & Receipt);

/** Reads a file without checking what it claims. Throws `Refused` where it is no file of this kind, is damaged, or is not written the one way. */
export function decode(file: Uint8Array): Proof {
  if (file.length > FILE_MAX_BYTES) throw new Refused('TooMany', { what: 'bytes', most: FILE_MAX_BYTES });
  if (!same(file.subarray(0, MAGIC.length), MAGIC)) throw new Refused('NoProof', {});
  const end = file.length - CHECKSUM_BYTES;
  if (end < 0) throw new Refused('Length', {});
  const body = file.subarray(0, end);
  if (!same(sha256(body).subarray(0, CHECKSUM_BYTES), file.subarray(end))) throw new Refused('Damaged', {});
  const reader = new Reader(body.subarray(MAGIC.length));
  const proof = { genesis: reader.take(32), headers: reader.list('headers', HEADERS_MAX), certificate: reader.certificate(), claim: reader.claim() };
  if (reader.left > 0) throw new Refused('Length', {});
  return proof;
}

class Reader {
  constructor(private rest: Uint8Array) {}

  get left(): number {
    return this.rest.length;
  }

  take(count: number): Uint8Array {
    if (count > this.rest.length) throw new Refused('Length', {});
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return taken;
  }

  byte = (): number => this.take(1)[0]!;
  u32 = (): number => Number(number(this.take(4)));
  u64 = (): bigint => number(this.take(8));
  hash = (): Uint8Array => this.take(32);
  bytes = (): Uint8Array => this.take(this.u32());

  #times<T>(what: string, most: number, one: () => T): T[] {
    const count = this.byte();
    if (count > most) throw new Refused('TooMany', { what, most });
    return Array.from({ length: count }, one);
  }

  list = (what: string, most: number): Uint8Array[] => this.#times(what, most, this.bytes);

  certificate(): Certificate {
    const [epoch, view, parentView] = [this.u64(), this.u64(), this.u64()];
    const signatures = this.#times('signatures', SIGNATURES_MAX, () => ({ number: this.byte(), signature: this.take(64) }));
    if (signatures.some(({ number }, place) => place > 0 && signatures[place - 1]!.number >= number)) {
      throw new Refused('NotCanonical', { what: 'signatures stand in the order of the validators, each once' });
    }
    return { epoch, view, parentView, signatures };
  }

  claim(): Claim {
    const kind = this.byte();
    if (kind === HELD || kind === ABSENT) {
      const subject = { tag: this.byte(), id: this.bytes() };
      const own = keyOf(subject);
      const key = kind === HELD ? own : this.hash();
      if (kind === ABSENT && same(key, own)) throw new Refused('NotCanonical', { what: 'a subject that holds something is not absent' });
      return { kind: 'state', subject, span: { key, value: this.bytes(), nextKey: this.hash() }, place: this.place() };
    }
    if (kind === RECEIPT || kind === LOG) {
      const [index, logIndex] = [this.u32(), kind === LOG ? this.u32() : undefined];
      return { kind: 'receipt', index, logIndex, transaction: this.list('nodes', NODES_MAX), receipt: this.list('nodes', NODES_MAX) };
    }
    throw new Refused('Kind', { kind });
  }

  place(): Place {
    const [location, leaves, inactivePeaks] = [this.u64(), this.u64(), this.byte()];
    const digests = this.#times('digests', DIGESTS_MAX, this.hash);
    const [chunk, operationsRoot, mark] = [this.take(32), this.hash(), this.byte()];
    if (mark > 1) throw new Refused('NotCanonical', { what: 'a mark is 0 or 1' });
    return { location, leaves, inactivePeaks, digests, chunk, operationsRoot, openChunk: mark === 1 ? this.hash() : undefined };
  }
}
