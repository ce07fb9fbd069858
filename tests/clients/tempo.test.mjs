// Transactions of type 0x76, made by stock viem/tempo and read back by viem, ethers and web3.py.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { JsonRpcProvider } from 'ethers';
import { createPublicClient, encodeFunctionData, getContract, http } from 'viem';
import { Account, P256 } from 'viem/tempo';
import { contracts, ready, rpc } from './chain.mjs';
import { chain, mined, ordinary, passkey, plain, pub, refused, root, wallet } from './tempo.mjs';

const sponsor = root(8);

const { Board } = contracts();

let board;
const write = (value, why) => ({ to: board.address, data: encodeFunctionData({ abi: Board.abi, functionName: 'write', args: [value, why] }) });
before(async () => {
  const receipt = await mined(await wallet(ordinary(8), plain).deployContract({ ...Board, args: [0n] }));
  board = getContract({ address: receipt.contractAddress, abi: Board.abi, client: pub });
});

test('viem/tempo: a batch by a P-256 key, with a plain chain, all calls in one receipt', async () => {
  const device = Account.fromP256(P256.randomPrivateKey());
  const receipt = await mined(await wallet(device, plain).sendTransaction({ calls: [write(1n, 'one'), write(2n, 'two')], gas: 300_000n }));
  assert.equal(receipt.status, 'success');
  assert.equal(receipt.logs.length, 2);
  assert.equal(receipt.from, device.address.toLowerCase());
  assert.equal(await board.read.value(), 2n);
  assert.equal(await pub.getTransactionCount({ address: device.address }), 1);
});

test('viem/tempo: an ordinary call by a P-256 key and by a passkey, with a plain chain, at the estimated gas', async () => {
  for (const account of [Account.fromP256(P256.randomPrivateKey()), await passkey()]) {
    const receipt = await mined(await wallet(account, plain).sendTransaction(write(3n, 'estimated')));
    assert.equal(receipt.status, 'success');
  }
});

test('viem/tempo: passkeys sign batches, whichever half of the order their signature falls into', async () => {
  for (let n = 0; n < 8; n += 1) {
    const account = await passkey();
    const receipt = await mined(await wallet(account).sendTransaction({ calls: [write(BigInt(n), 'first'), write(BigInt(n), 'second')] }));
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.type, '0x76');
  }
});

test('viem/tempo: one call that fails undoes the batch, and the nonce is used', async () => {
  const device = Account.fromP256(P256.randomPrivateKey());
  await mined(await wallet(device).sendTransaction({ calls: [write(7n, 'before')] }));
  const receipt = await mined(await wallet(device).sendTransaction({ calls: [write(8n, 'undone'), write(1_001n, 'too large')], gas: 300_000n }));
  assert.equal(receipt.status, 'reverted');
  assert.equal(receipt.logs.length, 0);
  assert.equal(await board.read.value(), 7n);
  assert.equal(await pub.getTransactionCount({ address: device.address }), 2);
  assert.match(await refused(wallet(device).sendTransaction({ calls: [write(8n, 'estimated'), write(1_001n, 'too large')] })), /reverted/);
});

test('viem/tempo: any account sponsors another, and its allowance is used', async () => {
  const person = await passkey();
  for (const on of [plain, chain]) {
    const nonce = await pub.getTransactionCount({ address: person.address });
    const receipt = await mined(await wallet(person, on).sendTransaction({ calls: [write(9n, 'sponsored')], feePayer: sponsor, gas: 200_000n, nonceKey: 0n, nonce }));
    assert.equal(receipt.status, 'success');
    assert.equal(receipt.feePayer, sponsor.address.toLowerCase());
  }
  const [of, by] = await Promise.all([person, sponsor].map(async ({ address }) => (await rpc('dure_account', address)).result));
  assert.equal(of.allowanceGas, of.allowanceCapGas);
  assert.equal(of.class, 'newcomer');
  assert.equal(by.class, 'member');
});

test('viem/tempo: sequences of nonces and a window of time', async () => {
  const device = Account.fromP256(P256.randomPrivateKey());
  const now = Number((await pub.getBlock()).timestamp);
  const nonceKey = BigInt(`0x${randomBytes(8).toString('hex')}`);
  for (const nonce of [0, 1]) {
    const receipt = await mined(await wallet(device).sendTransaction({ calls: [write(4n, 'in a sequence')], nonceKey, nonce, validAfter: now - 5, validBefore: now + 60 }));
    assert.equal(receipt.status, 'success');
  }
  assert.equal((await rpc('dure_nonce', device.address, `0x${nonceKey.toString(16)}`)).result, '0x2');
  assert.equal(await pub.getTransactionCount({ address: device.address }), 0);
  const send = (more) => wallet(device).sendTransaction({ calls: [write(4n, 'late')], gas: 200_000n, nonceKey, nonce: 2, ...more });
  assert.match(await refused(send({ validBefore: now - 1 })), /expired: valid before/);
  assert.match(await refused(send({ validAfter: now + 3_600 })), /too early: valid from/);
  const soon = Number((await pub.getBlock()).timestamp) + 2;
  const hash = await send({ validAfter: soon });
  assert.equal((await rpc('eth_getTransactionByHash', hash)).result.blockNumber, null);
  assert.ok(Number((await pub.getBlock({ blockNumber: (await mined(hash)).blockNumber })).timestamp) >= soon);
});

test('viem/tempo: what this chain does not take is refused by name', async () => {
  const device = Account.fromP256(P256.randomPrivateKey());
  const send = (more) => wallet(device).sendTransaction({ calls: [write(1n, 'refused')], gas: 200_000n, ...more });
  assert.match(await refused(send({ feeToken: `0x20c0${'00'.repeat(17)}01` })), /names a fee token: this chain has no fees/);
  assert.match(await refused(send({ nonceKey: 'expiring' })), /nonce key 2\^256 - 1 asks for an expiring nonce/);
  assert.match(await refused(send({ calls: Array(33).fill(write(1n, 'many')) })), /more than 32 calls/);
});

/** The batch that others read. */
let known;

test('a batch is read back by viem with and without Tempo, and by ethers', async () => {
  const person = await passkey();
  const calls = [write(5n, 'read'), write(6n, 'back')];
  const hash = await wallet(person).sendTransaction({ calls, gas: 300_000n, feePayer: sponsor, nonceKey: 77n, nonce: 0 });
  const { blockNumber } = await mined(hash);

  const wire = (await rpc('eth_getTransactionByHash', hash)).result;
  assert.equal(wire.type, '0x76');
  assert.equal(wire.signature, undefined);
  assert.deepEqual([wire.to, wire.input, wire.value], [calls[0].to, calls[0].data, '0x0']);
  assert.deepEqual([wire.nonceKey, wire.feePayer, wire.signatureType], ['0x4d', sponsor.address.toLowerCase(), 'webAuthn']);
  for (const field of ['v', 'r', 's', 'yParity', 'senderSignature', 'feePayerSignature']) assert.ok(wire[field], field);

  const read = await pub.getTransaction({ hash });
  assert.deepEqual([read.from, read.to, read.nonce], [person.address.toLowerCase(), calls[0].to, 0]);
  const tempo = await createPublicClient({ chain, transport: http() }).getTransaction({ hash });
  assert.equal(tempo.type, 'tempo');
  assert.deepEqual(tempo.calls.map(({ data }) => data), calls.map(({ data }) => data));
  assert.equal(tempo.feePayerSignature.yParity, Number(wire.feePayerSignature.yParity));

  const provider = new JsonRpcProvider(ready.http, ready.chainId, { staticNetwork: true, cacheTimeout: -1 });
  const seen = await provider.getTransaction(hash);
  assert.deepEqual([seen.type, seen.from, seen.data], [0x76, person.address, calls[0].data]);
  assert.equal((await provider.getTransactionReceipt(hash)).logs.length, 2);
  assert.ok((await provider.getBlock(Number(blockNumber), true)).prefetchedTransactions.some((one) => one.hash === hash));
  provider.destroy();
  known = { hash, from: person.address };
});

test('a batch is read back by web3.py', { skip: process.env.WEB3PY ? false : 'no Python environment: see tests/clients/run' }, () => {
  const python = spawnSync(process.env.WEB3PY, ['web3_reads.py', ready.http, known.hash], { encoding: 'utf8' });
  assert.equal(python.status, 0, python.stderr);
  const { type, sender, logs, inBlock } = JSON.parse(python.stdout);
  assert.deepEqual([type, sender, logs, inBlock], [0x76, known.from, 2, true]);
});
