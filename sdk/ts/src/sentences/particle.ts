/** Korean particles, chosen by the sound that a word ends in. */

/** Digits whose Korean name ends in a consonant: 0 영, 1 일, 3 삼, 6 육, 7 칠, 8 팔. */
const CLOSED_DIGITS = '013678';
/** Names of Latin letters that end in a consonant: 엘, 엠, 엔, 아르 has none. */
const CLOSED_LETTERS = 'lmn';
/** Endings that sound like ㄹ, after which it is 로. */
const RIEUL = '178l';
const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
/** Final consonants of a syllable block, none included. */
const FINALS = 28;
const FINAL_RIEUL = 8;

/** Units are read out: 밀리리터, 킬로그램. */
const UNITS: [RegExp, string][] = [[/\d\s*[mcdk]?L$/, '리터'], [/\d\s*[mk]?g$/, '그램'], [/\d\s*k?Wh$/, '시']];

/** `이/가`, `은/는`, `을/를`, `으로/로`: the first after a consonant, the second after a vowel. */
export function particle(word: string, pair: string): string {
  const [closed = '', open = ''] = pair.split('/');
  const read = UNITS.reduce((text, [unit, name]) => text.replace(unit, name), word.replace(/[^\p{L}\p{N}]+$/u, ''));
  const last = read.slice(-1).toLowerCase();
  const code = last.charCodeAt(0);
  const final = code >= HANGUL_FIRST && code <= HANGUL_LAST ? (code - HANGUL_FIRST) % FINALS : undefined;
  const rieul = final === undefined ? RIEUL.includes(last) && last !== '' : final === FINAL_RIEUL;
  if (pair === '으로/로' && rieul) return open;
  const isClosed = final === undefined ? last !== '' && (CLOSED_DIGITS + CLOSED_LETTERS).includes(last) : final > 0;
  return isClosed ? closed : open;
}
