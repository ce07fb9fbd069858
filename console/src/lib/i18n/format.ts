// Numbers, money, dates and lengths of time in a language, all by Intl.
import { measured, thousandOf } from '../domain/measure';

type Lang = 'en' | 'ko';
const LOCALE: Record<Lang, string> = { en: 'en', ko: 'ko' };

export const number = (lang: Lang, value: number | bigint) => new Intl.NumberFormat(LOCALE[lang]).format(value);

export const percent = (lang: Lang, part: number) => new Intl.NumberFormat(LOCALE[lang], { style: 'percent', maximumFractionDigits: 0 }).format(part);

/** Minor units with the credit's symbol behind: exact, whatever the size. */
export function money(lang: Lang, minor: bigint | string, credit: { symbol: string; decimals: number }): string {
  const value = BigInt(minor);
  const digits = (value < 0n ? -value : value).toString().padStart(credit.decimals + 1, '0');
  const whole = credit.decimals === 0 ? digits : digits.slice(0, -credit.decimals);
  const fraction = credit.decimals === 0 ? '' : `.${digits.slice(-credit.decimals)}`;
  return `${value < 0n ? '−' : ''}${number(lang, BigInt(whole))}${fraction} ${credit.symbol}`;
}

/** 1500 mL → 1.5 L. */
export function quantity(lang: Lang, value: number, unit: string): string {
  const shown = measured(value, unit);
  const options: Intl.NumberFormatOptions = { maximumFractionDigits: 2, ...(shown.intl ? { style: 'unit', unit: shown.intl, unitDisplay: 'short' } : {}) };
  const text = new Intl.NumberFormat(LOCALE[lang], options).format(shown.value);
  return shown.intl || !shown.code || shown.code === '1' ? text : `${text} ${shown.code}`;
}

/** The name of 1,000 of a unit, which unit prices are for: "L". */
export function thousandName(lang: Lang, unit: string): string {
  const intl = thousandOf(unit);
  if (!intl) return `1,000 ${unit}`;
  const parts = new Intl.NumberFormat(LOCALE[lang], { style: 'unit', unit: intl, unitDisplay: 'short' }).formatToParts(1);
  return parts.find((part) => part.type === 'unit')?.value ?? intl;
}

export const dateTime = (lang: Lang, ms: number) =>
  new Intl.DateTimeFormat(LOCALE[lang], { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }).format(ms);

export const date = (lang: Lang, ms: number) => new Intl.DateTimeFormat(LOCALE[lang], { dateStyle: 'medium' }).format(ms);

export const clock = (lang: Lang, ms: number) => new Intl.DateTimeFormat(LOCALE[lang], { hour: 'numeric', minute: '2-digit' }).format(ms);

const STEPS: [Intl.RelativeTimeFormatUnit & ('day' | 'hour' | 'minute' | 'second'), number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** The largest unit that fits, rounded down: 90 minutes are an hour. Days begin at two, so that "36 hours" is said. */
function largest(ms: number): [(typeof STEPS)[number][0], number] {
  const [unit, size] = STEPS.find(([unit, size]) => ms >= size * (unit === 'day' ? 2 : 1)) ?? STEPS[3]!;
  return [unit, Math.floor(ms / size)];
}

/** "3 days", "5 hours". */
export function span(lang: Lang, ms: number): string {
  const [unit, count] = largest(Math.max(0, ms));
  return new Intl.NumberFormat(LOCALE[lang], { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** "in 3 days", "5 hours ago". */
export function relative(lang: Lang, ms: number, nowMs: number): string {
  const [unit, count] = largest(Math.abs(ms - nowMs));
  return new Intl.RelativeTimeFormat(LOCALE[lang], { numeric: 'always' }).format(ms >= nowMs ? count : -count, unit);
}

/** The form for `count`: one('en', 1, { one: '# order', other: '# orders' }). `#` is the number. */
export function plural(lang: Lang, count: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }): string {
  const rule = new Intl.PluralRules(LOCALE[lang]).select(count);
  return (forms[rule] ?? forms.other).replaceAll('#', number(lang, count));
}

export const list = (lang: Lang, items: readonly string[]) => new Intl.ListFormat(LOCALE[lang], { type: 'conjunction' }).format(items);

export const short = (hex: string) => `${hex.slice(0, 6)}…${hex.slice(-4)}`;
