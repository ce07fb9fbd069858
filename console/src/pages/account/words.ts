import { words } from '../../lib/i18n/words';

export default words({
  en: {
    title: 'Account', in: 'You are signed in', byPasskey: 'with a passkey', byWallet: (name: string) => `with ${name}`, address: 'Your address: give it to whoever wants to pay you', money: 'Your money',
    out: 'Sign out', outWhy: 'The passkey stays on your device. You come back with a fingerprint.',
    second: 'A second key', secondWhy: 'Whoever loses the only key loses the account. Nobody can reset it: no operator exists. Let your passkeys be kept by your system’s password store, so that a second device has them too.',
    secondHost: (host: string) => `This passkey works on pages of “${host}” alone. Whoever holds that name can take it away from you, so a key under another name is wise.`,
    class: 'What you may send', classes: { newcomer: 'You are new here.', member: 'You are a member.', organisation: 'You are an organisation.' },
    allowance: 'Sending costs nothing. Each account has room that fills up again by itself.', room: 'Room left',
    other: 'Use another account',
  },
  ko: {
    title: '계정', in: '로그인되어 있습니다', byPasskey: '패스키로', byWallet: (name: string) => `${name}(으)로`, address: '내 주소: 돈을 보낼 사람에게 알려 주세요', money: '내 돈',
    out: '로그아웃', outWhy: '패스키는 기기에 남습니다. 지문으로 다시 들어올 수 있습니다.',
    second: '두 번째 열쇠', secondWhy: '하나뿐인 열쇠를 잃으면 계정도 잃습니다. 운영자가 없으므로 아무도 되돌려 줄 수 없습니다. 패스키를 시스템의 비밀번호 보관함에 두어 다른 기기에서도 쓸 수 있게 하세요.',
    secondHost: (host: string) => `이 패스키는 “${host}” 페이지에서만 작동합니다. 그 이름의 주인이 빼앗을 수 있으니, 다른 이름의 열쇠도 두는 것이 좋습니다.`,
    class: '보낼 수 있는 양', classes: { newcomer: '새로 온 분입니다.', member: '구성원입니다.', organisation: '단체입니다.' },
    allowance: '보내는 데 돈이 들지 않습니다. 계정마다 저절로 다시 차는 여유가 있습니다.', room: '남은 여유',
    other: '다른 계정 쓰기',
  },
});
