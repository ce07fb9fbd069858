// Books, certificates and records that the Rust side wrote (crates/solvers/tests/vectors.rs): the same is accepted, the same refused, with the same reason.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { concatHex, toRlp } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { keyOf } from '../dist/proof/state.js';
import { names } from '../dist/generated/names.js';
import { readCalls } from '../dist/proof/index.js';
import {
  Flawed, NotBorsh, NotShown, auctionId, boundNano, certificateHash, checkCertificate, decodeAuction, decodeBook, decodeCaps, decodeCertificate, decodeMarket, decodeMeter, decodeSlot,
  flawWords, networkOf, subjects, welfareNano,
} from '../dist/energy/index.js';

const { books, records } = JSON.parse(fs.readFileSync(new URL('vectors/energy.json', import.meta.url), 'utf8'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;
const CHECK_MAX_MS = 250;

/** What a certificate comes to, as the vectors say it. */
function verdict(network, encoded) {
  try {
    return { welfareNano: checkCertificate(network, decodeCertificate(encoded)).welfareNano.toString() };
  } catch (error) {
    if (error instanceof NotBorsh) return { flaw: 0 };
    assert.ok(error instanceof Flawed, String(error));
    return { ...error.facts, flaw: names.certificateFlaws.indexOf(error.flaw) };
  }
}

/** Numbers from a seed (SplitMix64), as crates/solvers draws them. */
function seeded(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  return (end) => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let mixed = ((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((mixed ^ (mixed >> 31n)) % BigInt(end));
  };
}

for (const { name, book, certificate, welfareNano: worth, priceMicro, flowWh, changes } of books) {
  const network = networkOf(decodeBook(bytes(book)));

  test(`${name}: the chain's own check and this one come to the same`, () => {
    const cleared = checkCertificate(network, decodeCertificate(bytes(certificate)));
    assert.deepEqual(cleared.flowWh, flowWh);
    assert.deepEqual(cleared.priceMicro, priceMicro);
    assert.deepEqual([cleared.welfareNano, cleared.boundNano], [BigInt(worth), BigInt(worth)]);
  });

  test(`${name}: a changed byte comes to the same as on the chain`, () => {
    const found = new Set();
    for (const [at, byte, said] of changes) {
      const other = bytes(certificate);
      other[at] = byte;
      assert.deepEqual(verdict(network, other), said, `byte ${at} is ${byte}`);
      found.add(said.flaw ?? 'accepted');
    }
    assert.ok(found.size > 2, [...found].join());
  });

  test(`${name}: no flow is worth more than any prices bound it by`, () => {
    const below = seeded(7);
    for (let times = 0; times < 20; times += 1) {
      const prices = network.givenWh.map((_, node) => (node === 0 ? 0 : below(800_000) - 400_000));
      assert.ok(boundNano(network, prices) >= welfareNano(network, flowWh));
    }
    assert.equal(boundNano(network, priceMicro), welfareNano(network, flowWh));
  });
}

test('whoever changes digits of a certificate or a bid is refused, or has shown the same prices', () => {
  const seed = Number(process.env.DURE_SEED ?? Date.now() % 1_000_000);
  console.log(`DURE_SEED=${seed}`);
  const below = seeded(seed);
  let refused = 0;
  for (const { name, book, certificate, welfareNano: worth, priceMicro } of books) {
    const good = { book: decodeBook(bytes(book)), certificate: decodeCertificate(bytes(certificate)) };
    for (let times = 0; times < 150; times += 1) {
      const other = structuredClone(good);
      const { highest, lowest, openWh } = other.certificate;
      const extreme = [highest, lowest][below(2)][below(highest.length)];
      const by = (below(2) * 2 - 1) * 10 ** below(4);
      const kind = below(5);
      if (kind === 0) extreme.priceMicro += by;
      else if (kind === 1) extreme.depth += by;
      else if (kind === 2) extreme.arc = Math.max(0, extreme.arc + by);
      else if (kind === 3 && openWh.length > 0) openWh[below(openWh.length)] += by;
      else {
        const { orders } = other.book.bids[below(other.book.bids.length)].bid;
        if (orders.length > 0) orders[below(orders.length)].limitMicro += by;
      }
      try {
        const cleared = checkCertificate(networkOf(other.book), other.certificate);
        // A digit of a bid that decides nothing, or of a path for which there is another one.
        if (kind < 4) assert.deepEqual([cleared.priceMicro, cleared.welfareNano], [priceMicro, BigInt(worth)], `${name}, kind ${kind}`);
      } catch (error) {
        assert.ok(error instanceof Flawed, String(error));
        refused += 1;
      }
    }
  }
  assert.ok(refused > books.length * 75, `${refused} were refused`);
});

test('a day is checked quickly', () => {
  const { book, certificate } = books.find(({ name }) => name === 'a day');
  const network = networkOf(decodeBook(bytes(book)));
  const since = performance.now();
  checkCertificate(network, decodeCertificate(bytes(certificate)));
  const took = performance.now() - since;
  console.log(`${network.arcs.length} arcs: ${took.toFixed(1)} ms`);
  assert.ok(took < CHECK_MAX_MS, `${took} ms`);
});

test('records are read as they are kept, and asked for where they lie', () => {
  const { market, meter, auction, slot, caps } = records;
  const key = ({ tag, id }) => hex(keyOf({ tag, id }));
  assert.deepEqual(
    [subjects.market(market.id), subjects.meter(meter.id), subjects.auction(auction.id), subjects.slot(market.id, slot.number), subjects.caps(market.id, caps.zone, caps.day)].map(key),
    [market, meter, auction, slot, caps].map((one) => one.key),
  );
  assert.equal(auctionId(market.id, slot.number, 96), auction.id);
  assert.equal(certificateHash(`0x${'00'.repeat(32)}`, `0x${'33'.repeat(20)}`, bytes(records.certificate)), records.certificateHash);
  const account = `0x${'33'.repeat(20)}`;
  const found = decodeMarket(bytes(market.bytes));
  assert.deepEqual(
    [found.name, found.operator, found.supplier, found.meters, found.zones.map(({ name }) => name), found.terms],
    ['Lindenweg 린덴', account, `0x${'44'.repeat(20)}`, 5, ['South', 'North'], { retailMicro: 320_000, feedInMicro: 80_000, technicalMicro: 4_000_000 }],
  );
  assert.deepEqual(decodeMeter(bytes(meter.bytes)), { market: market.id, owner: account, zone: 2 });
  const cleared = { market: market.id, firstSlot: slot.number, slots: 96, stage: 3, commitments: 5, orders: 384, batteries: 2, welfareNano: -2_235_000_000n };
  assert.deepEqual(decodeAuction(bytes(auction.bytes)), { ...cleared, accepted: account });
  assert.deepEqual(decodeAuction(bytes(auction.without)), { ...cleared, accepted: undefined });
  assert.deepEqual(decodeSlot(bytes(slot.bytes)), { priceMicro: [80_000, -1], flowWh: [1_000, -3_000] });
  const { upWh, downWh } = decodeCaps(bytes(caps.bytes));
  assert.deepEqual([upWh[39], upWh[40], downWh[40]], [3_000, 7, 3_000]);
  for (const [decode, { bytes: all }] of [[decodeMarket, market], [decodeMeter, meter], [decodeAuction, auction], [decodeSlot, slot], [decodeCaps, caps]]) {
    for (const wrong of [bytes(all).subarray(0, -1), Uint8Array.from([...bytes(all), 0]), new Uint8Array()]) assert.throws(() => decode(wrong), NotBorsh);
  }
});

test('the calls of every type of transaction are read', async () => {
  const signer = privateKeyToAccount(`0x${'11'.repeat(32)}`);
  const common = { chainId: 20_260, nonce: 7, gas: 90_000n, to: `0x${'d0'.repeat(20)}`, data: '0x112233', value: 0n };
  const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };
  const call = { to: common.to, data: common.data };
  for (const more of [{ type: 'legacy', gasPrice: 1n }, { type: 'eip2930', gasPrice: 1n }, { type: 'eip1559', ...fees }, { type: 'eip7702', ...fees, authorizationList: [] }]) {
    assert.deepEqual(readCalls(await signer.signTransaction({ ...common, ...more })), [call], more.type);
  }
  const batch = (calls) => concatHex(['0x76', toRlp(['0x4f24', '0x', '0x', '0x9000', calls, [], '0x', '0x', '0x', '0x', '0x', '0x', [], '0x11'])]);
  assert.deepEqual(readCalls(batch([[call.to, '0x', call.data], ['0x', '0x', '0x60']])), [call, { to: undefined, data: '0x60' }]);
  for (const wrong of ['0x', '0x02', '0x03c0', '0x00', '0x02c0', '0x76c0']) assert.throws(() => readCalls(wrong), RangeError, wrong);
});

test('every reason has words in both languages, and says whether something is wrong', () => {
  for (const [flaw, words] of Object.entries(flawWords)) assert.ok(words.en && /[가-힣]/.test(words.ko), flaw);
  const reasons = {
    Proof: [{ piece: 'slot', why: 'Damaged', words: '' }, true], Record: [{ piece: 'meter', words: '' }, true], Counts: [{ what: 'bids', expected: 2, found: 1 }, true], OtherCertificate: [{}, true],
    Flaw: [{ flaw: 'Path', facts: { node: 1 } }, true], Worth: [{ expected: 1n, found: 2n }, true], Price: [{ slot: 1, zone: 0, expected: 1, found: 2 }, true], Line: [{ slot: 1, zone: 0, expected: 1, found: 2 }, true],
    Caps: [{ zone: 1 }, false], InContract: [{ what: 'bid' }, false], EarlierTrades: [{ slot: 1 }, false], Missing: [{ what: 'stage' }, false], NotCleared: [{ stage: 1 }, false],
  };
  for (const [reason, [facts, wrong]] of Object.entries(reasons)) {
    const shown = new NotShown(reason, facts);
    assert.ok(shown.message && shown.tell('en') === shown.message && /[가-힣]/.test(shown.tell('ko')), reason);
    assert.equal(shown.wrong, wrong, reason);
  }
});
