// Why something was refused: the named error of a module, decoded from a revert's bytes. Words for it are in i18n/refusals.ts.
import { decodeErrorResult, isHex, type Abi, type Hex } from 'viem';
import * as abis from '../api/generated';

export type Refusal = { name: string; facts: Record<string, unknown> };

const errors: Abi = Object.values(abis).flatMap((abi) => (abi as Abi).filter((item) => item.type === 'error'));

export function decodeRefusal(data: unknown): Refusal | undefined {
  const bytes = typeof data === 'object' && data !== null && 'data' in data ? data.data : data;
  if (!isHex(bytes) || bytes.length < 10) return undefined;
  try {
    const { errorName, args, abiItem } = decodeErrorResult({ abi: errors, data: bytes as Hex });
    const inputs = abiItem.type === 'error' ? abiItem.inputs : [];
    return { name: errorName, facts: Object.fromEntries(inputs.map((input, i) => [input.name ?? String(i), args?.[i]])) };
  } catch {
    return undefined;
  }
}

/** Bit n is reason n: docs/modules/orders.md. */
export const REASONS = [
  'DeviceInactive', 'NoSlot', 'NoMandate', 'MandateExpired', 'MandatePaused', 'NotifyOnly', 'LevelNotLow', 'NotArmed', 'AttemptsSpent',
  'OrderOpen', 'PackAtHome', 'NoOffer', 'OfferWithdrawn', 'OfferExpired', 'OutOfStock', 'NoShop', 'ShopNotAllowed', 'ShopLeftOut',
  'GtinNotAccepted', 'GtinNotAllowed', 'UnitDiffers', 'CreditDiffers', 'UnitPriceTooHigh', 'OrderTooDear', 'PeriodAmountSpent',
  'PeriodCountSpent', 'IntervalTooShort', 'NoCommonArbiter', 'DefaultShareTooSmall', 'BondTooSmall', 'BalanceTooSmall', 'NotPending',
  'NotOwner', 'OrderFinal', 'Overdue', 'EscrowShort',
] as const;
export type Reason = (typeof REASONS)[number];

export const reasonsOf = (bits: bigint): Reason[] => REASONS.filter((_, n) => (bits >> BigInt(n)) & 1n);
