/** How values are said: names, money, times, numbers, in one language, by what the speaker knows. */
import { addresses } from '../generated/addresses.js';
import { type Language, type Text } from './words.js';

/** What a speaker knows beside what is to be said. Addresses and ids in lower case. */
export interface Known {
  /** Names of accounts: shops, the demo town's people, one's own address book. */
  people?: Record<string, string>;
  /** Money by the credit's address. */
  credits?: Record<string, { symbol: string; decimals: number }>;
  /** The credit of an amount that does not name its own; else the only credit known. */
  credit?: string;
  /** Contents of offers by their ids. */
  offers?: Record<string, { content: bigint | number; unit: string }>;
  /** Units of slots by `device:slot`. */
  units?: Record<string, string>;
  /** IANA time zone; else the machine's own. */
  timeZone?: string;
}

/** A language and what is known. */
export interface Voice {
  language: Language;
  known: Known;
}

const LOCALES: Record<Language, string> = { en: 'en-GB', ko: 'ko-KR' };
/** Above this an allowance is unlimited: AMOUNT_MAX of the rules. */
const AMOUNT_MAX = 1n << 90n;
const MODULES: Record<string, Text> = {
  [addresses.accounts]: { en: 'the accounts', ko: '계정 기관' },
  [addresses.credits]: { en: 'the registry of credits', ko: '돈 등록소' },
  [addresses.deadlines]: { en: 'the deadlines', ko: '기한 기관' },
  [addresses.energy]: { en: 'the energy markets', ko: '전력 시장 기관' },
  [addresses.disputes]: { en: 'the disputes', ko: '분쟁 기관' },
  [addresses.orders]: { en: 'the orders', ko: '주문 기관' },
  [addresses.roles]: { en: 'the roles', ko: '역할 기관' },
  [addresses.system]: { en: 'the chain itself', ko: '체인 스스로' },
};

/** Long hex, shortened to what a person compares. */
export const short = (hex: string): string => (hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex);

export const who = ({ language, known }: Voice, address: string): string =>
  known.people?.[address.toLowerCase()] ?? MODULES[address.toLowerCase()]?.[language] ?? short(address.toLowerCase());

export const count = ({ language }: Voice, value: bigint | number): string => value.toLocaleString(LOCALES[language]);

/** An amount of minor units, with its symbol where the credit is known. */
export function money(voice: Voice, minor: bigint, credit = voice.known.credit): string {
  const all = voice.known.credits ?? {};
  const found = credit === undefined ? (Object.keys(all).length === 1 ? Object.values(all)[0] : undefined) : all[credit.toLowerCase()];
  if (found === undefined) return { en: `${count(voice, minor)} minor units`, ko: `${count(voice, minor)} 단위` }[voice.language];
  const digits = minor.toString().padStart(found.decimals + 1, '0');
  const whole = count(voice, BigInt(digits.slice(0, digits.length - found.decimals)));
  const part = found.decimals === 0 ? '' : `.${digits.slice(-found.decimals)}`;
  return `${whole}${part} ${found.symbol}`;
}

/** Nano-units, to a hundredth of a thousandth of the credit's unit. */
export function nano(voice: Voice, value: bigint, credit = voice.known.credit): string {
  const all = voice.known.credits ?? {};
  const found = credit === undefined ? (Object.keys(all).length === 1 ? Object.values(all)[0] : undefined) : all[credit.toLowerCase()];
  const units = (Number(value) / 1e9).toLocaleString(LOCALES[voice.language], { maximumFractionDigits: 5 });
  return found === undefined ? units : `${units} ${found.symbol}`;
}

/** Watt-hours, in kilowatt-hours. */
export const energy = ({ language }: Voice, wh: bigint | number): string => `${(Number(wh) / 1_000).toLocaleString(LOCALES[language], { maximumFractionDigits: 3 })} kWh`;

/** A price in micro-units per kilowatt-hour. */
export const price = (voice: Voice, micro: bigint, credit?: string): string => `${nano(voice, micro * 1_000n, credit)}/kWh`;

/** A day (UTC) by its number. */
export const day = ({ language }: Voice, number: bigint | number): string =>
  new Date(Number(number) * 86_400_000).toLocaleDateString(LOCALES[language], { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' });

export const allowance = (voice: Voice, minor: bigint, credit?: string): string =>
  minor > AMOUNT_MAX ? { en: 'any amount', ko: '얼마든지' }[voice.language] : money(voice, minor, credit);

export const time = ({ language, known }: Voice, ms: bigint | number): string =>
  new Date(Number(ms)).toLocaleString(LOCALES[language], {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit',
    ...(known.timeZone === undefined ? {} : { timeZone: known.timeZone }),
  });

const SPANS: [bigint, Text, Text][] = [
  [86_400_000n, { en: 'day', ko: '일' }, { en: 'days', ko: '일' }],
  [3_600_000n, { en: 'hour', ko: '시간' }, { en: 'hours', ko: '시간' }],
  [60_000n, { en: 'minute', ko: '분' }, { en: 'minutes', ko: '분' }],
  [1_000n, { en: 'second', ko: '초' }, { en: 'seconds', ko: '초' }],
];

/** A length of time in its largest unit that divides it. */
export function span(voice: Voice, ms: bigint | number): string {
  const whole = BigInt(ms);
  const [unit, one, many] = SPANS.find(([unit]) => whole >= unit && whole % unit === 0n) ?? SPANS[3]!;
  const words = (whole === unit ? one : many)[voice.language];
  return `${count(voice, whole / unit)}${voice.language === 'ko' ? '' : ' '}${words}`;
}

/** What an offer sells, where it is known. */
export function pack(voice: Voice, offer: string): string {
  const found = voice.known.offers?.[offer.toLowerCase()];
  if (found === undefined) return { en: 'a pack', ko: '한 포장' }[voice.language];
  return `${count(voice, found.content)} ${found.unit}`;
}
