import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: (name: string) => `Let “${name}” in`,
    none: 'This link names no machine. Ask the machine’s gateway for a new one: run “dure home pair”.',
    otherChain: 'This machine belongs to another chain.',
    otherOwner: 'The machine was made ready for another account. Give its gateway your address, or sign in with that account.',
    yours: 'Your address', theirs: 'Made ready for',
    what: (slot: string, capacity: string, threshold: string) => `It looks after: ${slot}. It holds ${capacity} and asks for more at ${threshold}.`,
    allow: 'Allow within these limits',
    one: 'You sign once. You can change or stop this at any time.',
    several: 'Your wallet will ask three times: for the machine, for what it looks after, for the limits.',
    gateway: 'Its gateway gets a key of its own for your account: it may bring what machines say, within the budget above, for a year. You can take it back under “Keys”.',
    exists: 'This machine is in already.', see: 'See the machine',
  },
  ko: {
    title: (name: string) => `“${name}” 들이기`,
    none: '이 링크에는 기기가 없습니다. 기기의 게이트웨이에서 “dure home pair”를 실행해 새 링크를 받으세요.',
    otherChain: '이 기기는 다른 체인의 것입니다.',
    otherOwner: '다른 계정을 위해 준비된 기기입니다. 게이트웨이에 내 주소를 알려 주거나 그 계정으로 로그인하세요.',
    yours: '내 주소', theirs: '준비된 계정',
    what: (slot: string, capacity: string, threshold: string) => `돌보는 것: ${slot}. ${capacity}까지 담기고, ${threshold}이 되면 더 주문합니다.`,
    allow: '이 한도 안에서 허락',
    one: '서명은 한 번입니다. 언제든 바꾸거나 멈출 수 있습니다.',
    several: '지갑이 세 번 묻습니다: 기기, 돌볼 것, 한도.',
    gateway: '게이트웨이도 내 계정의 열쇠를 하나 받습니다. 위 예산 안에서 기기의 말을 전할 수만 있고, 1년 뒤 끝납니다. “열쇠”에서 언제든 거둘 수 있습니다.',
    exists: '이미 들어온 기기입니다.', see: '기기 보기',
  },
});
