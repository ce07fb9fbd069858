/** Why it was not shown that a clearing is the best one. */
import type { Language } from '../sentences/words.js';
import { type Flaw, type FlawFacts, flawWords } from './flaw.js';

/** What a proof is about. */
export type Piece = 'auction' | 'market' | 'meter' | 'line' | 'slot' | 'transaction';

/** What each reason says beside its name. */
export interface ReasonFacts {
  /** A proof proves nothing: `why` is the name and the words of `Refused`. */
  Proof: { piece: Piece; why: string; words: string };
  /** What is proven is not what it has to be. */
  Record: { piece: Piece; words: string };
  /** The record of the auction counts others than were proven. */
  Counts: { what: 'bids' | 'orders' | 'batteries'; expected: number; found: number };
  /** The parts do not make what was announced. */
  OtherCertificate: Record<never, never>;
  Flaw: { [F in Flaw]: { flaw: F; facts: FlawFacts[F] } }[Flaw];
  /** The record says that the clearing is worth something else. */
  Worth: { expected: bigint; found: bigint };
  /** People pay another price. */
  Price: { slot: number; zone: number; expected: number; found: number };
  /** Something else is counted over a line. */
  Line: { slot: number; zone: number; expected: number; found: number };
  /** What the lines could carry when the bids were open could not be made out. */
  Caps: { zone: number };
  /** A call came out of a contract, where nobody sees what it said. */
  InContract: { what: 'bid' | 'certificate' | 'announcement' };
  /** Others traded for these slots before, and what they put on the lines cannot be checked. */
  EarlierTrades: { slot: number };
  /** The node shows no event of it in the blocks that are looked through. */
  Missing: { what: 'commitment' | 'stage' | 'announcement' | 'certificate' | 'clearing' | 'auction' };
  NotCleared: { stage: number };
}
export type Reason = keyof ReasonFacts;

/** Reasons that speak against nobody: something lies where it cannot be looked at from here. */
const UNSEEN: readonly Reason[] = ['Caps', 'InContract', 'EarlierTrades', 'Missing', 'NotCleared'];

type Sentences = { [R in Reason]: (facts: ReasonFacts[R]) => string };
const PIECES: Record<Language, Record<Piece, string>> = {
  en: { auction: 'the auction', market: 'the market', meter: 'a meter', line: 'what a line may carry', slot: 'a quarter of an hour', transaction: 'a transaction' },
  ko: { auction: '경매', market: '시장', meter: '계량기', line: '선의 한도', slot: '15분 칸', transaction: '거래' },
};
const COUNTED: Record<Language, Record<ReasonFacts['Counts']['what'], string>> = {
  en: { bids: 'bids', orders: 'orders', batteries: 'batteries' },
  ko: { bids: '입찰', orders: '주문', batteries: '배터리' },
};
const HIDDEN: Record<Language, Record<ReasonFacts['InContract']['what'], string>> = {
  en: { bid: 'a bid', certificate: 'the certificate', announcement: 'the announcement' },
  ko: { bid: '입찰', certificate: '증명서', announcement: '예고' },
};
const MISSED: Record<Language, Record<ReasonFacts['Missing']['what'], string>> = {
  en: { commitment: 'the sealed bids', stage: 'when the bids were open', announcement: 'the announcement', certificate: 'the certificate', clearing: 'the clearing', auction: 'the auction' },
  ko: { commitment: '봉인된 입찰', stage: '입찰이 모두 열린 때', announcement: '예고', certificate: '증명서', clearing: '청산', auction: '경매' },
};

const sentences: Record<Language, Sentences> = {
  en: {
    Proof: ({ piece, words }) => `what the node says of ${PIECES.en[piece]} is not proven: ${words}`,
    Record: ({ piece, words }) => `what is proven of ${PIECES.en[piece]} is not what it has to be: ${words}`,
    Counts: ({ what, expected, found }) => `the auction had ${expected} ${COUNTED.en[what]}, and ${found} are proven: something is left out or made up`,
    OtherCertificate: () => 'the parts do not make the certificate that was announced',
    Flaw: ({ flaw }) => `the certificate does not show the best clearing: ${flawWords[flaw].en}`,
    Worth: ({ expected, found }) => `the clearing is worth ${found} nano-units, and the record says ${expected}`,
    Price: ({ slot, zone, expected, found }) => `in slot ${slot} zone ${zone} pays ${found} micro-units per kWh, and the certificate makes it ${expected}`,
    Line: ({ slot, zone, expected, found }) => `in slot ${slot} the line of zone ${zone} is said to carry ${found} Wh, and the certificate makes it ${expected}`,
    Caps: ({ zone }) => `what the line of zone ${zone} could carry when the bids were open cannot be made out from here`,
    InContract: ({ what }) => `${HIDDEN.en[what]} came out of a contract, so what it said stands in no block`,
    EarlierTrades: ({ slot }) => `slot ${slot} had been traded before, and what was on the lines then cannot be checked from here`,
    Missing: ({ what }) => `the node shows nothing of ${MISSED.en[what]} in the blocks that are looked through`,
    NotCleared: () => 'the auction is not cleared yet',
  },
  ko: {
    Proof: ({ piece }) => `노드가 말한 ${PIECES.ko[piece]}의 내용이 증명되지 않았습니다`,
    Record: ({ piece }) => `증명된 ${PIECES.ko[piece]}의 내용이 있어야 할 것과 다릅니다`,
    Counts: ({ what, expected, found }) => `경매의 ${COUNTED.ko[what]} 수는 ${expected}인데 증명된 것은 ${found}입니다. 빠졌거나 지어낸 것이 있습니다`,
    OtherCertificate: () => '조각들을 이어도 예고한 증명서가 되지 않습니다',
    Flaw: ({ flaw }) => `증명서가 가장 좋은 청산임을 보이지 못합니다: ${flawWords[flaw].ko}`,
    Worth: ({ expected, found }) => `청산의 가치는 ${found}나노인데 기록에는 ${expected}나노로 되어 있습니다`,
    Price: ({ slot, zone, expected, found }) => `${slot}번 칸 ${zone}번 구역의 값은 kWh당 ${found}마이크로인데 증명서로는 ${expected}마이크로입니다`,
    Line: ({ slot, zone, expected, found }) => `${slot}번 칸 ${zone}번 구역의 선에 ${found} Wh가 흐른다고 하나 증명서로는 ${expected} Wh입니다`,
    Caps: ({ zone }) => `입찰이 열렸을 때 ${zone}번 구역의 선이 나를 수 있던 양을 여기서는 알아낼 수 없습니다`,
    InContract: ({ what }) => `컨트랙트 안에서 온 것(${HIDDEN.ko[what]})이라 그 내용이 블록에 없습니다`,
    EarlierTrades: ({ slot }) => `${slot}번 칸은 그 전에도 거래되어 그때 선에 있던 것을 여기서 확인할 수 없습니다`,
    Missing: ({ what }) => `살펴본 블록 안에서 노드가 보여 주지 않은 것이 있습니다: ${MISSED.ko[what]}`,
    NotCleared: () => '경매가 아직 청산되지 않았습니다',
  },
};

/** It was not shown: `reason` by name, `facts` for words of one's own. */
export class NotShown<R extends Reason = Reason> extends Error {
  override readonly name = 'NotShown';

  constructor(
    readonly reason: R,
    readonly facts: ReasonFacts[R],
  ) {
    super(sentences.en[reason](facts));
  }

  /** Whether something was found to be wrong; else it could only not be looked at. */
  get wrong(): boolean {
    return !UNSEEN.includes(this.reason);
  }

  /** As a sentence without its stop. */
  tell(language: Language): string {
    return sentences[language][this.reason](this.facts);
  }
}
