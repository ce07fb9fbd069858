/** What each event of the modules tells, for people. A table. */
import { addresses } from '../generated/addresses.js';
import type { EventFacts, EventKey } from '../types.js';
import type { Text } from './words.js';

/** A sentence, or one of several by what happened. Placeholders are the event's facts; see `tell.ts` for their kinds. */
export type EventSentences = { [K in EventKey]: Text | ((facts: EventFacts<K>) => Text) };

const ZERO = '0x0000000000000000000000000000000000000000';
const itself = (by: string) => by.toLowerCase() === addresses.system;

export const eventSentences: EventSentences = {
  'accounts.KeyAuthorized': ({ admin }) =>
    admin
      ? { en: '{account} made {key} a full key of its own ({kind|accountKeyKind})', ko: '{account}{이/가} {key}{을/를} 완전한 열쇠로 더했습니다({kind|accountKeyKind})' }
      : { en: '{account} lets the key {key} act for it until {expiresMs}, within limits ({kind|accountKeyKind})', ko: '{account}{이/가} 열쇠 {key}에게 {expiresMs}까지 한도 안에서 대신하도록 허락했습니다({kind|accountKeyKind})' },
  'accounts.KeyRevoked': { en: '{account} revoked the key {key}', ko: '{account}{이/가} 열쇠 {key}{을/를} 폐기했습니다' },
  'accounts.GuardiansSet': { en: '{account} named {count} guardians, of whom {threshold} may recover it, from {fromMs}', ko: '{account}{이/가} 보호자 {count}명을 정했습니다. {fromMs}부터 그중 {threshold}명이 복구할 수 있습니다' },
  'accounts.KeyNamed': { en: '{guardian} names {key} as the new key of {account}: {named} of {needed}', ko: '{guardian}{이/가} {account}의 새 열쇠로 {key}{을/를} 지목했습니다: {needed}명 중 {named}명' },
  'accounts.RecoveryBegun': { en: '{account} will have the key {key} from {deadlineMs}, unless it is vetoed', ko: '거부하지 않으면 {deadlineMs}부터 {account}의 열쇠는 {key}입니다' },
  'accounts.RecoveryDropped': { en: 'The recovery of {account} by the key {key} was dropped', ko: '열쇠 {key}{으로/로} {account}{을/를} 복구하는 일이 취소되었습니다' },
  'accounts.RecoveryVetoed': { en: '{account} vetoed its recovery by the key {key}; the guardians may try again until {againMs}', ko: '{account}{이/가} 열쇠 {key}의 복구를 거부했습니다. 보호자들은 {againMs}까지 다시 할 수 있습니다' },
  'accounts.Recovered': { en: '{account} was recovered: {key} is its only key now', ko: '{account}{이/가} 복구되었습니다. 이제 열쇠는 {key}뿐입니다' },
  'accounts.SealingKeySet': { en: '{account} published a key to seal things to ({kind|sealingKind})', ko: '{account}{이/가} 봉인 열쇠를 공개했습니다({kind|sealingKind})' },
  'accounts.SealingKeyWithdrawn': { en: '{account} withdrew its sealing key ({kind|sealingKind})', ko: '{account}{이/가} 봉인 열쇠를 거두었습니다({kind|sealingKind})' },
  'credit.TransferWithMemo': { en: '{from} noted «{memo}» with {amount} to {to}', ko: '{from}{이/가} {to}에게 보낸 {amount}에 메모를 남겼습니다: {memo}' },
  'credit.Transfer': ({ from, to }) => {
    if (from === ZERO) return { en: '{to} received {value} of new money', ko: '{to}{이/가} 새로 만든 돈 {value}{을/를} 받았습니다' };
    if (to === ZERO) return { en: '{from} gave {value} back', ko: '{from}{이/가} {value}{을/를} 반납했습니다' };
    return { en: '{from} sent {value} to {to}', ko: '{from}{이/가} {to}에게 {value}{을/를} 보냈습니다' };
  },
  'credit.Approval': { en: '{owner} lets {spender} spend {value|allowance}', ko: '{owner}{이/가} {spender}에게 {value|allowance}까지 쓰도록 허락했습니다' },
  'credit.Redeemed': { en: '{issuer} owes {holder} the deposit for {value}', ko: '{issuer}{은/는} {holder}에게 {value}에 해당하는 예금을 내주어야 합니다' },
  'credits.Created': { en: '{creator} made the money «{name}» ({symbol})', ko: '{creator}{이/가} 새 돈 “{name}”({symbol}){을/를} 만들었습니다' },
  'deadlines.Failed': { en: 'What was due for the {kind|deadlineKind} {id|hex} could not be done', ko: '{kind|deadlineKind} {id|hex}의 기한이 되었으나 처리하지 못했습니다' },
  'disputes.Opened': { en: '{claimant} contests {dispute} with {respondent}; {arbiter} decides until {deadlineMs}', ko: '{claimant}{이/가} {respondent}{을/를} 상대로 {dispute}에 이의를 제기했습니다. {arbiter}{이/가} {deadlineMs}까지 판정합니다' },
  'disputes.PassedOn': { en: 'The arbiter of {dispute} was silent; {fallbackArbiter} decides until {deadlineMs}', ko: '{dispute}의 중재인이 답하지 않아 {fallbackArbiter}{이/가} {deadlineMs}까지 판정합니다' },
  'disputes.Ruled': ({ byDefault }) =>
    byDefault
      ? { en: 'No arbiter ruled on {dispute}: the share agreed beforehand, {percent} %, goes to the claimant', ko: '{dispute}{을/를} 판정한 중재인이 없어 미리 정한 몫 {percent}%가 신청인에게 갑니다' }
      : { en: '{by} ruled on {dispute}: {percent} % go to the claimant', ko: '{by}{이/가} {dispute}{을/를} 판정했습니다: {percent}%가 신청인에게 갑니다' },
  'disputes.Closed': { en: 'The dispute {dispute} is closed without a ruling', ko: '분쟁 {dispute}{이/가} 판정 없이 끝났습니다' },
  'roles.Granted': { en: '{issuer} made {holder} a {role|role} until {untilMs}', ko: '{issuer}{이/가} {holder}에게 {untilMs}까지 {role|role} 역할을 주었습니다' },
  'roles.Ended': { en: '{holder} is a {role|role} no more', ko: '{holder}{은/는} 이제 {role|role}{이/가} 아닙니다' },

  'orders.DeviceRegistered': { en: '{owner} registered a machine of the model {model|gtin}', ko: '{owner}{이/가} 모델 {model|gtin} 기기를 등록했습니다' },
  'orders.DeviceKeyRotated': { en: 'The machine {device} has a new key, its epoch is {keyEpoch|count}', ko: '기기 {device}의 열쇠가 {keyEpoch|count}번째로 바뀌었습니다' },
  'orders.DeviceStatusSet': { en: 'The machine {device} is now {status|deviceStatus}', ko: '기기 {device}의 상태: {status|deviceStatus}' },
  'orders.DeviceTransferred': { en: '{from} gave the machine {device} to {to}', ko: '{from}{이/가} 기기 {device}{을/를} {to}에게 넘겼습니다' },
  'orders.SlotSet': { en: 'Slot {slot} of the machine {device} was described', ko: '기기 {device}의 {slot}번 칸을 설정했습니다' },
  'orders.SlotRearmed': { en: 'The machine {device} was refilled: cycle {cycle|count} of slot {slot} begins', ko: '기기 {device}의 {slot}번 칸이 채워져 {cycle|count}번째 주기가 시작됩니다' },
  'orders.MandateSet': { en: 'The owner set what the machine {device} may order', ko: '주인이 기기 {device}의 주문 한도를 정했습니다' },
  'orders.MandatePaused': ({ paused }) =>
    paused
      ? { en: 'Ordering by the machine {device} is paused', ko: '기기 {device}의 주문을 잠시 멈췄습니다' }
      : { en: 'The machine {device} may order again', ko: '기기 {device}의 주문을 다시 시작했습니다' },
  'orders.MandateRevoked': { en: 'The machine {device} may order no more', ko: '기기 {device}의 주문 허락을 거두었습니다' },
  'orders.HolidaySet': ({ untilMs }) =>
    untilMs === 0n
      ? { en: '{owner} is back', ko: '{owner}{이/가} 돌아왔습니다' }
      : { en: '{owner} is away until {untilMs}', ko: '{owner}{은/는} {untilMs}까지 자리를 비웁니다' },
  'orders.ShopRegistered': { en: '«{name}» opened as a shop ({shop|hex})', ko: '가게 “{name}”{이/가} 문을 열었습니다({shop|hex})' },
  'orders.ShopUpdated': { en: 'The shop «{name}» changed its name or its key', ko: '가게 “{name}”의 이름이나 열쇠가 바뀌었습니다' },
  'orders.PayoutSet': { en: '{shop} will be paid to {payout} from {fromMs}', ko: '{shop}의 대금은 {fromMs}부터 {payout}{으로/로} 갑니다' },
  'orders.BondChanged': { en: 'The bond of {shop} is {bond}, of which {reserved} back orders', ko: '{shop}의 보증금은 {bond}이고 그중 {reserved}{이/가} 주문을 보증합니다' },
  'orders.OfferPublished': { en: '{shop} offers {offer|pack} ({gtin|gtin})', ko: '{shop}{이/가} {offer|pack}{을/를} 내놓았습니다({gtin|gtin})' },
  'orders.StockAdded': { en: 'The offer {offer|hex} has {stock|count} packs in stock', ko: '상품 {offer|hex}의 재고는 {stock|count}개입니다' },
  'orders.OfferWithdrawn': { en: 'The offer {offer|hex} was withdrawn', ko: '상품 {offer|hex}{을/를} 거두었습니다' },
  'orders.LevelRead': { en: 'The machine {device} has {level|level} left', ko: '기기 {device}에 {level|level} 남았습니다' },
  'orders.LevelLow': { en: 'The machine {device} runs low: {level|level} left', ko: '기기 {device}에 {level|level}밖에 남지 않았습니다' },
  'orders.RefillAsked': { en: 'The machine {device} asks to be refilled from the pack at home', ko: '기기 {device}{이/가} 집에 있는 것으로 채워 달라고 합니다' },
  'orders.Tested': ({ reasons }) =>
    reasons === 0n
      ? { en: 'A test order of the machine {device} would succeed', ko: '기기 {device}의 시험 주문은 성공할 것입니다' }
      : { en: 'A test order of the machine {device} would fail: {reasons|reasons}', ko: '기기 {device}의 시험 주문은 실패할 것입니다: {reasons|reasons}' },
  'orders.OrderAsked': { en: '{owner} ordered {offer|pack} from {shop} for {total}', ko: '{owner}{이/가} {shop}에서 {offer|pack}{을/를} {total}에 주문했습니다' },
  'orders.OrderMoved': ({ by }) =>
    itself(by)
      ? { en: 'Order {order} {to|orderMove}, by itself at its deadline', ko: '주문 {order}: 기한이 되어 저절로 — {to|orderMove}' }
      : { en: 'Order {order} {to|orderMove}', ko: '주문 {order}: {to|orderMove}' },
  'orders.ParcelNamed': ({ tracking }) =>
    tracking === ''
      ? { en: 'The parcel of order {order} was handed over', ko: '주문 {order}의 소포를 넘겼습니다' }
      : { en: 'The parcel of order {order} was handed over, tracking number {tracking}', ko: '주문 {order}의 소포를 넘겼습니다. 운송장 번호 {tracking}' },
  'orders.CodeWrong': { en: 'A wrong delivery code for order {order}; {triesLeft|count} tries left', ko: '주문 {order}의 배달 암호가 틀렸습니다. {triesLeft|count}번 남았습니다' },
  'orders.EvidenceGiven': { en: 'The machine saw order {order} arrive: the level rose to {level|count}', ko: '기기가 주문 {order}의 도착을 확인했습니다: {level|count}{으로/로} 늘었습니다' },
  'orders.RefundNamed': { en: '{by} proposes a refund of {refund} for order {order}', ko: '{by}{이/가} 주문 {order}에 {refund} 환불을 제안했습니다' },
  'orders.Stated': { en: '{by} put a statement about order {order} on record', ko: '{by}{이/가} 주문 {order}에 대한 진술을 남겼습니다' },

  'energy.MarketOpened': { en: '{operator} opened the energy market «{name}»', ko: '{operator}{이/가} 전력 시장 “{name}”{을/를} 열었습니다' },
  'energy.CapsSet': { en: 'The line of zone {zone} carries {upWh|wh} up and {downWh|wh} down for {slots} quarters of an hour from {firstSlot|slot}', ko: '{firstSlot|slot}부터 15분 칸 {slots}개 동안 {zone}번 구역의 선은 위로 {upWh|wh}, 아래로 {downWh|wh}까지 보냅니다' },
  'energy.RedispatchOrdered': ({ wh }) =>
    Number(wh) === 0
      ? { en: 'The operator of the market {market} took its redispatch of {slot|slot} back ({auction})', ko: '시장 {market}의 운영자가 {slot|slot} 재급전 주문을 거두었습니다({auction})' }
      : { en: 'The operator of the market {market} would pay up to {limitMicro|price} for {wh|wh} less flowing from zone {surplus} to zone {deficit} at {slot|slot} ({auction})', ko: '시장 {market}의 운영자가 {slot|slot}에 {surplus}번 구역에서 {deficit}번 구역으로 {wh|wh} 덜 흐르게 하는 데 {limitMicro|price}까지 내겠다고 했습니다({auction})' },
  'energy.Redispatched': { en: 'Auction {auction}: {wh|wh} were shifted for the operator, who pays {nano|nano}', ko: '경매 {auction}: 운영자를 위해 {wh|wh}{을/를} 옮겼습니다. 운영자가 {nano|nano}{을/를} 냅니다' },
  'energy.MeterRegistered': { en: '{owner} put the meter {meter} into zone {zone} of the market {market}', ko: '{owner}{이/가} 시장 {market}의 {zone}번 구역에 계량기 {meter}{을/를} 달았습니다' },
  'energy.MeterAttested': ({ attested }) =>
    attested
      ? { en: 'The operator knows the meter {meter}', ko: '운영자가 계량기 {meter}{을/를} 인정했습니다' }
      : { en: 'The operator knows the meter {meter} no longer', ko: '운영자가 계량기 {meter}의 인정을 거두었습니다' },
  'energy.Deposited': { en: '{account} put {amount} into its purse of the market {market}', ko: '{account}{이/가} 시장 {market}의 지갑에 {amount}{을/를} 넣었습니다' },
  'energy.Withdrawn': { en: '{account} took {amount} out of its purse of the market {market}', ko: '{account}{이/가} 시장 {market}의 지갑에서 {amount}{을/를} 뺐습니다' },
  'energy.Committed': { en: 'The meter {meter} sealed a bid for {slots} quarters of an hour from {firstSlot|slot} in the market {market} ({auction})', ko: '계량기 {meter}{이/가} 시장 {market}에서 {firstSlot|slot}부터 15분 칸 {slots}개의 입찰을 봉인했습니다({auction})' },
  'energy.Revealed': { en: 'The meter {meter} opened its bid in the auction {auction}', ko: '계량기 {meter}{이/가} 경매 {auction}의 입찰을 열었습니다' },
  'energy.NotRevealed': { en: 'The meter {meter} did not open its bid in the auction {auction}: it lost its deposit, unless the chain stood still until the first slot began', ko: '계량기 {meter}{이/가} 경매 {auction}의 입찰을 열지 않았습니다. 첫 칸이 시작될 때까지 체인이 멈춰 있지 않았다면 보증금을 잃었습니다' },
  'energy.StageBegan': { en: 'Auction {auction}: {stage|auctionStage}, until {untilMs}', ko: '경매 {auction}: {stage|auctionStage}, {untilMs}까지' },
  'energy.Announced': { en: '{solver} announced a clearing of the auction {auction} ({size|count} bytes)', ko: '{solver}{이/가} 경매 {auction}의 거래를 예고했습니다({size|count}바이트)' },
  'energy.CertificateRefused': { en: 'What {solver} showed for the auction {auction} is not the best clearing: {flaw|certificateFlaw}', ko: '{solver}{이/가} 경매 {auction}에 낸 것은 가장 좋은 거래가 아닙니다: {flaw|certificateFlaw}' },
  'energy.CertificateAccepted': { en: '{solver} showed the best clearing of the auction {auction}, worth {welfareNano|nano}', ko: '{solver}{이/가} 경매 {auction}의 가장 좋은 거래를 보였습니다. 가치는 {welfareNano|nano}입니다' },
  'energy.Cleared': ({ by }) =>
    by === ZERO
      ? { en: 'Auction {auction} of the market {market} cleared by itself: {slots} quarters of an hour from {firstSlot|slot}, worth {welfareNano|nano}', ko: '시장 {market}의 경매 {auction}: {firstSlot|slot}부터 15분 칸 {slots}개의 거래가 저절로 정해졌습니다. 가치는 {welfareNano|nano}입니다' }
      : { en: 'Auction {auction} of the market {market} cleared as {by} showed: {slots} quarters of an hour from {firstSlot|slot}, worth {welfareNano|nano}; it earned {rewardNano|nano}', ko: '시장 {market}의 경매 {auction}: {by}{이/가} 보인 대로 {firstSlot|slot}부터 15분 칸 {slots}개의 거래가 정해졌습니다. 가치는 {welfareNano|nano}, 보상은 {rewardNano|nano}입니다' },
  'energy.MeterRead': { en: 'The meter {meter} was read at the end of {slot|slot}', ko: '계량기 {meter}{을/를} {slot|slot} 칸의 끝에 읽었습니다' },
  'energy.ReadingChallenged': { en: '{by} says that the meter {meter} delivered {netWh|wh} at {slot|slot}, and not what was read', ko: '{by}{이/가} 계량기 {meter}{은/는} {slot|slot}에 계량값과 달리 {netWh|wh}{을/를} 내보냈다고 이의를 제기했습니다' },
  'energy.ChallengeEnded': ({ ownerNano }) => {
    const owner = BigInt(ownerNano as bigint);
    if (owner === 0n) return { en: 'The meter {meter} counts {netWh|wh} for {slot|slot}; nobody pays for the challenge', ko: '계량기 {meter}의 {slot|slot} 값은 {netWh|wh}입니다. 이의의 값은 아무도 내지 않습니다' };
    return owner < 0n
      ? { en: 'The meter {meter} counts {netWh|wh} for {slot|slot}: its reading was wrong, and its owner paid the challenger', ko: '계량기 {meter}의 {slot|slot} 값은 {netWh|wh}입니다. 계량값이 틀려 주인이 이의를 제기한 쪽에 돈을 냈습니다' }
      : { en: 'The meter {meter} counts {netWh|wh} for {slot|slot}: the challenge was wrong, and its owner got {ownerNano|nano}', ko: '계량기 {meter}의 {slot|slot} 값은 {netWh|wh}입니다. 이의가 틀려 주인이 {ownerNano|nano}{을/를} 받았습니다' };
  },
  'energy.Corrected': { en: 'A late or corrected reading of the meter {meter} for {slot|slot} changed its bill by {nano|nano}', ko: '계량기 {meter}의 늦거나 고친 계량값으로 {slot|slot}의 요금이 {nano|nano}만큼 바뀌었습니다' },
  'energy.RentShared': { en: 'The pot of the market {market} shared {nano|nano} for {day|day} among connections of {capacityWh|wh} in a quarter of an hour', ko: '시장 {market}의 공동 기금이 {day|day} 몫으로 {nano|nano}{을/를} 15분에 {capacityWh|wh}인 연결들에 나누었습니다' },
  'energy.SlotSettled': { en: 'The market {market} settled {slot|slot}: {supplierNano|nano} to the supplier, {potNano|nano} to the pot', ko: '시장 {market}{이/가} {slot|slot}{을/를} 정산했습니다. 공급자에게 {supplierNano|nano}, 공동 기금에 {potNano|nano}' },
};
