// Files that the Rust side made (crates/dure/tests/proof.rs), checked here: each is good, and no byte of any may change.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { NoGenesis, Refused, anchorOf, check, decode, decodeHeader, fromLetters, quorum, toLetters } from '../dist/proof/index.js';
import { varint } from '../dist/proof/bytes.js';
import { leavesOut, peaks, position } from '../dist/proof/state.js';

const read = (name) => JSON.parse(fs.readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
const { genesis, anchor, proofs, sixteen, lenient } = read('proofs');
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const files = proofs.map(({ name, file, fact, ...about }) => ({ name, file: bytes(file), fact: { ...fact, ...about } }));
const [MAGIC_BYTES, CHECKSUM_BYTES] = [12, 8];
/** Issue: a record's proof at 16 validators. */
const [RECORD_MAX_BYTES, VERIFY_MAX_MS] = [3_000, 20];

/** The file with one byte another one; with a good checksum where the byte stands before it. */
function changed(file, at, { sealed }) {
  const other = file.slice();
  other[at] ^= 1 << (at % 8);
  const end = other.length - CHECKSUM_BYTES;
  if (sealed) other.set(sha256(other.subarray(0, end)).subarray(0, CHECKSUM_BYTES), end);
  return other;
}

const refusal = async (file, by = anchor) => {
  try {
    return { proven: await check(file, by) };
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

test('every kind of fact is among the files, and each file proves its own', async () => {
  assert.deepEqual([...new Set(files.map(({ fact }) => fact.kind))].sort(), ['absent', 'held', 'log', 'receipt']);
  for (const { name, file, fact } of files) {
    const proven = await check(file, anchor);
    assert.deepEqual(told(proven), fact, name);
    assert.ok(proven.signers >= quorum(anchor.validators.length) && proven.certified.height >= proven.header.height, name);
  }
});

test('any byte that changes is noticed by the checksum', async () => {
  for (const { name, file } of files) {
    for (let at = 0; at < file.length; at++) assert.ok(['Damaged', 'NoProof'].includes((await refusal(changed(file, at, { sealed: false }))).reason), `${name} ${at}`);
    for (let end = 0; end < file.length; end++) assert.ok(['Damaged', 'NoProof', 'Length'].includes((await refusal(file.subarray(0, end))).reason), `${name} cut at ${end}`);
  }
});

for (const { name, file, fact } of files) {
  test(`${name}: whoever changes a byte and makes the checksum good proves nothing, or another truth`, async () => {
    const reasons = new Set();
    for (let at = 0; at < file.length - CHECKSUM_BYTES; at++) {
      const { proven, reason } = await refusal(changed(file, at, { sealed: true }));
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

test('who is trusted decides', async () => {
  const [{ file }] = files;
  const [first, ...others] = anchor.validators;
  const stranger = `0x${'11'.repeat(31)}02`;
  assert.equal((await refusal(file, { ...anchor, genesis: `0x${'22'.repeat(32)}` })).reason, 'OtherChain');
  assert.ok(['Signature', 'NoValidator'].includes((await refusal(file, { ...anchor, validators: anchor.validators.map(() => stranger) })).reason));
  assert.ok(['Signature', 'NoValidator'].includes((await refusal(file, { ...anchor, validators: [...others, first].slice(anchor.validators.length > 1 ? 0 : 1) })).reason));
  assert.equal((await refusal(file, { ...anchor, validators: Array.from({ length: 128 }, () => first) })).reason, 'Quorum');
});

test('sixteen signatures of sixteen are checked in the time that the issue gives, and without WebCrypto as well', async () => {
  const file = bytes(sixteen.file);
  assert.ok(file.length <= RECORD_MAX_BYTES, `${file.length} bytes`);
  const best = async () => {
    const took = [];
    for (let times = 0; times < 10; times++) {
      const since = performance.now();
      assert.equal((await check(file, sixteen.anchor)).signers, 16);
      took.push(performance.now() - since);
    }
    return Math.min(...took);
  };
  const quick = await best();
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  const slow = await best().finally(() => Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true }));
  console.log(`${file.length} bytes: ${quick.toFixed(1)} ms, by noble alone ${slow.toFixed(1)} ms`);
  assert.ok(quick <= VERIFY_MAX_MS, `${quick} ms`);
});

test('signatures are judged as ZIP 215 says, whatever WebCrypto says', async () => {
  // Keys and points of small order, canonical and not, as dure_proof takes them; and an S that is not below the order, which it does not.
  const file = bytes(lenient.file);
  assert.equal((await check(file, lenient.anchor)).signers, lenient.anchor.validators.length);
  const { signatures } = decode(file).certificate;
  for (const place of [0, signatures.length - 1]) {
    const other = file.slice();
    const at = signatures[place].signature.byteOffset - decode(file).genesis.byteOffset + MAGIC_BYTES;
    const order = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');
    other.set(order, at + 32);
    const end = other.length - CHECKSUM_BYTES;
    other.set(sha256(other.subarray(0, end)).subarray(0, CHECKSUM_BYTES), end);
    const { reason, error } = await refusal(other, lenient.anchor);
    assert.deepEqual([reason, error.facts.number], ['Signature', place]);
  }
});

test('a proof becomes letters and comes back', () => {
  const text = (bytes) => toLetters(new TextEncoder().encode(bytes));
  // Examples of RFC 9285, section 4.3 and 4.4.
  for (const [bytes, letters] of [['AB', 'BB8'], ['Hello!!', '%69 VD92EX0'], ['base-45', 'UJCLQE7W581'], ['ietf!', 'QED8WEX0']]) {
    assert.equal(text(bytes), `DURE1:${letters}`);
    assert.equal(new TextDecoder().decode(fromLetters(`DURE1:${letters}`)), bytes);
  }
  for (const { file } of files) assert.deepEqual(fromLetters(toLetters(file)), file);
  assert.equal(toLetters(new Uint8Array(2_860)).length, 4_296);
  assert.equal(toLetters(new Uint8Array(2_861)), undefined);
  for (const wrong of ['', 'BB8', 'DURE1:B', 'DURE1:BB8B', 'DURE1:bb8', 'DURE1::::', 'DURE1:GGW', 'DURE1:::', `DURE1:${'0'.repeat(4_293)}`]) assert.equal(fromLetters(wrong), undefined, wrong);
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
