// Files that the Rust side made (crates/dure/tests/proof.rs), checked here: each is good, and no byte of any may change.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { NoGenesis, Refused, anchorOf, check, decode, decodeHeader, quorum } from '../dist/proof/index.js';
import { varint } from '../dist/proof/bytes.js';
import { leavesOut, peaks, position } from '../dist/proof/state.js';

const read = (name) => JSON.parse(fs.readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const { genesis, anchor, proofs } = read('proofs');
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const files = proofs.map(({ name, file, fact, ...about }) => ({ name, file: bytes(file), fact: { ...fact, ...about } }));
const CHECKSUM_BYTES = 8;

/** The file with one byte another one; with a good checksum where the byte stands before it. */
function changed(file, at, { sealed }) {
  const other = file.slice();
  other[at] ^= 1 << (at % 8);
  const end = other.length - CHECKSUM_BYTES;
  if (sealed) other.set(sha256(other.subarray(0, end)).subarray(0, CHECKSUM_BYTES), end);
  return other;
}

const refusal = (file, by = anchor) => {
  try {
    return { proven: check(file, by) };
  } catch (error) {
    assert.ok(error instanceof Refused, String(error));
    return { reason: error.reason, error };
  }
};

/** As a vector says it: the block and how many signed, beside the fact. */
const told = ({ fact, header, signers }) => ({ ...fact, height: Number(header.height), hash: header.hash, timeS: Number(header.timeS), signers });

test('the anchor is what the genesis gives', () => {
  assert.deepEqual(anchorOf(genesis), anchor);
  const other = (change) => anchorOf({ ...genesis, ...change }).genesis;
  const [[key, value], ...rest] = genesis.records;
  const changes = [{ chain_id: genesis.chain_id + 1 }, { time_ms: genesis.time_ms + 1 }, { gas_limit: genesis.gas_limit + 1 }, { records: rest }, { records: [[key, `${value}00`], ...rest] }];
  assert.equal(new Set([anchor.genesis, ...changes.map(other)]).size, changes.length + 1);
  assert.equal(other({ seed: undefined }), anchor.genesis, 'what the seed is does not matter, only whose keys they are');
  const [first] = genesis.validators;
  for (const wrong of [null, 7, {}, { ...genesis, validators: [] }, { ...genesis, validators: [first, first] }, { ...genesis, chain_id: '1' }, { ...genesis, time_ms: -1 }, { ...genesis, records: [['0x00', '0x']] }]) {
    assert.throws(() => anchorOf(wrong), NoGenesis);
  }
});

test('every kind of fact is among the files, and each file proves its own', () => {
  assert.deepEqual([...new Set(files.map(({ fact }) => fact.kind))].sort(), ['absent', 'held', 'log', 'receipt']);
  for (const { name, file, fact } of files) {
    const proven = check(file, anchor);
    assert.deepEqual(told(proven), fact, name);
    assert.ok(proven.signers >= quorum(anchor.validators.length) && proven.certified.height >= proven.header.height, name);
  }
});

test('any byte that changes is noticed by the checksum', () => {
  for (const { name, file } of files) {
    for (let at = 0; at < file.length; at++) assert.ok(['Damaged', 'NoProof'].includes(refusal(changed(file, at, { sealed: false })).reason), `${name} ${at}`);
    for (let end = 0; end < file.length; end++) assert.ok(['Damaged', 'NoProof', 'Length'].includes(refusal(file.subarray(0, end)).reason), `${name} cut at ${end}`);
  }
});

for (const { name, file, fact } of files) {
  test(`${name}: whoever changes a byte and makes the checksum good proves nothing, or another truth`, () => {
    const reasons = new Set();
    for (let at = 0; at < file.length - CHECKSUM_BYTES; at++) {
      const { proven, reason } = refusal(changed(file, at, { sealed: true }));
      reasons.add(reason);
      if (!proven) continue;
      // Nothing is held by any neighbour in the gap either; and a receipt has more logs than one.
      const own = { absent: ['tag', 'id'], log: ['logIndex', 'log'] }[fact.kind] ?? [];
      const now = told(proven);
      const differ = Object.keys(fact).filter((key) => now[key] !== fact[key]);
      assert.ok(differ.length > 0 && differ.every((key) => own.includes(key)), `${name} at ${at}: ${differ}`);
    }
    assert.ok(['NoProof', 'OtherChain', 'Signature', 'Length'].every((reason) => reasons.has(reason)), [...reasons].join());
    assert.ok(reasons.has(['held', 'absent'].includes(fact.kind) ? 'State' : 'Trie'), [...reasons].join());
  });
}

test('who is trusted decides', () => {
  const [{ file }] = files;
  const [first, ...others] = anchor.validators;
  const stranger = `0x${'11'.repeat(31)}02`;
  assert.equal(refusal(file, { ...anchor, genesis: `0x${'22'.repeat(32)}` }).reason, 'OtherChain');
  assert.ok(['Signature', 'NoValidator'].includes(refusal(file, { ...anchor, validators: anchor.validators.map(() => stranger) }).reason));
  assert.ok(['Signature', 'NoValidator'].includes(refusal(file, { ...anchor, validators: [...others, first].slice(anchor.validators.length > 1 ? 0 : 1) }).reason));
  assert.equal(refusal(file, { ...anchor, validators: Array.from({ length: 128 }, () => first) }).reason, 'Quorum');
});

test('a header is what its hash says', () => {
  for (const { file, fact } of files) {
    const [header] = decode(file).headers;
    assert.equal(decodeHeader(header).hash, fact.hash);
    for (const wrong of [new Uint8Array(), header.subarray(1), header.subarray(0, -1), Uint8Array.from([...header, 0]), Uint8Array.of(0xc0)]) {
      assert.throws(() => decodeHeader(wrong), { name: 'Refused', reason: 'Header' });
    }
  }
});

test('a third may be missing and never more', () => {
  const needed = [[1, 1], [2, 2], [3, 3], [4, 3], [5, 4], [6, 5], [7, 5], [10, 7], [16, 11], [128, 86]];
  for (const [validators, most] of needed) assert.equal(quorum(validators), most);
});

test('varints are seven bits a byte', () => {
  assert.deepEqual([...varint(0)], [0]);
  assert.deepEqual([...varint(0x7f)], [0x7f]);
  assert.deepEqual([...varint(0x80)], [0x80, 1]);
  assert.equal(varint((1n << 64n) - 1n).length, 10);
});

test('nodes are numbered as in a mountain range', () => {
  // Leaves 0, 1 under 2; 3, 4 under 5; both under 6; 7, 8 under 9.
  const at = (firstLeaf, height) => Number(position({ firstLeaf, height }));
  assert.deepEqual([at(0n, 0), at(1n, 0), at(0n, 1), at(2n, 0), at(3n, 0), at(2n, 1), at(0n, 2), at(4n, 0), at(4n, 1)], [0, 1, 2, 3, 4, 5, 6, 7, 9]);
  assert.deepEqual(peaks(0b1101n), [{ firstLeaf: 0n, height: 3 }, { firstLeaf: 8n, height: 2 }, { firstLeaf: 12n, height: 0 }]);
});

test('a span leaves out what lies between', () => {
  const key = (byte) => new Uint8Array(32).fill(byte);
  const leftOut = (from, to) => [...Array(10).keys()].filter((byte) => leavesOut({ key: key(from), nextKey: key(to) }, key(byte)));
  assert.deepEqual(leftOut(2, 5), [3, 4]);
  assert.deepEqual(leftOut(7, 3), [0, 1, 2, 8, 9]);
  assert.deepEqual(leftOut(4, 4), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
});
