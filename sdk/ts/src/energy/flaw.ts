/** Why a certificate shows nothing: the list of the rules (`names.certificateFlaws`) by name, and two of the reader's own. */
import type { names } from '../generated/names.js';
import { type Text, certificateFlawWords } from '../sentences/words.js';

/** What each flaw says beside its name; arcs and nodes by their numbers in the network. */
export interface FlawFacts {
  NoCertificate: Record<never, never>;
  Nodes: { expected: number; found: number };
  Outside: Record<never, never>;
  Price: { node: number };
  Contradiction: { arc: number };
  OpenFlows: { expected: number; found: number };
  Capacity: { arc: number };
  Balance: { node: number };
  Path: { node: number };
  Order: { node: number };
  /** More arcs than are looked at. */
  TooLarge: { arcs: number };
  /** What the flow is worth is not what the prices bound it by. */
  Gap: { welfareNano: bigint; boundNano: bigint };
}
export type Flaw = keyof FlawFacts;

/** Each in words; those of the rules are `certificateFlawWords`. */
export const flawWords: Record<Flaw, Text> = {
  ...(certificateFlawWords satisfies Record<(typeof names.certificateFlaws)[number], Text>),
  TooLarge: { en: 'the book is larger than is looked at here', ko: '장부가 여기서 볼 수 있는 것보다 큽니다' },
  Gap: { en: 'what it is worth is less than what could be', ko: '얻을 수 있는 것보다 가치가 작습니다' },
};

/** The certificate shows nothing: `flaw` by name, `facts` for words of one's own. */
export class Flawed<F extends Flaw = Flaw> extends Error {
  override readonly name = 'Flawed';

  constructor(
    readonly flaw: F,
    readonly facts: FlawFacts[F],
  ) {
    super(flawWords[flaw].en);
  }
}
