// Words of keys that several pages share: kinds, duties, what a thief could do.
import { words } from './words';

export const keyWords = words({
  en: {
    kinds: { WebAuthn: 'passkey', P256: 'key of a device', Secp256k1: 'key of a wallet' },
    full: 'full key', limited: 'key with limits', named: (kind: string, short: string) => `${kind} ${short}`,
    duties: {
      order: 'Order by hand and approve what machines ask for', receive: 'Cancel orders, and confirm that they arrived', object: 'Object, agree on a refund, and send goods back',
      machines: 'Pause machines, say that they are filled, and set the holiday', relay: 'Bring what machines say to the chain', pay: 'Send money to anybody',
    },
    everything: 'everything that some institution takes', others: (count: string) => `and ${count} more functions`, nothing: 'nothing yet',
    periods: { 1: 'a day', 7: 'a week', 30: '30 days' }, lives: { 30: '30 days', 90: '90 days', 365: 'a year' },
    reach: (amount: string, date: string) => `If this key is stolen, at most ${amount} can leave until ${date}.`,
    now: (amount: string) => `Right now at most ${amount}.`,
    reachNone: (date: string) => `If this key is stolen, no money can leave by it. It ends ${date}.`, reachFull: 'Whoever steals this key has the whole account. Take it back with another full key at once.',
    shopsOnly: 'It goes to shops alone, for what your machines use, within their limits.',
    powers: {
      Mandates: 'It can also change what machines may buy, beyond these limits.', Orders: 'It can also end, confirm or contest orders that are under way.', Shop: 'It can also change your shop, its deposit and where it is paid.',
      Rulings: 'It can also rule on disputes where you are the arbiter.', Roles: 'It can also give or take roles that you issue.', Contracts: 'It can also call contracts that hold something of yours.', Other: 'It can also make or claim money for you.', Energy: 'It can also trade power with what lies in your energy purses.',
    },
  },
  ko: {
    kinds: { WebAuthn: '패스키', P256: '기기 열쇠', Secp256k1: '지갑 열쇠' },
    full: '온전한 열쇠', limited: '한도 있는 열쇠', named: (kind: string, short: string) => `${kind} ${short}`,
    duties: {
      order: '직접 주문하고, 기기가 요청한 주문 승인하기', receive: '주문 취소와 도착 확인', object: '이의 제기, 환불 합의, 반품',
      machines: '기기 멈추기, 채웠다고 알리기, 휴가 설정', relay: '기기의 말을 체인에 전하기', pay: '누구에게나 돈 보내기',
    },
    everything: '어떤 기관의 모든 기능', others: (count: string) => `그 밖의 기능 ${count}개`, nothing: '아직 없음',
    periods: { 1: '하루', 7: '일주일', 30: '30일' }, lives: { 30: '30일', 90: '90일', 365: '1년' },
    reach: (amount: string, date: string) => `이 열쇠를 도둑맞으면 ${date}까지 최대 ${amount}이 나갈 수 있습니다.`,
    now: (amount: string) => `지금 당장은 최대 ${amount}입니다.`,
    reachNone: (date: string) => `이 열쇠를 도둑맞아도 돈은 나가지 않습니다. ${date}에 끝납니다.`, reachFull: '이 열쇠를 훔친 사람은 계정 전체를 갖게 됩니다. 다른 온전한 열쇠로 곧바로 거두세요.',
    shopsOnly: '돈은 기기가 쓰는 물건을 사는 가게에만, 기기의 한도 안에서 갑니다.',
    powers: {
      Mandates: '이 한도를 넘어 기기가 살 수 있는 것도 바꿀 수 있습니다.', Orders: '진행 중인 주문을 끝내거나 확인하거나 이의를 제기할 수도 있습니다.', Shop: '가게와 보증금, 대금 받을 곳도 바꿀 수 있습니다.',
      Rulings: '중재인으로서 분쟁을 판정할 수도 있습니다.', Roles: '내가 주는 역할을 주거나 거둘 수도 있습니다.', Contracts: '내 것을 맡아 둔 계약을 부를 수도 있습니다.', Other: '나를 대신해 돈을 만들거나 받을 수도 있습니다.', Energy: '전력 지갑에 있는 돈으로 전력을 거래할 수도 있습니다.',
    },
  },
});
