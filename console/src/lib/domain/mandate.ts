// A mandate: what an owner lets a device buy. Modes, defaults from what shops ask now, and how much of it is used.
import type { ContractFunctionArgs, Hex } from 'viem';
import type { ordersAbi } from '@dure/sdk';
import type { Mandate, Offer } from '../api/node';
import { orderTotal, unitPrice } from './measure';

export type Terms = ContractFunctionArgs<typeof ordersAbi, 'nonpayable', 'setMandate'>[2];

export const MODES = ['auto', 'confirm', 'notify'] as const;
export type Mode = (typeof MODES)[number];
export const modeOf = (terms: { mode: number }): Mode => MODES[terms.mode] ?? 'notify';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** A mandate lasts a year, less a day for clocks. The rules allow 366 days. */
const LIFE_MS = 365 * DAY_MS;
const PERIOD_DAYS = 30;
/** Orders of a month that a household rarely passes. */
const PERIOD_COUNT = 6;
/** Packs of a month that the suggested budget pays for. */
const PERIOD_PACKS = 4n;
const DEFAULT_REFUND_MIN_PERCENT = 50;
/** Where no shop sells it yet: 6.00 for 1,000 of the unit, 9.00 for an order. */
const FALLBACK = { unitPriceMax: 600n, orderMax: 900n };

/** Limits with some room above what the cheapest good offer costs now, rounded up to a whole unit of money. */
export function suggested(offers: readonly Offer[], decimals: number): { unitPriceMax: bigint; orderMax: bigint; budget: bigint } {
  const whole = 10n ** BigInt(decimals);
  const roundUp = (minor: bigint) => ((minor + whole - 1n) / whole) * whole;
  if (offers.length === 0) return { ...FALLBACK, budget: FALLBACK.orderMax * PERIOD_PACKS };
  const median = (values: bigint[]) => values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor(values.length / 2)]!;
  const orderMax = roundUp((median(offers.map((offer) => orderTotal(offer.terms))) * 5n) / 4n);
  const unitPriceMax = roundUp((median(offers.map((offer) => unitPrice(offer.terms))) * 5n) / 4n);
  return { unitPriceMax, orderMax, budget: orderMax * PERIOD_PACKS };
}

/** The choices that a person makes; the rest has a default that is right for a household. */
export type Choices = { mode: Mode; budget: bigint; orderMax: bigint; unitPriceMax: bigint; shops: readonly Hex[] };

export function termsOf(
  choices: Choices,
  fixed: { credit: Hex; gtins: readonly bigint[]; arbiters: readonly Hex[]; addressCommitment: Hex },
  nowMs: number,
): Terms {
  return {
    mode: MODES.indexOf(choices.mode),
    credit: fixed.credit,
    shops: [...choices.shops],
    gtins: [...fixed.gtins],
    unitPriceMax: choices.unitPriceMax,
    orderMax: choices.orderMax,
    periodMs: BigInt(PERIOD_DAYS * DAY_MS),
    periodAmountMax: choices.budget,
    periodCountMax: PERIOD_COUNT,
    intervalMinMs: BigInt(HOUR_MS),
    arbiters: [...fixed.arbiters],
    defaultRefundMinPercent: DEFAULT_REFUND_MIN_PERCENT,
    evidenceSettles: true,
    addressCommitment: fixed.addressCommitment,
    expiresMs: BigInt(nowMs + LIFE_MS),
  };
}

/** How much of the running period is used. A period that has passed counts from zero, which the chain does at the next order. */
export function usage(mandate: Mandate, nowMs: number): { spent: bigint; count: number; endsMs: number } {
  const period = Number(mandate.terms.periodMs);
  const since = Number(mandate.sinceMs);
  const running = Math.max(0, Math.floor((nowMs - since) / period));
  const current = running === mandate.period;
  return { spent: current ? mandate.spent : 0n, count: current ? mandate.count : 0, endsMs: since + (running + 1) * period };
}
