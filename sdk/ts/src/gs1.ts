/** Numbers of GS1 with a mod-10 check digit (General Specifications, 7.9.1): articles, places, parcels. */

const DIGITS = { GTIN: 14, GLN: 13, SSCC: 18 } as const;

/** The number, as the ABI takes it. Shorter GTINs are padded on the left. */
export function gs1(kind: keyof typeof DIGITS, written: string): bigint {
  if (!/^\d+$/.test(written) || written.length > DIGITS[kind]) throw new RangeError(`«${written}» is no ${kind}: expected at most ${DIGITS[kind]} digits`);
  const sum = [...written].reverse().reduce((sum, digit, at) => sum + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  if (sum % 10 !== 0) throw new RangeError(`«${written}» is no ${kind}: the last digit does not match the others; hint: is a digit mistyped?`);
  return BigInt(written);
}

export const gtin = (written: string): bigint => gs1('GTIN', written);
export const gln = (written: string): bigint => gs1('GLN', written);
