// Access keys: stock viem/tempo signs by them and authorises them; a wallet that knows nothing of them does by a plain call.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { JsonRpcProvider } from 'ethers';
import { KeyAuthorization, SignatureEnvelope } from 'ox/tempo';
import { createPublicClient, decodeErrorResult, encodeFunctionData, erc20Abi, getAddress, http, parseEventLogs, toFunctionSelector } from 'viem';
import { generatePrivateKey } from 'viem/accounts';
import { Account, Actions, P256 } from 'viem/tempo';
import { CREDIT, ORDERS, STRANGER, abi, ready, rpc } from './chain.mjs';
import { chain, mined, ordinary, passkey, plain, pub, refused, root, wallet } from './tempo.mjs';

const ACCOUNTS = '0xd00e000000000000000000000000000000000005';
const TRANSFER = toFunctionSelector('transfer(address,uint256)');
const chainId = BigInt(ready.chainId);
/** Who has the keys here: one that viem/tempo knows, and one of a wallet that does not. */
const owner = root(9);
const person = ordinary(7);
const pay = (amount, to = STRANGER) => ({ to: CREDIT, data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] }) });
const balance = (who) => pub.readContract({ address: CREDIT, abi: erc20Abi, functionName: 'balanceOf', args: [who] });
const read = (functionName, ...args) => pub.readContract({ address: ACCOUNTS, abi: abi('accounts'), functionName, args });

let expiry;
before(async () => {
  expiry = Number((await pub.getBlock()).timestamp) + 86_400;
});
/** A hundred a day, by `transfer`. */
const terms = () => ({ expiry, limits: [{ token: CREDIT, limit: 100n, period: 86_400 }], scopes: [{ address: CREDIT, selector: 'transfer(address,uint256)' }] });
const allow = (key, more = {}) => owner.signKeyAuthorization(key, { chainId, ...terms(), ...more });
/** A key of each kind. */
const KINDS = [
  ['secp256k1', async (access) => Account.fromSecp256k1(generatePrivateKey(), { access })],
  ['p256', async (access) => Account.fromP256(P256.randomPrivateKey(), { access })],
  ['webAuthn', (access) => passkey({ access })],
];

for (const [kind, make] of KINDS) {
  test(`viem/tempo: a ${kind} access key is used in the batch that authorises it, and then within its limit`, async () => {
    const key = await make(owner);
    const start = await balance(owner.address);
    const first = await mined(await wallet(key).sendTransaction({ calls: [pay(30n), pay(10n)], keyAuthorization: await allow(key) }));
    assert.deepEqual([first.status, first.type, first.from], ['success', '0x76', owner.address.toLowerCase()]);
    const [authorized] = parseEventLogs({ abi: abi('accounts'), logs: first.logs });
    assert.equal(authorized.eventName, 'KeyAuthorized');
    assert.equal(authorized.args.key, getAddress(key.accessKeyAddress));
    const second = await mined(await wallet(key).sendTransaction({ calls: [pay(60n)] }));
    assert.equal(second.status, 'success');
    assert.equal(await balance(owner.address), start - 100n);

    // Beyond the limit: the estimate says so, with the facts; with a gas of its own it is included and fails.
    const asked = { from: owner.address, type: '0x76', calls: [pay(1n)], keyId: key.accessKeyAddress, keyType: kind, ...(kind === 'webAuthn' ? { keyData: '0x0578' } : {}) };
    const { error } = await rpc('eth_estimateGas', asked);
    const { errorName, args } = decodeErrorResult({ abi: abi('accounts'), data: error.data });
    assert.deepEqual([errorName, args.map(String)], ['LimitExceeded', [getAddress(CREDIT), '0', '1']]);
    assert.match(await refused(wallet(key).sendTransaction({ calls: [pay(1n)] })), /reverted/);
    const beyond = await mined(await wallet(key).sendTransaction({ calls: [pay(1n)], gas: 300_000n }));
    assert.equal(beyond.status, 'reverted');
    assert.equal(await balance(owner.address), start - 100n);

    // Beyond the scope: refused before it is sent and when it is, in words.
    const elsewhere = { calls: [{ to: ORDERS, data: '0x12345678' }] };
    const words = new RegExp(`the access key may not call ${ORDERS}; hint: sign by a full key`, 'i');
    assert.match(await refused(wallet(key).sendTransaction(elsewhere)), words);
    assert.match(await refused(wallet(key).sendTransaction({ ...elsewhere, gas: 300_000n })), words);
    const approve = { to: CREDIT, data: encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [STRANGER, 1n] }) };
    assert.match(await refused(wallet(key).sendTransaction({ calls: [approve], gas: 300_000n })), /the access key may not call 0x095ea7b3 of 0xd00ec/i);
    assert.match(await refused(wallet(key).sendTransaction({ calls: [pay(1n)], keyAuthorization: await allow(key), gas: 300_000n })), /is or was a key of the account/);
  });
}

test('viem/tempo: its own function authorises a key, which is then listed with its reach', async () => {
  const key = Account.fromP256(P256.randomPrivateKey(), { access: owner });
  await mined(await Actions.accessKey.authorize(wallet(owner), { accessKey: key, ...terms() }));
  const reach = await read('reachOf', owner.address, key.accessKeyAddress);
  assert.deepEqual([reach.admin, reach.credits.length, reach.credits[0].now, reach.scopes[0].selectors], [false, 1, 100n, [TRANSFER]]);
  assert.equal((await mined(await wallet(key).sendTransaction({ calls: [pay(1n)] }))).status, 'success');
});

test('a wallet that knows no batches authorises a passkey and a device by plain calls, and revokes one', async () => {
  const device = Account.fromP256(P256.randomPrivateKey(), { access: person.address });
  const phone = await passkey({ access: person.address });
  const call = async (functionName, args) => {
    const receipt = await mined(await wallet(person, plain).writeContract({ address: ACCOUNTS, abi: abi('accounts'), functionName, args }));
    assert.deepEqual([receipt.status, receipt.type], ['success', 'eip1559']);
  };
  const limits = [{ credit: CREDIT, amount: 100n, periodMs: 86_400_000n }];
  const scopes = [{ target: CREDIT, selectors: [TRANSFER] }];
  await call('authorizeKey', [device.accessKeyAddress, { kind: 1, admin: false, expiresMs: BigInt(expiry) * 1_000n, limits, scopes }]);
  await call('authorizeKey', [phone.accessKeyAddress, { kind: 2, admin: true, expiresMs: 0n, limits: [], scopes: [] }]);
  assert.equal((await mined(await wallet(device).sendTransaction({ calls: [pay(5n)] }))).from, person.address.toLowerCase());
  // The passkey is a full key: no limit, and it may revoke the device.
  const revoke = { to: ACCOUNTS, data: encodeFunctionData({ abi: abi('accounts'), functionName: 'revokeKey', args: [device.accessKeyAddress] }) };
  assert.equal((await mined(await wallet(phone).sendTransaction({ calls: [pay(500n), revoke] }))).status, 'success');
  assert.match(await refused(wallet(device).sendTransaction({ calls: [pay(5n)], gas: 300_000n })), /was revoked; a revoked key never comes back/);
  const stranger = Account.fromP256(P256.randomPrivateKey(), { access: person.address });
  assert.match(await refused(wallet(stranger).sendTransaction({ calls: [pay(5n)], gas: 300_000n })), /is no key of 0x.*; hint: let the account authorise it first/);
  const keys = await read('keysOf', person.address);
  assert.deepEqual(keys.map(({ key, admin }) => [key, admin]), [[getAddress(phone.accessKeyAddress), true]]);
});

test('viem/tempo: an access key is sponsored, and has sequences of nonces of its account', async () => {
  const key = Account.fromP256(P256.randomPrivateKey(), { access: owner });
  const sponsor = root(8);
  const nonceKey = BigInt(Date.now());
  const send = async (nonce, more) => mined(await wallet(key).sendTransaction({ calls: [pay(1n)], feePayer: sponsor, nonceKey, nonce, gas: 400_000n, ...more }));
  const first = await send(0, { keyAuthorization: await allow(key) });
  assert.deepEqual([first.status, first.feePayer, (await rpc('eth_getTransactionReceipt', first.transactionHash)).result.accessKey], ['success', sponsor.address.toLowerCase(), key.accessKeyAddress.toLowerCase()]);
  assert.equal((await send(1)).status, 'success');
  assert.equal((await rpc('dure_nonce', owner.address, `0x${nonceKey.toString(16)}`)).result, '0x2');
});

test('what this chain does not take of access keys is refused by name', async () => {
  const key = Account.fromP256(P256.randomPrivateKey(), { access: owner });
  const send = async (keyAuthorization, by = key) => refused(wallet(by).sendTransaction({ calls: [pay(1n)], keyAuthorization, gas: 400_000n }));
  const unbound = Account.fromP256(P256.randomPrivateKey(), { access: owner, internal_version: 'v1' });
  assert.match(await send(await allow(unbound), unbound), /must cover the account: type 0x04, not 0x03/);
  assert.match(await send(await owner.signKeyAuthorization(key, { chainId, ...terms(), limits: undefined })), /names no limits, and what a limited key's authorisation does not list is not allowed/);
  assert.match(await send(await owner.signKeyAuthorization(key, { chainId, ...terms(), scopes: undefined })), /names no scopes/);
  assert.match(await send(await owner.signKeyAuthorization(key, { chainId, ...terms(), expiry: undefined })), /names no expiry/);
  assert.match(await send(await allow(key, { chainId: 1n })), /it is for chain 1, this is chain/);
  assert.match(await send(await allow(key, { witness: `0x${'11'.repeat(32)}` })), /carries a witness/);
  const recipients = [{ address: CREDIT, selector: TRANSFER, recipients: [STRANGER] }];
  assert.match(await send(await allow(key, { scopes: recipients })), /binds recipients to a selector/);
  assert.match(await send(await allow(key, { scopes: [{ address: ACCOUNTS }] })), /outside the bounds: 1 to 16 scopes/);
  const other = Account.fromP256(P256.randomPrivateKey(), { access: owner });
  assert.match(await send(await allow(other)), /it is for the key .*, and the key .* signs the transaction/);
  const stranger = Account.fromSecp256k1(generatePrivateKey());
  assert.match(await send(await stranger.signKeyAuthorization(key, { chainId, ...terms() })), /signed it, which is not the account's first key/);
});

test('viem/tempo: an admin key authorises a further key where the authorisation names the account', async () => {
  const admin = await passkey({ access: owner });
  const unsigned = KeyAuthorization.from({ address: admin.accessKeyAddress, type: 'webAuthn', chainId, isAdmin: true });
  const signature = SignatureEnvelope.from(await owner.sign({ hash: KeyAuthorization.getSignPayload(unsigned) }));
  await mined(await wallet(admin).sendTransaction({ calls: [pay(1n)], keyAuthorization: KeyAuthorization.from(unsigned, { signature }) }));
  const key = Account.fromP256(P256.randomPrivateKey(), { access: owner });
  const further = KeyAuthorization.from({ address: key.accessKeyAddress, type: 'p256', chainId, account: owner.address, ...terms(), scopes: [{ address: CREDIT, selector: TRANSFER }] });
  const raw = SignatureEnvelope.from(await admin.sign({ hash: KeyAuthorization.getSignPayload(further), raw: true }));
  const keyAuthorization = KeyAuthorization.from(further, { signature: raw });
  const receipt = await mined(await wallet(key).sendTransaction({ calls: [pay(2n)], keyAuthorization, gas: 500_000n }));
  assert.equal(receipt.status, 'success');
});

test('a batch by an access key is read back by viem with and without Tempo, ethers and web3.py', async (t) => {
  const key = await passkey({ access: owner });
  const keyAuthorization = await allow(key);
  const hash = await wallet(key).sendTransaction({ calls: [pay(1n), pay(2n)], keyAuthorization });
  const receipt = await mined(hash);
  const wire = (await rpc('eth_getTransactionByHash', hash)).result;
  assert.deepEqual([wire.from, wire.accessKey, wire.signatureType], [owner.address.toLowerCase(), key.accessKeyAddress.toLowerCase(), 'webAuthn']);
  assert.equal((await rpc('eth_getTransactionReceipt', hash)).result.accessKey, wire.accessKey);
  const tempo = await createPublicClient({ chain, transport: http() }).getTransaction({ hash });
  const { address, ...seen } = tempo.keyAuthorization;
  assert.equal(address.toLowerCase(), key.accessKeyAddress.toLowerCase());
  assert.deepEqual([seen.type, seen.expiry, seen.limits[0].limit, seen.scopes[0].selector], ['webAuthn', expiry, 100n, TRANSFER]);
  assert.equal(KeyAuthorization.serialize(tempo.keyAuthorization).toLowerCase(), KeyAuthorization.serialize(keyAuthorization).toLowerCase());
  assert.equal((await pub.getTransaction({ hash })).from, owner.address.toLowerCase());
  const provider = new JsonRpcProvider(ready.http, ready.chainId, { staticNetwork: true, cacheTimeout: -1 });
  const read = await provider.getTransaction(hash);
  assert.deepEqual([read.type, read.from], [0x76, owner.address]);
  assert.equal((await provider.getTransactionReceipt(hash)).logs.length, receipt.logs.length);
  provider.destroy();
  const trace = (await rpc('debug_traceTransaction', hash, { tracer: 'callTracer' })).result;
  assert.deepEqual(trace.calls.map((call) => call.to), [ACCOUNTS, CREDIT, CREDIT]);
  if (!process.env.WEB3PY) return t.diagnostic('no Python environment: see tests/clients/run');
  const python = spawnSync(process.env.WEB3PY, ['web3_reads.py', ready.http, hash], { encoding: 'utf8' });
  assert.equal(python.status, 0, python.stderr);
  assert.deepEqual([JSON.parse(python.stdout).type, JSON.parse(python.stdout).sender], [0x76, owner.address]);
});
