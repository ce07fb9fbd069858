import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { checkCertificate, decodeBook, decodeCertificate, networkOf } from '@dure/sdk/energy';
import { batteriesOf, billOf, capsAt, crossing, curveOf, deviationNano, flowIn, fullness, kw, overWh, SETTLED, type SlotView } from '../../src/lib/domain/energy';
import { ticks } from '../../src/pages/energy/scale';

const { books } = JSON.parse(fs.readFileSync(new URL('../../../sdk/ts/test/vectors/energy.json', import.meta.url), 'utf8')) as { books: { name: string; book: string; certificate: string }[] };
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));

/** A clearing of the Rust side's as the check gives it. */
function best(name: string) {
  const vector = books.find((one) => one.name === name)!;
  const book = decodeBook(bytes(vector.book));
  const network = networkOf(book);
  return { solver: '0x' as const, book, network, cleared: checkCertificate(network, decodeCertificate(bytes(vector.certificate))), tradedAgain: [] };
}
const example = best('the worked example');
/** By zone: the root S, and N. Up the lines in both slots. */
const LINES = [[1_000, 3_000], [0, 3_000]];

test('the battery of the worked example takes, gives and keeps what docs/energy.md says', () => {
  const [battery, ...more] = batteriesOf(example);
  assert.deepEqual(more, []);
  assert.deepEqual([battery!.stateWh, battery!.netWh, battery!.capacityWh, battery!.zone], [[500, 3_500, 1_000], [3_000, -2_500], 4_000, 1]);
});

test('what flows adds up: what is sold, given and imported is bought, taken and exported', () => {
  const batteries = batteriesOf(example);
  const positions = [[7_500, 1_000], [-2_000, -4_000], [-1_500, -500], [0, 1_000], [-3_000, 2_500]].map((netWh, number) => ({
    meter: (number === 4 ? batteries[0]!.meter : `0x${number}`) as `0x${string}`, zone: number % 2 === 0 ? 1 : 0, netWh,
  }));
  const flow = flowIn(0, positions, batteries);
  assert.deepEqual(flow, { soldWh: 7_500, boughtWh: 3_500, chargedWh: 3_000, dischargedWh: 0 });
  assert.equal(flow.soldWh - flow.boughtWh - flow.chargedWh, LINES[0]![0]);
  assert.deepEqual(flowIn(1, positions, batteries, 1), { soldWh: 1_000, boughtWh: 500, chargedWh: 0, dischargedWh: 2_500 });
  assert.equal(kw(250), 1);
});

test('with what lines and batteries bring, the curves of a zone cross at what it trades', () => {
  const around = (slot: number) => ({ terms: example.book.terms, zones: example.book.zones, flowWh: LINES[slot]!, batteries: batteriesOf(example) });
  const north = curveOf(example.book.bids, 1, around(1), 1);
  // Wind 1,000 and the battery's 2,500 against its own bid of 500 and the 3,000 that leave.
  assert.deepEqual(north.supply, [{ wh: 2_500, micro: -Infinity }, { wh: 1_000, micro: 0 }]);
  assert.deepEqual(north.demand, [{ wh: 3_000, micro: Infinity }, { wh: 500, micro: 280_000 }]);
  assert.equal(crossing(north), 3_500);
  const south = curveOf(example.book.bids, 1, around(1), 0);
  assert.equal(crossing(south), 4_000);
  assert.ok(crossing(curveOf(example.book.bids, 0, around(0))) >= 3_500);
  assert.equal(crossing({ supply: [{ wh: 5, micro: 3 }], demand: [{ wh: 5, micro: 2 }] }), 0);
});

test('a line carries what was set last, and is as full as what it carries that way', () => {
  const line = { upWh: 100, downWh: 200 };
  const set = [{ zone: 1, firstSlot: 5, slots: 3, upWh: 10, downWh: 20 }, { zone: 1, firstSlot: 6, slots: 1, upWh: 0, downWh: 7 }, { zone: 2, firstSlot: 5, slots: 9, upWh: 1, downWh: 1 }];
  assert.deepEqual([4, 5, 6, 7, 8].map((slot) => capsAt(line, 1, slot, set).upWh), [100, 10, 0, 10, 100]);
  assert.deepEqual([overWh(50, line), overWh(130, line), overWh(-201, line), overWh(5, { upWh: 0, downWh: 9 })], [0, 30, 1, 5]);
  assert.deepEqual([fullness(50, line), fullness(-50, line), fullness(0, { upWh: 0, downWh: 0 }), fullness(1, { upWh: 0, downWh: 9 })], [0.5, 0.25, 0, 1]);
});

test('a deviation is shared with neighbours at the price, the rest is the supplier’s, rounded towards the pot', () => {
  const rates = { priceMicro: 200n, retailMicro: 320n, feedInMicro: 80n, longWh: 300n, shortWh: 100n };
  // 100 of 300 at the price, 200 at feed-in: (100·200 + 200·80) / 300 of it each.
  assert.equal(deviationNano(30, rates), 3_600n);
  assert.equal(deviationNano(-100, rates), -20_000n);
  assert.equal(deviationNano(-7, { ...rates, shortWh: 300n, longWh: 100n }), -1_960n);
  assert.equal(deviationNano(-1, { ...rates, priceMicro: 201n, shortWh: 300n, longWh: 100n }), -281n);
  assert.equal(deviationNano(5, { ...rates, longWh: 0n }), 400n);
  // Behind a full line the slot's price is the worse one, both ways.
  assert.equal(deviationNano(30, { ...rates, priceMicro: 10n }), 300n);
  assert.equal(deviationNano(-100, { ...rates, priceMicro: 500n, longWh: 0n }), -50_000n);
});

test('a bill is what was traded and what deviated, beside the supplier alone', () => {
  const slot: SlotView = { progress: SETTLED, priceMicro: [200n], flowWh: [0n], longWh: [10n], shortWh: [10n] };
  const all = (value: number | bigint) => Array.from({ length: 96 }, () => value);
  const bill = billOf({
    zone: 0, importMaxWh: 1_000, terms: { retailMicro: 320n, feedInMicro: 80n },
    position: { netWh: [100, -50, 20, ...all(0).slice(3)] as number[], nano: [20_000n, -10_000n, 4_000n, ...(all(0n).slice(3) as bigint[])] },
    metered: { netWh: [110, -60, 0, ...all(0).slice(3)] as number[], read: 0b11n, settled: 0b111n },
    slots: [slot, slot, slot, { ...slot, progress: 0 }], corrected: new Map([[1, -10n * 320n + 950n * 320n]]), // it came late: 950 Wh had been charged
  });
  assert.deepEqual(bill, {
    settled: 3, unread: 1, soldWh: 120, boughtWh: 50, tradedNano: 14_000n, longWh: 10, shortWh: 10,
    deviationNano: 10n * 200n - 10n * 320n, unreadNano: -1_020n * 320n, readNano: 10_000n + 10n * 200n - 10n * 320n, supplierNano: 110n * 80n - 60n * 320n, leftOut: 0,
  });
});

test('quarters of an hour with a full line are not held against the market', () => {
  const slot = (price: bigint): SlotView => ({ progress: SETTLED, priceMicro: [price], flowWh: [0n], longWh: [0n], shortWh: [0n] });
  const bill = billOf({
    zone: 0, importMaxWh: 1_000, terms: { retailMicro: 320n, feedInMicro: 80n },
    position: { netWh: [100, 100, 100, -100, -100], nano: [1_000n, 8_000n, 20_000n, -32_000n, -40_000n] }, metered: { netWh: [100, 100, 100, -100, -100], read: 0b11111n, settled: 0b11111n },
    slots: [10n, 80n, 200n, 320n, 400n].map(slot), corrected: new Map(),
  });
  assert.deepEqual([bill.leftOut, bill.readNano, bill.supplierNano, bill.tradedNano], [2, 8_000n + 20_000n - 32_000n, 200n * 80n - 100n * 320n, -43_000n]);
});

test('a reading that was challenged was paid with neighbours first, and the difference with the supplier', () => {
  const slot: SlotView = { progress: SETTLED, priceMicro: [200n], flowWh: [0n], longWh: [30n], shortWh: [30n] };
  const of = (netWh: number, corrected?: bigint) =>
    billOf({
      zone: 0, importMaxWh: 1_000, terms: { retailMicro: 320n, feedInMicro: 80n }, position: { netWh: [100], nano: [0n] }, metered: { netWh: [netWh], read: 1n, settled: 1n },
      slots: [slot], corrected: new Map(corrected === undefined ? [] : [[0, corrected]]),
    }).deviationNano;
  assert.equal(of(130), 30n * 200n);
  // It said 130, and 90 was found: 30 too much at the price, then from 30 at feed-in to 10 short at retail.
  assert.equal(of(90, -10n * 320n - 30n * 80n), 30n * 200n - 10n * 320n - 30n * 80n);
});

test('scales are round and reach over both ends', () => {
  assert.deepEqual(ticks(0, 320_000), [0, 100_000, 200_000, 300_000, 400_000]);
  assert.deepEqual(ticks(-20_000, 60_000), [-20_000, 0, 20_000, 40_000, 60_000]);
  for (const [least, most] of [[0, 0], [5, 5], [0, 1e-3], [-3, 7_777]] as const) {
    const found = ticks(least, most);
    assert.ok(found[0]! <= least && found.at(-1)! >= most && found.length > 1 && found.length < 9, `${least} ${most}: ${found}`);
  }
});
