// What the Rust side computed (crates/gateways/tests/vectors.rs), computed here.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as sdk from '../dist/index.js';
import { deviceSigner, messagePrehash, possessionPrehash } from '../dist/device.js';
import { ADDRESS_MAX_BYTES, newSealingKey, openAddress, sealAddress } from '../dist/seal.js';

const read = (name) => JSON.parse(fs.readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const vectors = read('device');
const hash = (byte) => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;

const bodies = {
  Level: { kind: 'Level', level: 300n },
  Place: { kind: 'Place', level: 1n, offer: hash(5), codeCommitment: hash(6), sealedAddress: '0x010203' },
  Evidence: { kind: 'Evidence', level: 1n << 40n, order: hash(7) },
  Test: { kind: 'Test', level: 0n, offer: hash(5) },
};

test('ids and commitments are those of the rules', () => {
  const { offer, order, code, address } = vectors;
  assert.equal(sdk.offerId(offer.shop, offer.version), offer.id);
  assert.equal(sdk.orderId(order.device, order.slot, order.cycle, order.attempt), order.id);
  assert.equal(sdk.codeCommitment(order.id, code.text), code.commitment);
  assert.equal(sdk.addressCommitment(address), address.commitment);
  assert.match(sdk.newCode(), /^[A-Z2-7]{10}$/);
  assert.throws(() => sdk.codeBytes('abcdefgh01'), /ten of A to Z/);
});

test('keys of both curves sign every message byte for byte as the Rust side does', () => {
  for (const vector of vectors.signers) {
    const signer = deviceSigner(vector.keyType, vector.secret);
    assert.equal(signer.publicKey, vector.publicKey);
    assert.equal(signer.id, vector.device);
    assert.equal(possessionPrehash(signer, vectors.chainId, vectors.owner, 4), vector.possessionPrehash);
    assert.equal(signer.possession(vectors.chainId, vectors.owner, 4), vector.possession);
    assert.deepEqual(vector.messages.map(({ body }) => body), Object.keys(bodies));
    for (const { body, payload, prehash, signature } of vector.messages) {
      const message = { chainId: vectors.chainId, device: signer.id, slot: 3, keyEpoch: 2, sequence: (1n << 64n) - 2n, height: 1_000_000n, blockHash: hash(9), body: bodies[body] };
      assert.deepEqual(signer.sign(message), { payload, signature }, `${vector.keyType} ${body}`);
      assert.equal(messagePrehash(signer, payload), prehash);
    }
  }
});

test('a number that does not fit is refused, not cut', () => {
  const message = { chainId: 1, device: hash(1), slot: 256, keyEpoch: 0, sequence: 1n, height: 1n, blockHash: hash(1), body: bodies.Level };
  assert.throws(() => sdk.encodeDeviceMessage(message), /256 does not fit/);
  assert.throws(() => sdk.encodeDeviceMessage({ ...message, slot: 0, device: '0x11' }), /32 bytes were expected/);
});

test('addresses sealed by either program open here, for their order and their commitment alone', async () => {
  const { rust, typescript, sealingKey } = read('seal');
  const home = { salt: hash(8), text: '보라, Lindenweg 3' };
  const meant = sdk.addressCommitment(home);
  const fresh = await sealAddress(home, sealingKey, hash(1));
  if (process.env.DURE_WRITE_VECTORS && typescript === undefined) console.log(fresh);
  for (const sealed of [rust, typescript, fresh]) assert.deepEqual(await openAddress(sealed, hash(3), hash(1), meant), home);
  assert.notEqual(fresh, await sealAddress(home, sealingKey, hash(1)));
  assert.equal(fresh.length, (await sealAddress({ ...home, text: '' }, sealingKey, hash(1))).length, 'every address looks alike');
  await assert.rejects(openAddress(rust, hash(3), hash(2), meant));
  await assert.rejects(openAddress(rust, hash(4), hash(1), meant));
  await assert.rejects(openAddress(rust, hash(3), hash(1), hash(1)), /committed to/);
  await assert.rejects(sealAddress({ ...home, text: 'a'.repeat(ADDRESS_MAX_BYTES + 1) }, sealingKey, hash(1)), /at most 478 fit/);
});

test('a new sealing key opens what is sealed to it, and no two are alike', async () => {
  const [one, other] = await Promise.all([newSealingKey(), newSealingKey()]);
  const home = { salt: hash(8), text: 'Lindenweg 3' };
  const sealed = await sealAddress(home, one.publicKey, hash(1));
  assert.deepEqual(await openAddress(sealed, one.secret, hash(1), sdk.addressCommitment(home)), home);
  await assert.rejects(openAddress(sealed, other.secret, hash(1), sdk.addressCommitment(home)));
});

test('guardians are committed to whatever their order, and to one account with one salt alone', () => {
  const guardians = [3, 1, 2].map((byte) => `0x${String(byte).padStart(2, '0').repeat(20)}`);
  const account = `0x${'44'.repeat(20)}`;
  const committed = sdk.guardiansCommitment(account, hash(1), guardians);
  assert.equal(sdk.guardiansCommitment(account, hash(1), [...guardians].reverse()), committed);
  assert.deepEqual(sdk.ascending(guardians), [guardians[1], guardians[2], guardians[0]]);
  assert.notEqual(sdk.guardiansCommitment(account, hash(2), guardians), committed);
  assert.notEqual(sdk.guardiansCommitment(guardians[0], hash(1), guardians), committed);
});

test('numbers of GS1 keep their check digit', () => {
  assert.equal(sdk.gtin('4006381333931'), 4006381333931n);
  assert.equal(sdk.gs1('SSCC', '106141412345678908'), 106141412345678908n);
  assert.throws(() => sdk.gtin('4006381333930'), /last digit/);
  assert.throws(() => sdk.gln('40063813339312'), /at most 13 digits/);
});
