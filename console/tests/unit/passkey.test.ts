// Offline: a soft P-256 key in the authenticator's place, and viem's own code for the same transactions as the second opinion.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Address from 'ox/Address';
import * as P256 from 'ox/P256';
import * as PublicKey from 'ox/PublicKey';
import * as WebAuthnP256 from 'ox/WebAuthnP256';
import { SignatureEnvelope, TxEnvelopeTempo } from 'ox/tempo';
import { keccak256, type Hex } from 'viem';
import { Account, Transaction } from 'viem/tempo';
import { candidatesOf, payloadOf, serialized, type Batch } from '../../src/lib/wallets/passkey';

const privateKey = `0x${'2a'.repeat(32)}` as const;
const publicKey = P256.getPublicKey({ privateKey });
const to = '0xd00e000000000000000000000000000000000010';
const batch: Batch = { chainId: 20260, nonce: 3, gas: 900_000n, calls: [{ to, data: '0x01' }, { to, data: '0x0203' }, { to, data: '0x' }] };

/** What an authenticator gives back for a challenge. */
function assertion(challenge: Hex) {
  const { metadata, payload } = WebAuthnP256.getSignPayload({ challenge, rpId: 'localhost', origin: 'http://localhost:8545', userVerification: 'required' });
  return { metadata, signature: P256.sign({ payload, privateKey, hash: true }) };
}

test('what is signed is the hash that viem computes for the same calls', async () => {
  const { chainId, nonce, gas, calls } = batch;
  const unsigned = await Transaction.serialize({ type: 'tempo', chainId, nonce, gas, calls: calls.map((call) => ({ ...call, value: 0n })) });
  assert.equal(payloadOf(batch), keccak256(unsigned as Hex));
  assert.notEqual(payloadOf({ ...batch, nonce: 4 }), payloadOf(batch));
});

test('the bytes that are sent read back as the same calls, signed by the passkey’s account', () => {
  const raw = serialized(batch, PublicKey.toHex(publicKey, { includePrefix: false }), assertion(payloadOf(batch)));
  assert.ok(raw.startsWith('0x76'));
  const read = TxEnvelopeTempo.deserialize(raw as `0x76${string}`);
  assert.deepEqual(read.calls.map(({ to, data }) => [to?.toLowerCase(), data ?? '0x']), batch.calls.map(({ to, data }) => [to, data]));
  assert.equal(read.nonce, 3n);
  assert.equal(read.gas, 900_000n);
  const signature = read.signature!;
  assert.equal(signature.type, 'webAuthn');
  assert.ok(SignatureEnvelope.verify(signature, { address: Address.fromPublicKey(publicKey), payload: payloadOf(batch) }));
  assert.ok(!SignatureEnvelope.verify(signature, { address: Address.fromPublicKey(publicKey), payload: payloadOf({ ...batch, nonce: 9 }) }));
});

test('as an access key it signs what viem signs, for the account that it names and no other', async () => {
  const of = `0x${'ab'.repeat(20)}` as const;
  let challenge: Hex | undefined;
  // viem's account of the same key, with the passkey's part played by the same soft key.
  const key = Account.from({
    access: of, keyType: 'webAuthn', publicKey,
    sign: async ({ hash }) => {
      challenge = hash;
      return SignatureEnvelope.serialize({ type: 'webAuthn', publicKey, ...assertion(hash) } as SignatureEnvelope.WebAuthn);
    },
  });
  const { chainId, nonce, gas, calls } = batch;
  const theirs = await key.signTransaction({ type: 'tempo', chainId, nonce, gas, calls: calls.map((call) => ({ ...call, value: 0n })) } as never);
  assert.equal(payloadOf(batch, { of }), challenge);
  assert.notEqual(payloadOf(batch, { of }), payloadOf(batch));
  assert.notEqual(payloadOf(batch, { of }), payloadOf(batch, { of: to }));
  const ours = serialized(batch, PublicKey.toHex(publicKey, { includePrefix: false }), assertion(payloadOf(batch, { of })), { of });
  const signature = (raw: Hex) => TxEnvelopeTempo.deserialize(raw as `0x76${string}`).signature as SignatureEnvelope.Keychain;
  assert.equal(signature(ours).userAddress, of);
  assert.equal(signature(ours).type, 'keychain');
  assert.equal(ours, theirs);
});

test('two signatures of a passkey have one public key in common, the right one', () => {
  const wanted = PublicKey.toHex(publicKey);
  const [first, second] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`].map((challenge) => candidatesOf(assertion(challenge as Hex)).map((key) => PublicKey.toHex(key)));
  assert.ok(first!.length <= 2 && first!.includes(wanted));
  assert.deepEqual(first!.filter((key) => second!.includes(key)), [wanted]);
});
