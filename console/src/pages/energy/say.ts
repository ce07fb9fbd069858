// Figures of energy in the person's language: power, energy, prices, money in nano-units.
import { SLOT_MS } from '@dure/sdk/energy';
import { kw } from '../../lib/domain/energy';
import { say } from '../../lib/i18n/index.svelte';
import { prefs } from '../../lib/state/prefs.svelte';

const fraction = (value: number, least: number, most: number) => new Intl.NumberFormat(prefs.lang, { minimumFractionDigits: least, maximumFractionDigits: most }).format(value === 0 ? 0 : value);

export const power = (wh: number): string => `${fraction(kw(wh), 0, 2)} kW`;
export const energy = (wh: number): string => `${fraction(wh / 1_000, 0, 2)} kWh`;
/** Micro-units per kWh. */
export const price = (micro: number | bigint, symbol: string): string => `${fraction(Number(micro) / 1e6, 2, 4)} ${symbol}`;
/** Nano-units, for people: to a tenth of a hundredth. */
export const money = (nano: bigint, symbol: string): string => `${fraction(Number(nano) / 1e9, 2, 3)} ${symbol}`;
/** When a quarter of an hour begins. */
export const clock = (slot: number): string => say.clock(slot * SLOT_MS);
