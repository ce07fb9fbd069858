// Accounts of passkeys: made, found again, and signing transactions of type 0x76. The key never leaves the authenticator;
// cryptography and encodings are ox's. Loaded when it is needed, because most visits sign nothing.
import * as Address from 'ox/Address';
import * as Bytes from 'ox/Bytes';
import * as Hash from 'ox/Hash';
import * as Hex from 'ox/Hex';
import * as P256 from 'ox/P256';
import * as PublicKey from 'ox/PublicKey';
import * as WebAuthnP256 from 'ox/WebAuthnP256';
import { SignatureEnvelope, TxEnvelopeTempo } from 'ox/tempo';
import type { Call } from '../api/node';

/** `id` is the credential's, base64url; `publicKey` is x ‖ y; `of` the account that it acts for, where it is an access key of another one. */
export type Passkey = { id: string; publicKey: Hex.Hex; address: Hex.Hex; name: string; of?: Hex.Hex };

const USER_ID_BYTES = 16;
const CHALLENGE_BYTES = 32;

const passkeyOf = (id: string, publicKey: PublicKey.PublicKey, name: string): Passkey => ({
  id,
  publicKey: PublicKey.toHex(publicKey, { includePrefix: false }),
  address: Address.fromPublicKey(publicKey),
  name,
});

/** Asks the person's device for a new passkey. The user id is random: two accounts of one name are two. */
export async function create(name: string): Promise<Passkey> {
  const credential = await WebAuthnP256.createCredential({
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    rp: { id: location.hostname, name: 'Dure' },
    user: { id: Bytes.random(USER_ID_BYTES), name, displayName: name },
  });
  return passkeyOf(credential.id, credential.publicKey, name);
}

/**
 * Finds the account of a passkey on a browser that has not seen it. An authenticator tells no public key, but a signature fits two keys at most,
 * and two signatures have one in common. Where `isKnown` says that exactly one of the two has an account, one signature is enough.
 */
export async function find(known: readonly Passkey[], isKnown: (address: Hex.Hex) => Promise<boolean>): Promise<Passkey> {
  const first = await assertion();
  const kept = known.find((passkey) => passkey.id === first.id);
  if (kept) return kept;
  const candidates = candidatesOf(first);
  const standing = await Promise.all(candidates.map((key) => isKnown(Address.fromPublicKey(key))));
  const only = candidates.filter((_, i) => standing[i]);
  if (only.length === 1) return passkeyOf(first.id, only[0]!, '');
  const second = await assertion(first.id);
  const both = candidatesOf(second).map((key) => PublicKey.toHex(key));
  const common = candidates.filter((key) => both.includes(PublicKey.toHex(key)));
  if (common.length !== 1) throw new Error('two signatures of this passkey do not name one key');
  return passkeyOf(first.id, common[0]!, '');
}

const assertion = (credentialId?: string) =>
  WebAuthnP256.sign({ challenge: Hex.random(CHALLENGE_BYTES), rpId: location.hostname, ...(credentialId ? { credentialId } : {}) });

type Assertion = Pick<WebAuthnP256.sign.ReturnType, 'metadata' | 'signature'>;

/** The public keys that a signature may be of. */
export function candidatesOf({ metadata, signature }: Assertion): PublicKey.PublicKey[] {
  const client = Hash.sha256(Hex.fromString(metadata.clientDataJSON));
  const payload = Hash.sha256(Hex.concat(metadata.authenticatorData, client));
  return [0, 1].flatMap((yParity) => {
    try {
      return [P256.recoverPublicKey({ payload, signature: { r: signature.r, s: signature.s, yParity } })];
    } catch {
      return []; // no point of the curve
    }
  });
}

/** What of a transaction is signed: several calls, done together or not at all. */
export type Batch = { chainId: number; nonce: number; gas: bigint; calls: readonly Call[] };

/** With `of`: signed by an access key for that account, so that what is signed names it (signature type 0x04, docs/transactions.md). */
type For = { of?: Hex.Hex | undefined };

const envelope = ({ chainId, nonce, gas, calls }: Batch) =>
  TxEnvelopeTempo.from({ chainId, nonce: BigInt(nonce), gas, calls: calls.map(({ to, data }) => ({ to, data, value: 0n })) });

export const payloadOf = (batch: Batch, { of }: For = {}): Hex.Hex => TxEnvelopeTempo.getSignPayload(envelope(batch), of ? { from: of } : {});

/** The bytes for eth_sendRawTransaction. */
export function serialized(batch: Batch, publicKey: Hex.Hex, signed: Assertion, { of }: For = {}): Hex.Hex {
  const own = SignatureEnvelope.from({ type: 'webAuthn', publicKey: PublicKey.fromHex(publicKey), ...pick(signed) });
  const signature = of ? SignatureEnvelope.from({ type: 'keychain', userAddress: of, inner: own }) : own;
  return TxEnvelopeTempo.serialize(envelope(batch), { signature });
}

const pick = ({ metadata, signature }: Assertion) => ({
  metadata: { authenticatorData: metadata.authenticatorData, clientDataJSON: metadata.clientDataJSON },
  signature: { r: signature.r, s: signature.s },
});

/** Asks for the fingerprint and gives the signed bytes. */
export async function sign(passkey: Passkey, batch: Batch): Promise<Hex.Hex> {
  const signed = await WebAuthnP256.sign({ challenge: payloadOf(batch, passkey), credentialId: passkey.id, rpId: location.hostname });
  return serialized(batch, passkey.publicKey, signed, passkey);
}
