/** Why a file proves nothing: the list of `dure_proof::Refused`, in its order. */
import type { Hex } from './bytes.js';

/** What each reason says beside its name. */
export interface Facts {
  NoProof: Record<never, never>;
  Damaged: Record<never, never>;
  Length: Record<never, never>;
  TooMany: { what: string; most: number };
  Kind: { kind: number };
  NotCanonical: { what: string };
  OtherChain: { expected: Hex; found: Hex };
  Header: Record<never, never>;
  Gap: Record<never, never>;
  Quorum: { found: number; needed: number };
  NoValidator: { number: number };
  Signature: { number: number };
  State: { what: string };
  Trie: { what: string };
}
export type Reason = keyof Facts;

const SENTENCES: { [R in Reason]: (facts: Facts[R]) => string } = {
  NoProof: () => 'this is no proof file: it does not begin with `dure proof 1`',
  Damaged: () => 'the file is damaged: its checksum differs; get it again',
  Length: () => 'the file is cut short or has something too much',
  TooMany: ({ what, most }) => `the file has more ${what} than ${most}`,
  Kind: ({ kind }) => `the file has a kind of claim that this version does not know: ${kind}`,
  NotCanonical: ({ what }) => `the file is not written the one way it can be written: ${what}`,
  OtherChain: ({ expected, found }) => `the proof is of the chain ${found}, and ${expected} was asked for`,
  Header: () => 'a header is none',
  Gap: () => 'the headers do not follow one another up to the certified one',
  Quorum: ({ found, needed }) => `${found} validators signed, and ${needed} are needed`,
  NoValidator: ({ number }) => `somebody signed who is no validator: number ${number}`,
  Signature: ({ number }) => `the signature of validator number ${number} is not good`,
  State: ({ what }) => `the state does not prove it: ${what}`,
  Trie: ({ what }) => `the receipts do not prove it: ${what}`,
};

/** The file proves nothing: `reason` by name, `facts` for words of one's own. */
export class Refused<R extends Reason = Reason> extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly reason: R,
    readonly facts: Facts[R],
  ) {
    super(SENTENCES[reason](facts));
  }
}
