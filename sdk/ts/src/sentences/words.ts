/** Words for what the chain says by number, in the languages of the console. A table. */
import type { names } from '../generated/names.js';

/** The languages that everything is said in. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];
/** One text in every language. */
export type Text = Record<Language, string>;

type Names = typeof names;
type Table<K extends Exclude<keyof Names, 'roles'>> = Record<Names[K][number], Text>;

export const orderStateWords: Table<'orderStates'> = {
  PendingApproval: { en: 'waits for approval', ko: '승인 대기' },
  Placed: { en: 'placed', ko: '주문됨' },
  Accepted: { en: 'accepted', ko: '접수됨' },
  Shipped: { en: 'shipped', ko: '배송 중' },
  Claimed: { en: 'said to be delivered', ko: '배달했다고 함' },
  Disputed: { en: 'contested', ko: '이의 제기됨' },
  Arbitration: { en: 'with an arbiter', ko: '중재 중' },
  Settled: { en: 'settled', ko: '정산됨' },
  ReturnPosted: { en: 'return posted', ko: '반품 발송됨' },
  ReturnDenied: { en: 'return denied', ko: '반품 거절됨' },
  Lapsed: { en: 'lapsed', ko: '기한 지남' },
  Cancelled: { en: 'cancelled', ko: '취소됨' },
  Refunded: { en: 'refunded', ko: '환불됨' },
  Ruled: { en: 'ruled', ko: '판정됨' },
  Returned: { en: 'returned', ko: '반품 완료' },
  Closed: { en: 'closed', ko: '종료됨' },
};

/** What an order that reached this state has come to, after «order … ». */
export const orderMoveWords: Table<'orderStates'> = {
  PendingApproval: { en: 'waits for the owner’s approval', ko: '주인의 승인을 기다립니다' },
  Placed: { en: 'is placed: the price lies in escrow', ko: '주문되었고 대금은 예치되었습니다' },
  Accepted: { en: 'is accepted by the shop', ko: '가게가 접수했습니다' },
  Shipped: { en: 'is shipped', ko: '발송되었습니다' },
  Claimed: { en: 'is said to be delivered', ko: '배달되었다고 합니다' },
  Disputed: { en: 'is contested by the owner', ko: '주인이 이의를 제기했습니다' },
  Arbitration: { en: 'goes to an arbiter: the shop answered', ko: '가게가 답하여 중재로 넘어갔습니다' },
  Settled: { en: 'is settled: the shop is paid', ko: '정산되어 가게가 대금을 받았습니다' },
  ReturnPosted: { en: 'is on its way back to the shop', ko: '가게로 반품 중입니다' },
  ReturnDenied: { en: 'goes to an arbiter: the shop denies the return', ko: '가게가 반품을 인정하지 않아 중재로 넘어갔습니다' },
  Lapsed: { en: 'lapsed: no money was moved', ko: '기한이 지났습니다. 돈은 움직이지 않았습니다' },
  Cancelled: { en: 'is cancelled: the money is back', ko: '취소되어 돈이 돌아왔습니다' },
  Refunded: { en: 'is refunded: the money is back', ko: '환불되어 돈이 돌아왔습니다' },
  Ruled: { en: 'is ruled', ko: '판정되었습니다' },
  Returned: { en: 'is returned: the money is back', ko: '반품이 끝나 돈이 돌아왔습니다' },
  Closed: { en: 'is closed', ko: '종료되었습니다' },
};

/** Why an order cannot be placed, or does not hold. */
export const reasonWords: Table<'reasons'> = {
  DeviceInactive: { en: 'the machine is unknown, suspended or retired', ko: '기기가 등록되지 않았거나 정지 또는 폐기되었습니다' },
  NoSlot: { en: 'the owner has not described this slot', ko: '주인이 이 칸을 아직 설명하지 않았습니다' },
  NoMandate: { en: 'the owner has given no mandate', ko: '주인이 주문을 허락하지 않았습니다' },
  MandateExpired: { en: 'the mandate has expired', ko: '허락한 기간이 끝났습니다' },
  MandatePaused: { en: 'the owner has paused ordering', ko: '주인이 주문을 잠시 멈췄습니다' },
  NotifyOnly: { en: 'the machine may tell the level, not order', ko: '기기는 알리기만 하고 주문하지 않습니다' },
  LevelNotLow: { en: 'there is enough left', ko: '아직 충분히 남아 있습니다' },
  NotArmed: { en: 'this low level has had its order', ko: '이번에 모자란 분량은 이미 주문했습니다' },
  AttemptsSpent: { en: 'three orders were tried; the owner must look', ko: '세 번 주문해 보았습니다. 주인이 확인해야 합니다' },
  OrderOpen: { en: 'another order is under way', ko: '진행 중인 다른 주문이 있습니다' },
  PackAtHome: { en: 'a pack stands at home: please refill', ko: '집에 새 것이 있습니다. 채워 주세요' },
  NoOffer: { en: 'there is no such offer', ko: '그런 상품이 없습니다' },
  OfferWithdrawn: { en: 'the shop has withdrawn the offer', ko: '가게가 상품을 거두었습니다' },
  OfferExpired: { en: 'the offer has expired', ko: '상품의 판매 기간이 끝났습니다' },
  OutOfStock: { en: 'the offer is sold out', ko: '품절되었습니다' },
  NoShop: { en: 'there is no such shop', ko: '그런 가게가 없습니다' },
  ShopNotAllowed: { en: 'the mandate does not allow this shop', ko: '허락한 가게가 아닙니다' },
  ShopLeftOut: { en: 'this shop has just failed and is left out', ko: '이 가게는 이번에 약속을 지키지 못해 제외되었습니다' },
  GtinNotAccepted: { en: 'the machine does not take this article', ko: '기기에 맞지 않는 상품입니다' },
  GtinNotAllowed: { en: 'the mandate does not allow this article', ko: '허락한 상품이 아닙니다' },
  UnitDiffers: { en: 'the offer is measured in another unit', ko: '상품의 단위가 다릅니다' },
  CreditDiffers: { en: 'the shop takes other money', ko: '가게가 받는 돈의 종류가 다릅니다' },
  UnitPriceTooHigh: { en: 'it is dearer a unit than the mandate allows', ko: '단위 가격이 허락한 것보다 비쌉니다' },
  OrderTooDear: { en: 'it costs more than one order may', ko: '한 번에 쓸 수 있는 금액을 넘습니다' },
  PeriodAmountSpent: { en: 'the budget of this period would be exceeded', ko: '이번 기간의 예산을 넘습니다' },
  PeriodCountSpent: { en: 'this period has had as many orders as it may', ko: '이번 기간의 주문 횟수를 다 썼습니다' },
  IntervalTooShort: { en: 'the last order was too short a time ago', ko: '지난 주문에서 시간이 충분히 지나지 않았습니다' },
  NoCommonArbiter: { en: 'owner and shop name no arbiter in common', ko: '주인과 가게가 함께 고른 중재인이 없습니다' },
  DefaultShareTooSmall: { en: 'the owner’s share, should no arbiter rule, is too small', ko: '중재인이 판정하지 않을 때 주인의 몫이 너무 작습니다' },
  BondTooSmall: { en: 'the shop’s free bond does not cover the price', ko: '가게의 남은 보증금이 값보다 적습니다' },
  BalanceTooSmall: { en: 'the owner has not enough money', ko: '주인의 돈이 모자랍니다' },
  NotPending: { en: 'that order does not wait for approval', ko: '승인을 기다리는 주문이 아닙니다' },
  NotOwner: { en: 'only the owner may', ko: '주인만 할 수 있습니다' },
  OrderFinal: { en: 'the order is over', ko: '이미 끝난 주문입니다' },
  Overdue: { en: 'its deadline has passed', ko: '기한이 지났습니다' },
  EscrowShort: { en: 'less lies in escrow than the order says', ko: '예치된 돈이 주문보다 적습니다' },
};

export const orderFieldWords: Table<'orderFields'> = {
  Slot: { en: 'the number of the slot', ko: '칸 번호' },
  Unit: { en: 'the unit', ko: '단위' },
  Level: { en: 'the level', ko: '남은 양' },
  Gtins: { en: 'the list of articles', ko: '상품 목록' },
  Packs: { en: 'the number of packs', ko: '포장 수' },
  Shops: { en: 'the list of shops', ko: '가게 목록' },
  Arbiters: { en: 'the list of arbiters', ko: '중재인 목록' },
  Amount: { en: 'the amount', ko: '금액' },
  Period: { en: 'the period', ko: '기간' },
  Count: { en: 'the count', ko: '횟수' },
  Expiry: { en: 'the expiry', ko: '만료 시각' },
  Percent: { en: 'the percentage', ko: '비율' },
  Name: { en: 'the name', ko: '이름' },
  Content: { en: 'the content of a pack', ko: '포장의 내용량' },
  Stock: { en: 'the stock', ko: '재고' },
  SealedAddress: { en: 'the sealed address', ko: '봉인된 주소' },
  Tracking: { en: 'the tracking number', ko: '운송장 번호' },
  Holiday: { en: 'the holiday', ko: '휴가' },
  Sum: { en: 'the sum of the offer’s periods (45 days at most)', ko: '기간의 합(최대 45일)' },
  Credit: { en: 'the credit', ko: '돈의 종류' },
};

export const creditFieldWords: Table<'creditFields'> = {
  Name: { en: 'the name', ko: '이름' },
  Symbol: { en: 'the symbol', ko: '기호' },
  Decimals: { en: 'the number of decimals', ko: '소수 자릿수' },
  Currency: { en: 'the currency', ko: '통화' },
  Period: { en: 'the period', ko: '기간' },
  Amount: { en: 'the amount', ko: '금액' },
};

export const deviceStatusWords: Table<'deviceStatuses'> = {
  Active: { en: 'active', ko: '사용 중' },
  Suspended: { en: 'suspended', ko: '정지됨' },
  Retired: { en: 'retired', ko: '폐기됨' },
};

export const mandateModeWords: Table<'mandateModes'> = {
  Auto: { en: 'the machine orders by itself', ko: '기기가 스스로 주문' },
  Confirm: { en: 'the machine asks, the owner approves', ko: '기기가 묻고 주인이 승인' },
  Notify: { en: 'the machine only tells', ko: '기기는 알리기만' },
};

export const keyTypeWords: Table<'keyTypes'> = {
  P256: { en: 'P-256', ko: 'P-256' },
  Secp256k1: { en: 'secp256k1', ko: 'secp256k1' },
};

export const disputeStageWords: Table<'disputeStages'> = {
  Pinned: { en: 'the arbiter decides', ko: '중재인이 판정할 차례' },
  Fallback: { en: 'the second arbiter decides', ko: '두 번째 중재인이 판정할 차례' },
};

export const deadlineKindWords: Table<'deadlineKinds'> = {
  Order: { en: 'order', ko: '주문' },
  Dispute: { en: 'dispute', ko: '분쟁' },
  Recovery: { en: 'recovery of the account', ko: '계정 복구' },
  Auction: { en: 'energy auction', ko: '전력 경매' },
  Slot: { en: 'readings of a quarter of an hour', ko: '15분 계량값' },
  Sharing: { en: 'sharing of the pot of a market', ko: '시장 공동 기금 나누기' },
  Challenge: { en: 'challenged reading', ko: '이의가 제기된 계량값' },
};

export const energyFieldWords: Table<'energyFields'> = {
  Name: { en: 'the name', ko: '이름' },
  Credit: { en: 'the money, or its decimals', ko: '돈이나 그 소수 자릿수' },
  Supplier: { en: 'the supplier', ko: '공급자' },
  Zones: { en: 'the zones, which must be a tree', ko: '구역(나무 모양이어야 함)' },
  Terms: { en: 'the terms', ko: '조건' },
  Zone: { en: 'the zone', ko: '구역' },
  Slots: { en: 'the quarters of an hour', ko: '15분 칸' },
  Wh: { en: 'the energy', ko: '전력량' },
  Amount: { en: 'the amount', ko: '금액' },
  Orders: { en: 'the number of orders', ko: '주문 수' },
  Battery: { en: 'the battery', ko: '배터리' },
  Price: { en: 'the price', ko: '가격' },
  Bytes: { en: 'the size', ko: '크기' },
  Readings: { en: 'the number of readings', ko: '계량값 수' },
  Arbiter: { en: 'the arbiters, who are neither the operator nor the supplier', ko: '중재인(운영자나 공급자가 아니어야 함)' },
};

export const auctionStageWords: Table<'auctionStages'> = {
  Open: { en: 'takes sealed bids', ko: '봉인된 입찰을 받는 중' },
  Revealing: { en: 'bids are opened', ko: '입찰을 여는 중' },
  Solving: { en: 'the best clearing is looked for', ko: '가장 좋은 거래를 찾는 중' },
  Cleared: { en: 'cleared', ko: '거래가 정해짐' },
};

export const challengeStageWords: Table<'challengeStages'> = {
  Asked: { en: 'the operator is asked', ko: '운영자가 답할 차례' },
  Disputed: { en: 'the arbiter decides', ko: '중재인이 판정할 차례' },
};

export const slotProgressWords: Table<'slotProgress'> = {
  Running: { en: 'takes readings', ko: '계량값을 받는 중' },
  Settling: { en: 'is being settled', ko: '정산 중' },
  Settled: { en: 'settled', ko: '정산됨' },
};

/** What is wrong with a certificate. */
export const certificateFlawWords: Table<'certificateFlaws'> = {
  NoCertificate: { en: 'it is no certificate', ko: '증명서가 아닙니다' },
  Nodes: { en: 'it does not price every place', ko: '모든 곳의 가격이 있지 않습니다' },
  Outside: { en: 'it prices the outside', ko: '바깥에 가격을 매겼습니다' },
  Price: { en: 'a price is out of bounds', ko: '가격이 범위를 벗어났습니다' },
  Contradiction: { en: 'its two prices contradict each other', ko: '두 가격이 서로 맞지 않습니다' },
  OpenFlows: { en: 'it states too many or too few flows', ko: '적힌 흐름이 너무 많거나 적습니다' },
  Capacity: { en: 'more flows than a line or an order takes', ko: '선이나 주문이 받을 수 있는 것보다 많이 흐릅니다' },
  Balance: { en: 'what flows in is not what flows out', ko: '들어온 것과 나간 것이 다릅니다' },
  Path: { en: 'a price is not the highest or the lowest that it could be', ko: '가격이 가장 높거나 낮은 값이 아닙니다' },
  Order: { en: 'a lowest price is above the highest', ko: '가장 낮은 가격이 가장 높은 가격보다 높습니다' },
};

export const roleWords: Record<keyof Names['roles'], Text> = {
  Member: { en: 'member', ko: '회원' },
  Maker: { en: 'maker', ko: '제조자' },
  Arbiter: { en: 'arbiter', ko: '중재인' },
  Carrier: { en: 'carrier', ko: '배송인' },
  GridOperator: { en: 'grid operator', ko: '배전 운영자' },
};

/** Who may ask for an action, as the subject of its sentence. */
export const holderWords: Table<'holders'> = {
  Anyone: { en: 'Anyone', ko: '누구나' },
  AnyoneWhenDue: { en: 'Anyone, once it is due,', ko: '기한이 지나면 누구나' },
  Holder: { en: 'Whoever has the money', ko: '돈의 주인' },
  SignedByHolder: { en: 'Anyone, with the holder’s signature,', ko: '돈의 주인이 한 서명이 있으면 누구나' },
  Spender: { en: 'Whom the holder allowed', ko: '돈의 주인이 허락한 사람' },
  CreditIssuer: { en: 'The issuer named when the money was made', ko: '돈을 만들 때 정한 발행인' },
  ClaimRole: { en: 'Whoever holds the role that the money names', ko: '돈이 정한 역할을 가진 사람' },
  RoleIssuer: { en: 'An issuer of the role, named at genesis,', ko: '체인의 시작에 정한 역할 수여자' },
  RoleHolder: { en: 'Whoever holds the role', ko: '역할을 가진 사람' },
  Owner: { en: 'The owner', ko: '주인' },
  Machine: { en: 'Anyone, with the machine’s signature and within the owner’s mandate,', ko: '기기의 서명이 있으면, 주인이 허락한 한도에서 누구나' },
  Shop: { en: 'The shop', ko: '가게' },
  ShopOrCarrier: { en: 'The shop or its carrier', ko: '가게나 배송인' },
  OwnerOrShop: { en: 'The owner, or the shop until it ships,', ko: '주인, 또는 발송 전의 가게' },
  OwnerAndShop: { en: 'Owner and shop, only together,', ko: '주인과 가게가 함께' },
  Arbiter: { en: 'The arbiter whom both sides named beforehand', ko: '양쪽이 미리 정한 중재인' },
  FullKey: { en: 'A full key of the account', ko: '계정의 완전한 열쇠' },
  FullKeyOrItself: { en: 'A full key of the account, or the key itself,', ko: '계정의 완전한 열쇠나 그 열쇠 자신' },
  Guardian: { en: 'A guardian whom the account named', ko: '계정이 정한 보호자' },
  GridOperator: { en: 'Whoever holds the role of a grid operator', ko: '배전 운영자 역할을 가진 사람' },
  MarketOperator: { en: 'The operator of the market', ko: '그 시장의 운영자' },
  NeighbourOrOperator: { en: 'The owner of another meter of the market, or its operator,', ko: '그 시장의 다른 계량기 주인이나 운영자' },
};

/** What nobody can do, after «Nobody can …». */
export const nobodyWords: Table<'nobody'> = {
  TakeMoneyWithoutItsHolder: { en: 'move money that its holder has not sent or allowed', ko: '주인이 보내거나 허락하지 않은 돈을 옮길 수 없습니다' },
  IssueMoneyButItsIssuer: { en: 'make reserve money, except the issuer it names', ko: '정해진 발행인 말고는 준비금 돈을 만들 수 없습니다' },
  ClaimMoreThanTheRule: { en: 'claim more community money than its rule gives', ko: '규칙보다 많은 공동체 돈을 받을 수 없습니다' },
  GrantARoleForEver: { en: 'grant a role for ever, or without being its issuer', ko: '역할을 영원히 주거나, 수여자가 아닌데 줄 수 없습니다' },
  EndAnothersGrant: { en: 'end a role that somebody else granted', ko: '다른 사람이 준 역할을 끝낼 수 없습니다' },
  OrderButOwnerAndMachine: { en: 'order for a household, except its owner and its machine', ko: '주인과 그 기기 말고는 그 집의 주문을 할 수 없습니다' },
  OrderBeyondTheMandate: { en: 'order beyond the mandate, even with a stolen key and a colluding shop', ko: '훔친 열쇠와 한패인 가게로도 허락한 한도를 넘겨 주문할 수 없습니다' },
  RobByADevicesKey: { en: 'take anything with a machine’s stolen key alone', ko: '훔친 기기 열쇠만으로 무엇도 가져갈 수 없습니다' },
  MoveAnOrderAsideOfItsTable: { en: 'move an order otherwise than its table says', ko: '정해진 표와 다르게 주문을 움직일 수 없습니다' },
  KeepAnOrderOpen: { en: 'keep an order open for more than 45 days', ko: '주문을 45일 넘게 열어 둘 수 없습니다' },
  KeepAnEscrow: { en: 'keep an escrow or a bond that is another’s', ko: '남의 예치금이나 보증금을 가질 수 없습니다' },
  RuleButTheArbiter: { en: 'rule on a dispute out of turn', ko: '차례가 아닌데 분쟁을 판정할 수 없습니다' },
  KeepADisputeOpen: { en: 'keep a dispute undecided by staying silent', ko: '침묵으로 분쟁을 미룰 수 없습니다' },
  SpendBeyondAKeysLimit: { en: 'spend more by a limited key than its limit', ko: '제한된 열쇠로 한도보다 많이 쓸 수 없습니다' },
  ActBeyondAKeysScope: { en: 'do by a limited key what is not in its scope', ko: '제한된 열쇠로 허락되지 않은 일을 할 수 없습니다' },
  RobBeyondAKeysReach: { en: 'take more with a stolen limited key than its reach', ko: '훔친 제한된 열쇠로 닿는 범위를 넘어 가져갈 수 없습니다' },
  RecoverButTheGuardians: { en: 'recover an account, except its guardians together', ko: '함께하는 보호자들 말고는 계정을 복구할 수 없습니다' },
  KeepAnAccountByAStolenKey: { en: 'keep an account from its guardians by stealing its only key', ko: '하나뿐인 열쇠를 훔쳐 보호자들로부터 계정을 지킬 수 없습니다' },
  StopDeadlines: { en: 'stop a deadline, or run it early', ko: '기한을 막거나 앞당길 수 없습니다' },
};

export const accountFieldWords: Table<'accountFields'> = {
  Admin: { en: 'a full key has no expiry, limits or scopes', ko: '완전한 열쇠에는 만료, 한도, 범위가 없습니다' },
  Expiry: { en: 'the expiry', ko: '만료 시각' },
  Limits: { en: 'the list of limits', ko: '한도 목록' },
  Amount: { en: 'the amount', ko: '금액' },
  Period: { en: 'the period', ko: '기간' },
  Scopes: { en: 'the list of what it may call', ko: '부를 수 있는 것의 목록' },
  Selectors: { en: 'the list of functions', ko: '기능 목록' },
  Threshold: { en: 'how many guardians are needed', ko: '필요한 보호자 수' },
  Count: { en: 'the number of guardians', ko: '보호자 수' },
  PublicKey: { en: 'the length of the public key', ko: '공개 열쇠의 길이' },
  Overlap: { en: 'how long the old key stays', ko: '옛 열쇠가 남는 기간' },
};

export const accountKeyKindWords: Table<'accountKeyKinds'> = {
  Secp256k1: { en: 'secp256k1', ko: 'secp256k1' },
  P256: { en: 'P-256', ko: 'P-256' },
  WebAuthn: { en: 'passkey', ko: '패스키' },
};

export const sealingKindWords: Table<'sealingKinds'> = {
  X25519: { en: 'X25519', ko: 'X25519' },
  XWing: { en: 'X-Wing', ko: 'X-Wing' },
};
