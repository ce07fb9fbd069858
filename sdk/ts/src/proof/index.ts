/**
 * Checks a proof file: that a validator set made a block final, and that the block's state or receipts say what the file claims. No
 * node, no network, no clock. The same as crates/proof, which docs/proofs.md describes byte by byte. What is trusted is the anchor
 * alone, so it must not come from whoever gave the file.
 */
import { type Hex, hex, unhex } from './bytes.js';
import { type Anchor, checkCertificate } from './certificate.js';
import { type Header, decodeHeader } from './header.js';
import { Refused } from './refused.js';
import { checkState } from './state.js';
import { checkReceipt } from './trie.js';
import { decode } from './wire.js';

export type { Hex } from './bytes.js';
export { type Anchor, type Certificate, quorum } from './certificate.js';
export { NoGenesis, anchorOf } from './genesis.js';
export { type Header, decodeHeader } from './header.js';
export { fromLetters, toLetters } from './letters.js';
export { type Call, type Log, type ReceiptRead, readCalls, readLog, readReceipt } from './read.js';
export { type Facts, type Reason, Refused } from './refused.js';
export type { Place, Span, Subject } from './state.js';
export type { Receipt } from './trie.js';
export { type Claim, FILE_MAX_BYTES, type Proof, decode } from './wire.js';

/** What a file has proven. */
export interface Proven {
  /** The block whose state or receipts are spoken of. */
  header: Header;
  /** The block that the certificate names: that one or one after it. */
  certified: Header;
  /** How many validators signed. */
  signers: number;
  fact: Fact;
}

/** What holds. */
export type Fact =
  /** The subject held this after the block. */
  | { kind: 'held'; tag: number; id: Hex; value: Hex }
  /** The subject held nothing after the block. */
  | { kind: 'absent'; tag: number; id: Hex }
  /** The block has this transaction (EIP-2718) at `index`, with this receipt (EIP-2718). */
  | { kind: 'receipt'; index: number; transaction: Hex; receipt: Hex }
  /** That receipt has this log (RLP) at `logIndex`, counted within the receipt. */
  | { kind: 'log'; index: number; transaction: Hex; logIndex: number; log: Hex };

const bytesOf = (hash: Hex): Uint8Array => unhex(hash, 32) ?? new Uint8Array();

/** Checks `file` against what is trusted. Throws `Refused`: why it proves nothing. */
export async function check(file: Uint8Array, anchor: Anchor): Promise<Proven> {
  const { genesis, headers: encoded, certificate, claim } = decode(file);
  const [expected, found] = [anchor.genesis.toLowerCase() as Hex, hex(genesis)];
  if (found !== expected) throw new Refused('OtherChain', { expected, found });
  const headers = encoded.map(decodeHeader);
  const [first, last] = [headers[0], headers.at(-1)];
  if (!first || !last) throw new Refused('Length', {});
  const follows = (header: Header, place: number): boolean => {
    const before = headers[place - 1];
    return !before || (header.parent === before.hash && header.height === before.height + 1n);
  };
  if (!headers.every(follows)) throw new Refused('Gap', {});
  await checkCertificate(certificate, anchor, bytesOf(last.hash));
  const fact = claim.kind === 'state' ? checkState(claim.subject, claim.span, claim.place, bytesOf(first.stateRoot)) : checkReceipt(claim, first);
  return { header: first, certified: last, signers: certificate.signatures.length, fact };
}
