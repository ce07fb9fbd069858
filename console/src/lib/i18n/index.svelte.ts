// Numbers, money and dates in the person's language.
import { prefs } from '../state/prefs.svelte';
import * as format from './format';

/** Formats of `format.ts` in the person's language. */
export const say = {
  number: (value: number | bigint) => format.number(prefs.lang, value),
  percent: (part: number) => format.percent(prefs.lang, part),
  money: (minor: bigint | string, credit: { symbol: string; decimals: number }) => format.money(prefs.lang, minor, credit),
  quantity: (value: number, unit: string) => format.quantity(prefs.lang, value, unit),
  thousandName: (unit: string) => format.thousandName(prefs.lang, unit),
  dateTime: (ms: number) => format.dateTime(prefs.lang, ms),
  date: (ms: number) => format.date(prefs.lang, ms),
  clock: (ms: number) => format.clock(prefs.lang, ms),
  span: (ms: number) => format.span(prefs.lang, ms),
  relative: (ms: number, nowMs: number) => format.relative(prefs.lang, ms, nowMs),
  list: (items: readonly string[]) => format.list(prefs.lang, items),
  short: format.short,
};
