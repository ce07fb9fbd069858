/** That a quorum of validators made a block final: simplex's finalisation with ed25519 signatures. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { type Hex, join, number, unhex, varint } from './bytes.js';
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
export async function checkCertificate(certificate: Certificate, anchor: Anchor, block: Uint8Array): Promise<void> {
  const [found, needed] = [certificate.signatures.length, Math.max(quorum(anchor.validators.length), 1)];
  if (found < needed) throw new Refused('Quorum', { found, needed });
  const signed = message(certificate, anchor, block);
  const keyOf = (number: number): Uint8Array | undefined => unhex(anchor.validators[number], 32);
  const good = await Promise.all(certificate.signatures.map(({ number, signature }) => isStrictlyGood(signature, signed, keyOf(number))));
  for (const [place, { number, signature }] of certificate.signatures.entries()) {
    if (good[place]) continue;
    const key = keyOf(number);
    if (!key || !isPoint(key)) throw new Refused('NoValidator', { number });
    // ZIP 215, as the validators themselves verify: what is good does not depend on who looks.
    if (!ed25519.verify(signature, signed, key, { zip215: true })) throw new Refused('Signature', { number });
  }
}

/**
 * Whether WebCrypto finds the signature good, which is many times as quick. Its equation is without the cofactor and compares encodings, so
 * whatever it takes, ZIP 215 takes too, provided that S is below the group's order, which older ones did not check. What it does
 * not take, or where there is none (a page over plain HTTP), the caller decides by ZIP 215. docs/decisions/0016-proofs.md.
 */
async function isStrictlyGood(signature: Uint8Array, signed: Uint8Array, key: Uint8Array | undefined): Promise<boolean> {
  if (!key || number(signature.slice(32).reverse()) >= ed25519.Point.Fn.ORDER) return false;
  try {
    const { subtle } = globalThis.crypto;
    const imported = await subtle.importKey('raw', Uint8Array.from(key), 'Ed25519', false, ['verify']);
    return await subtle.verify('Ed25519', imported, Uint8Array.from(signature), Uint8Array.from(signed));
  } catch {
    return false;
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
