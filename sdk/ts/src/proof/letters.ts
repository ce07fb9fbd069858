/**
 * A proof as the letters of a QR code: `DURE1:` and base45 (RFC 9285). All of it is of the alphabet that a code packs closest, and readers
 * give letters back as they are, which they do not do with bytes.
 */
const PREFIX = 'DURE1:';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
/** Letters of the largest code at the lowest correction (ISO/IEC 18004, table 7). */
const LETTERS_MAX = 4_296;
const BASE = ALPHABET.length;

/** Nothing where the file is larger than a code can be. */
export function toLetters(file: Uint8Array): string | undefined {
  let letters = PREFIX;
  for (let at = 0; at < file.length && letters.length <= LETTERS_MAX; at += 2) {
    const pair = file.subarray(at, at + 2);
    let rest = pair.reduce((sum, byte) => sum * 256 + byte, 0);
    for (let digits = 0; digits <= pair.length; digits++) {
      letters += ALPHABET[rest % BASE];
      rest = Math.floor(rest / BASE);
    }
  }
  return letters.length <= LETTERS_MAX ? letters : undefined;
}

/** Nothing where the letters are not such ones. */
export function fromLetters(letters: string): Uint8Array | undefined {
  if (!letters.startsWith(PREFIX) || letters.length > LETTERS_MAX) return undefined;
  const digits = Array.from(letters.slice(PREFIX.length), (letter) => ALPHABET.indexOf(letter));
  const bytes = [];
  for (let at = 0; at < digits.length; at += 3) {
    const group = digits.slice(at, at + 3);
    const value = group.reduceRight((sum, digit) => sum * BASE + digit, 0);
    if (group.length === 1 || group.includes(-1) || value >= 256 ** (group.length - 1)) return undefined;
    if (group.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
