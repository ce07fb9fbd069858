// A shop's key for delivery addresses, and opening them: HPKE (RFC 9180) by @hpke/core over the browser's own X25519. What is sealed and how:
// crates/gateways/src/seal.rs. Loaded on a shop's pages only.
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { bytesToHex, concat, hexToBytes, keccak256, type Hex } from 'viem';

export type SealingKey = { publicKey: Hex; secret: Hex };

const INFO = new TextEncoder().encode('dure.address');
const ENCAPSULATED_BYTES = 32;
const SALT_BYTES = 32;
const LENGTH_BYTES = 2;

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
const hex = (bytes: ArrayBuffer) => bytesToHex(new Uint8Array(bytes));

export async function make(): Promise<SealingKey> {
  const pair = await suite.kem.generateKeyPair();
  const [publicKey, secret] = await Promise.all([suite.kem.serializePublicKey(pair.publicKey), suite.kem.serializePrivateKey(pair.privateKey)]);
  return { publicKey: hex(publicKey), secret: hex(secret) };
}

/** The address, or undefined where it was not sealed to this key for this order, or is another one than the owner committed to. */
export async function open(sealed: Hex, secret: Hex, order: Hex, commitment: Hex): Promise<string | undefined> {
  const bytes = hexToBytes(sealed);
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(hexToBytes(secret));
    const recipient = await suite.createRecipientContext({ recipientKey, enc: bytes.slice(0, ENCAPSULATED_BYTES), info: INFO });
    const clear = new Uint8Array(await recipient.open(bytes.slice(ENCAPSULATED_BYTES), hexToBytes(order)));
    const length = new DataView(clear.buffer).getUint16(SALT_BYTES, true);
    const text = clear.slice(SALT_BYTES + LENGTH_BYTES, SALT_BYTES + LENGTH_BYTES + length);
    const meant = keccak256(concat([clear.slice(0, SALT_BYTES), text])) === commitment;
    return meant ? new TextDecoder('utf-8', { fatal: true }).decode(text) : undefined;
  } catch {
    return undefined; // whatever does not open, does not open
  }
}
