// Words of accounts that several pages share.
import { words } from './words';

export const accountWords = words({
  en: {
    signUp: 'Make an account',
    signIn: 'I have one',
    passkeyName: (date: string) => `Dure, ${date}`,
    passkeyWhy: 'Your fingerprint, face or screen lock is the key. There is no password, no name, no e-mail, and it costs nothing.',
    useWallet: (name: string) => `Use ${name}`,
    oneKey: 'The account has one key only. Whoever loses it loses the account.', second: 'Make a second key',
    first: 'First make an account, or use the one that you have.',
  },
  ko: {
    signUp: '계정 만들기',
    signIn: '이미 있어요',
    passkeyName: (date: string) => `두레, ${date}`,
    passkeyWhy: '지문이나 얼굴, 화면 잠금이 열쇠입니다. 비밀번호도 이름도 이메일도 필요 없고, 돈이 들지 않습니다.',
    useWallet: (name: string) => `${name} 사용`,
    oneKey: '열쇠가 하나뿐입니다. 잃으면 계정도 잃습니다.', second: '두 번째 열쇠 만들기',
    first: '먼저 계정을 만들거나, 있는 계정을 쓰세요.',
  },
});
