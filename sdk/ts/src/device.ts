/** A machine's key: signs messages and shows possession. The curves are of @noble/curves. */
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Address, type Hex, keccak256 } from 'viem';
import { fixed, hex, join, little, text } from './bytes.js';
import { addresses } from './generated/addresses.js';
import { type DeviceKey, deviceId, encodeKey, keyTypeNumber } from './ids.js';
import { type DeviceMessage, encodeDeviceMessage } from './message.js';

export interface DeviceSigner extends DeviceKey {
  /** The machine's id. */
  id: Hex;
  /** The payload and the signature that `relayDevice` takes. */
  sign: (message: DeviceMessage) => { payload: Hex; signature: Hex };
  /** What `registerDevice` (epoch 0) and `rotateDeviceKey` (the next epoch) ask for. */
  possession: (chainId: number, owner: Address, keyEpoch: number) => Hex;
}

const CURVES = { P256: p256, Secp256k1: secp256k1 } as const;

/** P-256 signs sha256, secp256k1 keccak256, of the domain and the payload. */
function prehash({ keyType }: Pick<DeviceKey, 'keyType'>, domain: string, payload: Uint8Array): Uint8Array {
  const all = join([text(domain), payload]);
  return keyType === 'P256' ? sha256(all) : keccak256(all, 'bytes');
}

export const messagePrehash = (key: Pick<DeviceKey, 'keyType'>, payload: Hex): Hex =>
  hex(prehash(key, 'dure.device.message', fixed(payload, (payload.length - 2) / 2)));

const possessionOf = (key: DeviceKey, chainId: number, owner: Address, keyEpoch: number): Uint8Array =>
  join([little(chainId, 8), fixed(addresses.orders, 20), fixed(owner, 20), little(keyEpoch, 4), encodeKey(key)]);

export const possessionPrehash = (key: DeviceKey, chainId: number, owner: Address, keyEpoch: number): Hex =>
  hex(prehash(key, 'dure.device.possession', possessionOf(key, chainId, owner, keyEpoch)));

/** A signer over a secret of 32 bytes. */
export function deviceSigner(keyType: DeviceKey['keyType'], secret: Hex): DeviceSigner {
  const curve = CURVES[keyType];
  const bytes = fixed(secret, 32);
  // Uncompressed: a byte 4, then x and y.
  const key: DeviceKey = { keyType, publicKey: hex(curve.getPublicKey(bytes, false).slice(1)) };
  // Deterministic (RFC 6979), with the low s that the rules ask for.
  const signed = (hash: Hex): Hex => hex(curve.sign(fixed(hash, 32), bytes, { prehash: false, lowS: true }));
  return {
    ...key,
    id: deviceId(key),
    sign(message) {
      const payload = encodeDeviceMessage(message);
      return { payload, signature: signed(messagePrehash(key, payload)) };
    },
    possession: (chainId, owner, keyEpoch) => signed(possessionPrehash(key, chainId, owner, keyEpoch)),
  };
}

/** A fresh secret for a machine. */
export const newDeviceSecret = (): Hex => hex(p256.utils.randomSecretKey());

export { keyTypeNumber };
