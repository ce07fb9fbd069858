import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Account', in: 'You are signed in', byPasskey: 'with a passkey', byWallet: (name: string) => `with ${name}`, address: 'Your address: give it to whoever wants to pay you', money: 'Your money',
    out: 'Sign out', outWhy: 'The passkey stays on your device. You come back with a fingerprint.',
    keys: 'Keys and guardians', second: 'You have one key only. Make a second one.', secondWhy: 'Whoever loses the only key loses the account. Nobody can reset it: no operator exists. A second key on another device, and guardians who help together, make it safe.', toKeys: 'Keys', toGuardians: 'Guardians',
    count: (count: string) => `The account has ${count} keys.`, acting: 'You act for this account by a key of this device, which it has let in.',
    secondHost: (host: string) => `This passkey works on pages of “${host}” alone. Whoever holds that name can take it away from you, so a key under another name is wise.`,
    class: 'What you may send', classes: { newcomer: 'You are new here.', member: 'You are a member.', organisation: 'You are an organisation.' },
    allowance: 'Sending costs nothing. Each account has room that fills up again by itself.', room: 'Room left',
    other: 'Use another account',
  },
  ko: {
    title: '계정', in: '로그인되어 있습니다', byPasskey: '패스키로', byWallet: (name: string) => `${name}(으)로`, address: '내 주소: 돈을 보낼 사람에게 알려 주세요', money: '내 돈',
    out: '로그아웃', outWhy: '패스키는 기기에 남습니다. 지문으로 다시 들어올 수 있습니다.',
    keys: '열쇠와 보호자', second: '열쇠가 하나뿐입니다. 두 번째 열쇠를 만드세요.', secondWhy: '하나뿐인 열쇠를 잃으면 계정도 잃습니다. 운영자가 없으므로 아무도 되돌려 줄 수 없습니다. 다른 기기의 두 번째 열쇠와, 함께 도와줄 보호자가 있으면 안전합니다.', toKeys: '열쇠', toGuardians: '보호자',
    count: (count: string) => `열쇠가 ${count}개 있습니다.`, acting: '계정이 들인 이 기기의 열쇠로 이 계정을 대신하고 있습니다.',
    secondHost: (host: string) => `이 패스키는 “${host}” 페이지에서만 작동합니다. 그 이름의 주인이 빼앗을 수 있으니, 다른 이름의 열쇠도 두는 것이 좋습니다.`,
    class: '보낼 수 있는 양', classes: { newcomer: '새로 온 분입니다.', member: '구성원입니다.', organisation: '단체입니다.' },
    allowance: '보내는 데 돈이 들지 않습니다. 계정마다 저절로 다시 차는 여유가 있습니다.', room: '남은 여유',
    other: '다른 계정 쓰기',
  },
});
