/**
 * The delivery address, sealed to a shop: HPKE (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base
 * mode. The library is `hpke` over the primitives of @noble; the layout is that of crates/gateways/src/seal.rs.
 */
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from '@panva/hpke-noble';
import { CipherSuite } from 'hpke';
import type { Hex } from 'viem';
import { fixed, hex, join, little, text } from './bytes.js';
import { type DeliveryAddress, addressCommitment } from './ids.js';

const INFO = text('dure.address');
/** Bytes of the clear text: every address looks alike. */
const PADDED_BYTES = 512;
const SALT_BYTES = 32;
const ENCAPSULATED_BYTES = 32;
/** Longest address, bytes of UTF-8. */
export const ADDRESS_MAX_BYTES = PADDED_BYTES - SALT_BYTES - 2;

const suite = () => new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);

/** Salt for a new address. */
export const newSalt = (): Hex => hex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));

/** Seals to a shop's sealing key, for one order. */
export async function sealAddress(address: DeliveryAddress, sealingKey: Hex, order: Hex): Promise<Hex> {
  const written = text(address.text);
  if (written.length > ADDRESS_MAX_BYTES) throw new RangeError(`the address has ${written.length} bytes, at most ${ADDRESS_MAX_BYTES} fit`);
  const clear = new Uint8Array(PADDED_BYTES);
  clear.set(join([fixed(address.salt, SALT_BYTES), little(written.length, 2), written]));
  const hpke = suite();
  const key = await hpke.DeserializePublicKey(fixed(sealingKey, 32));
  const { encapsulatedSecret, ciphertext } = await hpke.Seal(key, clear, { info: INFO, aad: fixed(order, 32) });
  return hex(join([encapsulatedSecret, ciphertext]));
}

/** Opens what was sealed for `order`, and compares it with what the owner committed to. */
export async function openAddress(sealed: Hex, secret: Hex, order: Hex, commitment: Hex): Promise<DeliveryAddress> {
  const hpke = suite();
  const all = fixed(sealed, (sealed.length - 2) / 2);
  const key = await hpke.DeserializePrivateKey(fixed(secret, 32));
  const options = { info: INFO, aad: fixed(order, 32) };
  const clear = await hpke.Open(key, all.slice(0, ENCAPSULATED_BYTES), all.slice(ENCAPSULATED_BYTES), options);
  const salt = hex(clear.slice(0, SALT_BYTES));
  const length = new DataView(clear.buffer, clear.byteOffset).getUint16(SALT_BYTES, true);
  const begin = SALT_BYTES + 2;
  const address = { salt, text: new TextDecoder('utf-8', { fatal: true }).decode(clear.slice(begin, begin + length)) };
  if (addressCommitment(address) !== commitment) throw new Error('the sealed address is not the one that the owner committed to');
  return address;
}

/** A shop's pair of keys: the public one stands in its record, who has the secret reads its addresses. */
export interface SealingKey {
  publicKey: Hex;
  secret: Hex;
}

export async function newSealingKey(): Promise<SealingKey> {
  const hpke = suite();
  const pair = await hpke.GenerateKeyPair(true);
  const [publicKey, secret] = await Promise.all([hpke.SerializePublicKey(pair.publicKey), hpke.SerializePrivateKey(pair.privateKey)]);
  return { publicKey: hex(publicKey), secret: hex(secret) };
}
