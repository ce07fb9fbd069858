/** That a quorum of validators made a block final: simplex's finalisation with ed25519 signatures. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { type Hex, join, unhex, varint } from './bytes.js';
import { Refused } from './refused.js';

/** What every vote of a chain is signed for, before the hash of its genesis and the kind of vote. */
const PURPOSE = utf8ToBytes('dure');
const FINALIZE = utf8ToBytes('_FINALIZE');

/** What a reader of proofs trusts, from the community's genesis. It must not come from whoever gave the file. */
export interface Anchor {
  /** Hash of block 0. */
  genesis: Hex;
  /** Public keys (ed25519) of those who vote, in ascending order. */
  validators: readonly Hex[];
}

/** Who made a block final, in which round. */
export interface Certificate {
  epoch: bigint;
  view: bigint;
  /** View of the block's parent. */
  parentView: bigint;
  /** Numbers of validators in the order of their keys, ascending, each with its signature. */
  signatures: readonly { number: number; signature: Uint8Array }[];
}

/** How many of `validators` must sign: all but a third, rounded down, of all but one. */
export const quorum = (validators: number): number => validators - Math.floor(Math.max(validators - 1, 0) / 3);

/** Checks that a quorum signed the block with this hash. */
export function checkCertificate(certificate: Certificate, anchor: Anchor, block: Uint8Array): void {
  const [found, needed] = [certificate.signatures.length, Math.max(quorum(anchor.validators.length), 1)];
  if (found < needed) throw new Refused('Quorum', { found, needed });
  const signed = message(certificate, anchor, block);
  for (const { number, signature } of certificate.signatures) {
    const key = unhex(anchor.validators[number], 32);
    if (!key || !isPoint(key)) throw new Refused('NoValidator', { number });
    // ZIP 215, as the validators themselves verify: what is good does not depend on who looks.
    if (!ed25519.verify(signature, signed, key, { zip215: true })) throw new Refused('Signature', { number });
  }
}

function isPoint(key: Uint8Array): boolean {
  try {
    ed25519.Point.fromBytes(key, true);
    return true;
  } catch {
    return false;
  }
}

/** The bytes that were signed: the purpose after its length, then epoch, view and parent's view as varints, then the block. */
function message({ epoch, view, parentView }: Certificate, anchor: Anchor, block: Uint8Array): Uint8Array {
  const purpose = join(PURPOSE, unhex(anchor.genesis, 32) ?? new Uint8Array(), FINALIZE);
  return join(varint(purpose.length), purpose, ...[epoch, view, parentView].map(varint), block);
}
