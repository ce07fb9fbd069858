// The check of an auction against a chain that is made up here: the day of the vectors, whose records and transactions are taken as proven. What proving
// refuses is tested with real files in proof.test.mjs and in the console's browser tests.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { encodeAbiParameters, encodeEventTopics, encodeFunctionData } from 'viem';
import { addresses, energyAbi } from '../dist/generated/index.js';
import { checkBy } from '../dist/energy/auction.js';
import { NotShown, auctionId, certificateHash, checkCertificate, decodeBook, decodeCertificate, networkOf, subjects, zoneNode } from '../dist/energy/index.js';

const { books, records } = JSON.parse(fs.readFileSync(new URL('vectors/energy.json', import.meta.url), 'utf8'));
const vector = books.find(({ name }) => name === 'a day');
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const MARKET = records.market.id;
const [DAY, FIRST] = [20_000, 20_000 * 96];
const AUCTION = auctionId(MARKET, FIRST, 96);
const SOLVER = `0x${'5a'.repeat(20)}`;
const book = decodeBook(bytes(vector.book));
const certificate = bytes(vector.certificate);
const network = networkOf(book);
const cleared = checkCertificate(network, decodeCertificate(certificate));
const meter = (number) => `0x${(number + 1).toString(16).padStart(64, '0')}`;

const little = (value, size) => Buffer.from(BigInt.asUintN(8 * size, BigInt(value)).toString(16).padStart(2 * size, '0'), 'hex').reverse();
function encodeBid({ orders, battery }) {
  const listed = orders.flatMap(({ slot, buys, wh, limitMicro }) => [little(slot, 1), little(buys ? 1 : 0, 1), little(wh, 4), little(limitMicro, 8)]);
  const kept = battery ? [little(1, 1), ...[battery.chargeWh, battery.dischargeWh, battery.capacityWh, battery.initialWh].map((wh) => little(wh, 4)), little(battery.wearMicro, 8), little(battery.finalMicro, 8)] : [little(0, 1)];
  return `0x${Buffer.concat([little(orders.length, 4), ...listed, ...kept]).toString('hex')}`;
}

function log(name, args) {
  const item = energyAbi.find((one) => one.type === 'event' && one.name === name);
  const data = item.inputs.filter(({ indexed }) => !indexed);
  return { address: addresses.energy, topics: encodeEventTopics({ abi: [item], eventName: name, args }), data: encodeAbiParameters(data, data.map((input) => args[input.name])) };
}
const call = (functionName, args) => ({ to: addresses.energy, data: encodeFunctionData({ abi: energyAbi, functionName, args }) });

/** A chain on which the day was cleared as the vector says. `sent` are transactions by their hashes; tests change what they like. */
function chain() {
  const sent = new Map();
  const send = (name, height, calls, logs) => sent.set(name, { height: BigInt(height), index: 0, calls, logs });
  book.bids.forEach((_, number) => send(`commit${number}`, 10 + number, [], [log('Committed', { auction: AUCTION, market: MARKET, meter: meter(number), firstSlot: FIRST, slots: 96 })]));
  // Opened in another order than sealed, and one was not opened at all.
  send('commit-late', 30, [], [log('Committed', { auction: AUCTION, market: MARKET, meter: meter(99), firstSlot: FIRST, slots: 96 })]);
  [...book.bids.entries()].reverse().forEach(([number, { bid }]) =>
    send(`reveal${number}`, 60 - number, [call('reveal', [AUCTION, meter(number), `0x${'00'.repeat(32)}`, encodeBid(bid)])], [log('Revealed', { auction: AUCTION, meter: meter(number) })]));
  send('stage', 70, [], [log('StageBegan', { auction: AUCTION, stage: 2, untilMs: 1n })]);
  const hash = certificateHash(AUCTION, SOLVER, certificate);
  send('announce', 71, [call('announce', [AUCTION, hash, certificate.length])], [log('Announced', { auction: AUCTION, solver: SOLVER, size: certificate.length })]);
  send('submit', 72, [call('submit', [AUCTION, vector.certificate])], [log('CertificateAccepted', { auction: AUCTION, solver: SOLVER, welfareNano: cleared.welfareNano })]);
  const clearing = { auction: AUCTION, market: MARKET, by: SOLVER, firstSlot: FIRST, slots: 96, welfareNano: cleared.welfareNano, rewardNano: 0n };
  send('clear', 73, [], [log('NotRevealed', { auction: AUCTION, meter: meter(99) }), log('Cleared', clearing)]);
  const state = new Map();
  const keep = (subject, value) => state.set(`${subject.tag}:${Buffer.from(subject.id).toString('hex')}`, value);
  const orders = book.bids.reduce((sum, { bid }) => sum + bid.orders.length, 0);
  const batteries = book.bids.filter(({ bid }) => bid.battery).length;
  const auction = { market: MARKET, firstSlot: FIRST, slots: 96, stage: 3, commitments: book.bids.length + 1, orders, batteries, accepted: SOLVER, welfareNano: cleared.welfareNano };
  keep(subjects.auction(AUCTION), auction);
  const zones = book.zones.map((zone) => ({ ...zone, upWh: 1, downWh: 1 }));
  keep(subjects.market(MARKET), { zones, terms: book.terms });
  book.bids.forEach(({ zone }, number) => keep(subjects.meter(meter(number)), { market: MARKET, zone }));
  const slots = book.freeWh.map((_, slot) => ({ priceMicro: zones.map((_, zone) => cleared.priceMicro[zoneNode(book, slot, zone)]), flowWh: zones.map(() => 0) }));
  network.arcs.forEach(({ use }, at) => {
    if (use.kind === 'up') slots[use.slot].flowWh[use.zone] += cleared.flowWh[at];
    if (use.kind === 'down') slots[use.slot].flowWh[use.zone] -= cleared.flowWh[at];
  });
  slots.forEach((slot, at) => keep(subjects.slot(MARKET, FIRST + at), slot));
  // The lines of the vector are what the operator made of them, slot by slot.
  zones.forEach((_, zone) => {
    const caps = { upWh: book.freeWh.map((free) => free[zone][0]), downWh: book.freeWh.map((free) => free[zone][1]) };
    keep(subjects.caps(MARKET, zone, DAY), caps);
    const set = caps.upWh.map((upWh, slot) => log('CapsSet', { market: MARKET, zone, firstSlot: FIRST + slot, slots: 1, upWh, downWh: caps.downWh[slot] }));
    send(`caps${zone}`, 5 + zone, [], set);
  });
  return { sent, send, keep, state, auction, slots };
}

function check({ sent, state }) {
  const prover = {
    proven: 0,
    plan: () => {},
    each: (items, act) => Promise.all(items.map(act)),
    record: async (_, { tag, id }) => ((prover.proven += 1), state.get(`${tag}:${Buffer.from(id).toString('hex')}`)),
    lasting: (...asked) => prover.record(...asked),
    done: async (hash) => ((prover.proven += 1), sent.get(hash)),
  };
  const logs = [...sent].flatMap(([transactionHash, { height, logs }]) => logs.map((log, at) => ({ ...log, transactionHash, blockNumber: `0x${height.toString(16)}`, logIndex: `0x${at.toString(16)}` })));
  const ask = async (method, [filter, full]) => {
    if (method === 'eth_blockNumber') return '0x80';
    if (method === 'eth_getBlockByNumber') return { transactions: full ? [...sent].filter(([, { height }]) => height === BigInt(filter)).map(([hash, { calls }]) => ({ hash, from: SOLVER, input: calls[0]?.data ?? '0x' })) : [] };
    const matches = ({ topics }) => filter.topics.every((wanted, place) => wanted === null || [wanted].flat().includes(topics[place]));
    return logs.filter(matches).sort((a, b) => Number(a.blockNumber) - Number(b.blockNumber));
  };
  return checkBy(prover, ask, AUCTION);
}

/** What the check comes to once `change` has been at the chain: what is shown, or the reason why nothing is. */
async function verdict(change = () => {}) {
  const made = chain();
  change(made);
  try {
    return { shown: await check(made) };
  } catch (error) {
    assert.ok(error instanceof NotShown, String(error.stack));
    return { reason: error.reason, facts: error.facts };
  }
}

test('a day is rebuilt from what people sent, in the order in which it was sealed, and shown to be the best', async () => {
  const { shown } = await verdict();
  assert.deepEqual(shown.bids.map(({ bid }) => bid), book.bids.map(({ bid }) => bid));
  assert.deepEqual(shown.best.book.freeWh, book.freeWh);
  assert.deepEqual([shown.best.solver, shown.best.cleared.welfareNano, shown.best.tradedAgain], [SOLVER, BigInt(vector.welfareNano), []]);
  assert.ok(shown.records > 96 + 2 * book.bids.length);
});

test('where nobody showed a certificate there are bids and nothing more', async () => {
  const { shown } = await verdict(({ keep, auction }) => keep(subjects.auction(AUCTION), { ...auction, accepted: undefined }));
  assert.deepEqual([shown.best, shown.bids.length], [undefined, book.bids.length]);
});

const half = Math.floor(certificate.length / 2);
const parts = [certificate.subarray(0, half), certificate.subarray(half)].map((part) => `0x${Buffer.from(part).toString('hex')}`);

test('a certificate in parts is put together, and other transactions of the solver are left aside', async () => {
  const { shown } = await verdict(({ sent, send }) => {
    send('part', 72, [call('submit', [AUCTION, parts[0]])], []);
    send('refused', 72, [], []);
    sent.set('submit', { ...sent.get('submit'), height: 73n, calls: [call('submit', [AUCTION, parts[1]])] });
  });
  assert.equal(shown.best.cleared.welfareNano, cleared.welfareNano);
});

test('a slot that was traded again has another price, and is named', async () => {
  const again = (proven) => ({ keep, send, slots }) => {
    keep(subjects.slot(MARKET, FIRST + 7), { ...slots[7], priceMicro: slots[7].priceMicro.map((micro) => micro + 1) });
    const later = { auction: meter(7), market: MARKET, by: SOLVER, firstSlot: FIRST + (proven ? 7 : 8), slots: 1, welfareNano: 0n, rewardNano: 0n };
    send('later', 90, [], [log('Cleared', later)]);
  };
  assert.deepEqual((await verdict(again(true))).shown.best.tradedAgain, [FIRST + 7]);
  assert.equal((await verdict(again(false))).reason, 'Price');
});

const without = (name) => ({ sent }) => sent.delete(name);
const calls = (name, made) => ({ sent }) => sent.set(name, { ...sent.get(name), calls: made });
const logs = (name, change) => ({ sent }) => sent.set(name, { ...sent.get(name), logs: change(sent.get(name).logs) });
const record = (subject, change) => ({ state, keep }) => keep(subject, change(state.get(`${subject.tag}:${Buffer.from(subject.id).toString('hex')}`)));
const slot = subjects.slot(MARKET, FIRST + 3);
const whose = book.bids.findIndex(({ bid }) => bid.orders.length > 0);
const across = structuredClone(book.bids[whose]);
const [order] = across.bid.orders;
const price = cleared.priceMicro[zoneNode(book, order.slot, across.zone)];
order.limitMicro = price + (order.limitMicro > price ? -1_000 : 1_000);
const changed = certificate.slice();
changed[6] ^= 1;

for (const [what, change, reason] of [
  ['a bid is left out', without('reveal0'), 'Counts'],
  ['a bid came out of a contract', calls('reveal0', []), 'InContract'],
  ['a bid is told to have been another’s', calls('reveal0', [call('reveal', [AUCTION, meter(1), `0x${'00'.repeat(32)}`, encodeBid(book.bids[0].bid)])]), 'InContract'],
  ['a bid has another limit, across the price', calls(`reveal${whose}`, [call('reveal', [AUCTION, meter(whose), `0x${'00'.repeat(32)}`, encodeBid(across.bid)])]), 'Flaw'],
  ['a bid is no encoding', calls('reveal0', [call('reveal', [AUCTION, meter(0), `0x${'00'.repeat(32)}`, '0x01'])]), 'Record'],
  ['the transaction did not open the bid', logs('reveal0', (all) => all.map((one) => ({ ...one, address: SOLVER }))), 'Counts'],
  ['an unopened bid is not told', logs('clear', (all) => all.slice(1)), 'Counts'],
  ['a sealed bid is not told', without('commit-late'), 'Missing'],
  ['a meter is of another market', record(subjects.meter(meter(0)), (of) => ({ ...of, market: AUCTION })), 'Record'],
  ['a meter is in another zone', record(subjects.meter(meter(whose)), (of) => ({ ...of, zone: (of.zone + 1) % 4 })), 'Flaw'],
  ['the record counts another order', record(subjects.auction(AUCTION), (of) => ({ ...of, orders: of.orders + 1 })), 'Counts'],
  ['the record counts another battery', record(subjects.auction(AUCTION), (of) => ({ ...of, batteries: of.batteries - 1 })), 'Counts'],
  ['the record says another worth', record(subjects.auction(AUCTION), (of) => ({ ...of, welfareNano: of.welfareNano + 1n })), 'Worth'],
  ['it is not cleared', record(subjects.auction(AUCTION), (of) => ({ ...of, stage: 2 })), 'NotCleared'],
  ['the certificate is another one than was announced', calls('submit', [call('submit', [AUCTION, `0x${Buffer.from(changed).toString('hex')}`])]), 'OtherCertificate'],
  ['the announcement was of another one', calls('announce', [call('announce', [AUCTION, meter(0), certificate.length])]), 'OtherCertificate'],
  ['another certificate was announced and handed in', (made) => {
    calls('submit', [call('submit', [AUCTION, `0x${Buffer.from(changed).toString('hex')}`])])(made);
    calls('announce', [call('announce', [AUCTION, certificateHash(AUCTION, SOLVER, changed), changed.length])])(made);
  }, 'Flaw'],
  ['the certificate came out of a contract', calls('submit', []), 'InContract'],
  ['the announcement is not told', without('announce'), 'Missing'],
  ['a part is missing', calls('submit', [call('submit', [AUCTION, parts[1]])]), 'OtherCertificate'],
  ['people pay another price', record(slot, (of) => ({ ...of, priceMicro: of.priceMicro.map((micro) => micro + 1) })), 'Price'],
  ['something else is on a line', record(slot, (of) => ({ ...of, flowWh: of.flowWh.map((wh) => wh - 1) })), 'Line'],
  ['a change of a line is left out', logs('caps1', (all) => all.slice(1)), 'Caps'],
  ['the stage is not told', without('stage'), 'Missing'],
  ['others had traded before', ({ send }) => send('before', 40, [], [log('Cleared', { auction: meter(7), market: MARKET, by: SOLVER, firstSlot: FIRST + 5, slots: 1, welfareNano: 0n, rewardNano: 0n })]), 'EarlierTrades'],
])
  test(`not shown: ${what}`, async () => {
    const found = await verdict(change);
    assert.equal(found.reason, reason, JSON.stringify(found.facts ?? {}, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
  });

test('what the operator set after the stage began, in the same block too, counts for the record alone', async () => {
  const { shown } = await verdict(({ sent, send, state, keep }) => {
    const subject = subjects.caps(MARKET, 1, DAY);
    const now = structuredClone(state.get(`${subject.tag}:${Buffer.from(subject.id).toString('hex')}`));
    [now.upWh[5], now.downWh[5]] = [3, 4];
    keep(subject, now);
    send('after', 70, [], [log('CapsSet', { market: MARKET, zone: 1, firstSlot: FIRST + 5, slots: 1, upWh: 3, downWh: 4 })]);
    sent.set('after', { ...sent.get('after'), index: 1 }); // deadlines run first
  });
  assert.deepEqual(shown.best.book.freeWh, book.freeWh);
});
