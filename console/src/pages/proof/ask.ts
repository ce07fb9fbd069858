// A proof file and a genesis as a person hands them over, and what they come to. Nothing here asks the node.
import { FILE_MAX_BYTES, NoGenesis, Refused, anchorOf, check, fromLetters, type Anchor, type Proven } from '@dure/sdk/proof';
import { hexToBytes, isHex } from 'viem';

/** Largest genesis.json that is read. */
const GENESIS_MAX_BYTES = 32 << 20;

export type Verdict = { proven: Proven } | { refused: Refused };

/** What `file` comes to for somebody who trusts `anchor`. */
export async function judge(file: Uint8Array, anchor: Anchor): Promise<Verdict> {
  try {
    return { proven: await check(file, anchor) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error };
    throw error;
  }
}

/** The bytes of a file; one more than a proof may have is enough to be refused. */
export const bytesOf = async (file: Blob): Promise<Uint8Array> => new Uint8Array(await file.slice(0, FILE_MAX_BYTES + 1).arrayBuffer());

/** Bytes written as hexadecimal digits, with spaces and lines between them, or the letters of a QR code; nothing where they are none. */
export function fromText(text: string): Uint8Array | undefined {
  const letters = fromLetters(text.trim());
  if (letters) return letters;
  const digits = text.replace(/\s/g, '');
  const hex = digits.startsWith('0x') ? digits : `0x${digits}`;
  return hex.length > 2 && hex.length % 2 === 0 && isHex(hex) ? hexToBytes(hex) : undefined;
}

/** The anchor of a genesis.json; nothing where the file is none. */
export async function anchorFrom(file: Blob): Promise<Anchor | undefined> {
  if (file.size > GENESIS_MAX_BYTES) return undefined;
  try {
    return anchorOf(JSON.parse(await file.text()));
  } catch (error) {
    if (error instanceof NoGenesis || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
