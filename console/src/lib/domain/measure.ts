// Amounts of money and of goods as exact numbers. Money is integer minor units; goods are whole numbers of a UCUM unit.

/** Unit prices are for this many of the unit: a litre where the unit is mL. */
export const UNIT_PRICE_BASE = 1_000n;

/** "12.5" → 1250n for two decimals; undefined where it is no amount that the credit can hold. */
export function parseMoney(text: string, decimals: number): bigint | undefined {
  const match = /^(\d{1,15})(?:[.,](\d*))?$/.exec(text.trim().replaceAll(/[\s'_]/g, ''));
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) return undefined;
  return BigInt(match[1]! + fraction.padEnd(decimals, '0'));
}

/** 1250n → "12.50" for two decimals: what an input shows. */
export function plainMoney(minor: bigint, decimals: number): string {
  const digits = minor.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Price and tax for 1,000 of the unit, rounded up: a mandate at this price allows the offer. */
export const unitPrice = (terms: { price: bigint; tax: bigint; content: bigint }) =>
  ((terms.price + terms.tax) * UNIT_PRICE_BASE + terms.content - 1n) / terms.content;

export const orderTotal = (terms: { price: bigint; tax: bigint; shipping: bigint }) => terms.price + terms.tax + terms.shipping;

/** A UCUM unit as Intl knows it, and what 1,000 of it is called. */
const UNITS: Record<string, { unit: string; thousand: string }> = {
  mL: { unit: 'milliliter', thousand: 'liter' },
  g: { unit: 'gram', thousand: 'kilogram' },
};

/** How to show `value` of a unit: 1500 mL is 1.5 litres. A unit that Intl does not know keeps its code. */
export function measured(value: number, unit: string): { value: number; intl?: string; code?: string } {
  const known = UNITS[unit];
  if (!known) return { value, code: unit.replaceAll(/[{}]/g, '') };
  return value >= 1_000 ? { value: value / 1_000, intl: known.thousand } : { value, intl: known.unit };
}

/** The Intl unit of 1,000 of a UCUM unit: what a unit price is for. */
export const thousandOf = (unit: string): string | undefined => UNITS[unit]?.thousand;

/** The last digit of a GTIN, GLN or SSCC (GS1 General Specifications, 7.9). */
export function checkDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10;
}

/** Whether `text` is a number of `length` digits whose last one checks. */
export const isGs1 = (text: string, length: number) =>
  new RegExp(`^\\d{${length}}$`).test(text) && checkDigit(text.slice(0, -1)) === Number(text.at(-1));
