// Makes crates/execution/src/batch/vectors.json: what stock viem signs as type 0x76, with everything that it says about it.
// Run in this folder after `npm ci`: node vectors.mjs. The same keys give the same bytes.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { P256, WebAuthnP256 } from 'ox';
import { KeyAuthorization, SignatureEnvelope, TxEnvelopeTempo } from 'ox/tempo';
import { Account, Transaction } from 'viem/tempo';

const CHAIN = 7777;
const A = `0x${'aa'.repeat(20)}`;
const B = `0x${'bb'.repeat(20)}`;
const key = (n) => `0x${n.toString(16).padStart(2, '0').repeat(32)}`;

const wallet = Account.fromSecp256k1(key(0x11));
const device = Account.fromP256(key(0x22));
const passkey = Account.fromHeadlessWebAuthn(key(0x33), { rpId: 'localhost', origin: 'http://localhost:8545' });
const sponsor = Account.fromSecp256k1(key(0x44));
const deviceOf = Account.fromP256(key(0x22), { access: wallet });
const passkeyOf = Account.fromHeadlessWebAuthn(key(0x33), { rpId: 'localhost', origin: 'http://localhost:8545', access: wallet });

/** A passkey of a browser that writes clientDataJSON in its own way. */
function browser(privateKey, write) {
  const publicKey = P256.getPublicKey({ privateKey });
  return async (hash) => {
    const { metadata } = WebAuthnP256.getSignPayload({ challenge: hash, rpId: 'localhost', origin: 'http://localhost:8545' });
    const challenge = JSON.parse(metadata.clientDataJSON).challenge;
    const clientDataJSON = write(challenge);
    const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const authenticatorData = Buffer.from(metadata.authenticatorData.slice(2), 'hex');
    const payload = Buffer.concat([authenticatorData, await digest(Buffer.from(clientDataJSON))]);
    const signature = P256.sign({ payload: `0x${payload.toString('hex')}`, privateKey, hash: true });
    const envelope = { metadata: { ...metadata, clientDataJSON }, signature, publicKey, type: 'webAuthn' };
    return SignatureEnvelope.serialize(envelope);
  };
}

/** Signs SHA-256 of the hash, as WebCrypto does. */
const prehashed = (privateKey) => async (hash) => {
  const signature = P256.sign({ payload: hash, privateKey, hash: true });
  return SignatureEnvelope.serialize({ signature, publicKey: P256.getPublicKey({ privateKey }), prehash: true, type: 'p256' });
};

const plain = { type: 'tempo', chainId: CHAIN, gas: 100_000n, calls: [{ to: A, data: '0x01020304' }] };
const many = Array.from({ length: 32 }, (_, n) => ({ to: n % 2 ? A : B, data: n ? `0x${'cd'.repeat(n)}` : undefined }));
const authorization = (terms) =>
  wallet.signKeyAuthorization({ address: device.address, type: 'p256' }, { chainId: BigInt(CHAIN), ...terms });

/** viem's own function leaves out what an admin key needs: ox is asked. */
async function admin() {
  const unsigned = KeyAuthorization.from({ address: passkey.address, type: 'webAuthn', chainId: BigInt(CHAIN), isAdmin: true, account: wallet.address });
  const signature = SignatureEnvelope.from(await wallet.sign({ hash: KeyAuthorization.getSignPayload(unsigned) }));
  return KeyAuthorization.from(unsigned, { signature });
}

const CASES = [
  ['a wallet', wallet, plain],
  ['a wallet offers a price', wallet, { ...plain, maxFeePerGas: 5_000_000_000n, maxPriorityFeePerGas: 1n, nonce: 9 }],
  ['a P-256 key', device, plain],
  ['a P-256 key by WebCrypto', { address: device.address, sign: ({ hash }) => prehashed(key(0x22))(hash) }, plain],
  ['a passkey', passkey, plain],
  ['a passkey whose browser says more', { address: passkey.address, sign: ({ hash }) => browser(key(0x33), (challenge) =>
    JSON.stringify({ type: 'webauthn.get', challenge, origin: 'http://localhost:8545', crossOrigin: false,
      other_keys_can_be_added_here: 'do not compare clientDataJSON against a template. See https://goo.gl/yabPex' }))(hash) }, plain],
  ['a passkey whose browser orders otherwise', { address: passkey.address, sign: ({ hash }) => browser(key(0x33), (challenge) =>
    `{ "origin": "http:\\/\\/localhost:8545", "extra": [{"type": "webauthn.create"}], "challenge": "${challenge}", "type": "webauthn.get" }`)(hash) }, plain],
  ['thirty-two calls', wallet, { ...plain, calls: many }],
  ['a contract and a call', wallet, { ...plain, calls: [{ data: '0x602a5f5560205f5ff3' }, { to: A, value: 7n }] }],
  ['a sequence of nonces', wallet, { ...plain, nonceKey: 0xfeedn << 128n, nonce: 2 ** 53 - 1 }],
  ['a window of time', wallet, { ...plain, validAfter: 1_800_000_000, validBefore: 1_800_000_060 }],
  ['an access list', wallet, { ...plain, accessList: [{ address: A, storageKeys: [`0x${'01'.repeat(32)}`] }] }],
  ['sponsored', wallet, { ...plain, feePayer: sponsor }],
  ['a passkey sponsored', passkey, { ...plain, feePayer: sponsor, nonceKey: 5n, validBefore: 1_800_000_060 }],
  ['an access key', deviceOf, plain],
  ['a passkey as access key', passkeyOf, plain],
  ['an access key sponsored', deviceOf, { ...plain, feePayer: sponsor }],
  ['an access key that its root allows', deviceOf, { ...plain, keyAuthorization: await authorization({
    expiry: 1_800_000_000,
    limits: [{ token: A, limit: 500n, period: 86_400 }, { token: B, limit: 0n }],
    scopes: [{ address: A, selector: '0xa9059cbb' }, { address: A, selector: '0x095ea7b3' }, { address: B }],
  }) }],
  ['an access key used where it is allowed', deviceOf, { ...plain, keyAuthorization: await authorization({
    expiry: 1_800_000_000, limits: [{ token: A, limit: 500n }], scopes: [{ address: A }],
  }) }],
  ['a key that a passkey allows', passkey, { ...plain, keyAuthorization: await passkey.signKeyAuthorization(
    { address: wallet.address, type: 'secp256k1' }, { chainId: BigInt(CHAIN), expiry: 1_800_000_000, limits: [], scopes: [{ address: B }] },
  ) }],
  ['an admin key of a named account', wallet, { ...plain, keyAuthorization: await admin() }],
  ['an access key without limits', wallet, { ...plain, keyAuthorization: await authorization({}) }],
  ['an access key that may do nothing', wallet, { ...plain, keyAuthorization: await authorization({ limits: [], scopes: [] }) }],
];

/** Numbers as decimal strings: JSON's numbers end at 2^53. */
const text = (value) => (value === undefined || value === null ? null : value.toString());

async function vector([name, account, request]) {
  const { feePayer, ...transaction } = request;
  const signing = { ...transaction, ...(feePayer ? { feePayerSignature: null } : {}) };
  const senderHash = TxEnvelopeTempo.hash(signing, { presign: true });
  const signature = SignatureEnvelope.from(await account.sign({ hash: senderHash }));
  const feePayerHash = feePayer && TxEnvelopeTempo.getFeePayerSignPayload(signing, { sender: account.address });
  const feePayerSignature = feePayer && SignatureEnvelope.from(await feePayer.sign({ hash: feePayerHash })).signature;
  const raw = TxEnvelopeTempo.serialize({ ...transaction, ...(feePayer ? { feePayerSignature } : {}) }, { signature });
  // viem's own way must give the same bytes, but for signatures that it has no account for.
  if (account.signTransaction) {
    const same = await account.signTransaction({ ...transaction, ...(feePayer ? { feePayer } : {}) }, { serializer: Transaction.serialize });
    if (same !== raw) throw new Error(`${name}: viem signs ${same}, ox ${raw}`);
  }
  const auth = transaction.keyAuthorization;
  return {
    name,
    raw,
    hash: TxEnvelopeTempo.hash(TxEnvelopeTempo.deserialize(raw)),
    senderHash,
    feePayerHash: feePayerHash ?? null,
    sender: account.address.toLowerCase(),
    payer: (feePayer ?? account).address.toLowerCase(),
    accessKey: account.accessKeyAddress?.toLowerCase() ?? null,
    signatureType: signature.type === 'keychain' ? signature.inner.type : signature.type,
    gas: text(transaction.gas),
    maxFeePerGas: text(transaction.maxFeePerGas ?? 0n),
    maxPriorityFeePerGas: text(transaction.maxPriorityFeePerGas ?? 0n),
    nonceKey: text(transaction.nonceKey ?? 0n),
    nonce: text(transaction.nonce ?? 0),
    validAfter: text(transaction.validAfter),
    validBefore: text(transaction.validBefore),
    calls: transaction.calls.map(({ to, value, data }) => ({ to: to ?? null, value: text(value ?? 0n), data: data ?? '0x' })),
    keyAuthorization: auth ? { hash: KeyAuthorization.hash(auth), key: auth.address.toLowerCase(), expiry: text(auth.expiry),
      admin: auth.isAdmin ?? false, account: auth.account?.toLowerCase() ?? null, limits: auth.limits?.length ?? null, scopes: auth.scopes ? new Set(auth.scopes.map(({ address }) => address)).size : null } : null,
  };
}

const vectors = [];
for (const one of CASES) vectors.push(await vector(one));
const here = path.dirname(fileURLToPath(import.meta.url));
const file = path.join(here, '../../crates/execution/src/batch/vectors.json');
fs.writeFileSync(file, `${JSON.stringify({ chainId: CHAIN, vectors }, null, 1)}\n`);
console.log(`${vectors.length} vectors`);
