// The examples, as they stand, one after another on one chain.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, hexToBytes, http, keccak256 } from 'viem';
import { getBlock, getTransactionReceipt } from 'viem/actions';
import { dure, dureActions, dureMethods, tellCall } from '../dist/index.js';
import { check, readLog, readReceipt } from '../dist/proof/index.js';
import { startNode } from './node.mjs';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../examples');
const LINES_MAX = 40;
/** How long one example may take, milliseconds. */
const EXAMPLE_MAX_MS = 60_000;
/** How long after an order its events may come, milliseconds. */
const WATCH_MAX_MS = 5_000;
const skip = process.env.DURE ? false : 'no node is named; hint: bash sdk/ts/run';

let node;
before(async () => {
  if (!skip) node = await startNode();
});
after(() => node?.stop());

/** Runs an example; `said` is what it says as it goes. */
function start(name, env = {}) {
  const child = spawn(process.execPath, [path.join(folder, name)], { env: { ...process.env, DURE_HTTP: node.http, ...env }, timeout: EXAMPLE_MAX_MS });
  let said = '';
  const listeners = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
      for (const listener of listeners) listener();
    });
  }
  const done = new Promise((resolve, reject) => child.once('exit', (code) => (code === 0 ? resolve(said) : reject(new Error(`${name} ended with ${code}:\n${said}`)))));
  const until = (text) => new Promise((resolve) => listeners.push(() => said.includes(text) && resolve()));
  done.catch(() => {}); // who waits hears of it
  return { done, until, end: () => child.kill() };
}
const run = (name) => start(name).done;

test('there are five examples, none too long to read at once', () => {
  const all = fs.readdirSync(folder);
  assert.equal(all.length, 5);
  for (const name of all) assert.ok(fs.readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n').length <= LINES_MAX, name);
});

test('example 1: money is sent and told in both languages; too much is refused in words', { skip }, async () => {
  const said = await run('1-send-money.mjs');
  assert.match(said, /^Anna sent 5\.00 TOWN to Bora$/m);
  assert.match(said, /^Anna가 Bora에게 5\.00 TOWN을 보냈습니다$/m);
  assert.match(said, /Insufficient .*There is not enough money/s);
});

test('example 2: a shop opens and offers', { skip }, async () => {
  const said = await run('2-open-a-shop.mjs');
  assert.match(said, /^offer 0x[0-9a-f]{64}: 50 packs of 1500 mL for 1290$/m);
  assert.match(said, /^Haneul, bond 100000$/m);
});

test('example 3 and 4: a machine orders, and who watches sees it', { skip }, async () => {
  const watch = start('4-watch-orders.mjs');
  await watch.until('watching 1 shops');
  const ordered = await run('3-a-machine-orders.mjs').finally(() => setTimeout(watch.end, WATCH_MAX_MS).unref());
  assert.match(ordered, /^order 0x[0-9a-f]{64} is Placed$/m);
  const seen = await watch.done;
  assert.match(seen, /^0x\S+ ordered 1,500 mL from Haneul for 12\.90 TOWN$/m);
  assert.match(seen, /is placed: the price lies in escrow$/m);
});

test('example 5: it may not order now, and the reasons are told', { skip }, async () => {
  const said = await run('5-may-it-order.mjs');
  assert.match(said, /100 left: no \(NotArmed, OrderOpen\)/);
  assert.match(said, /1900 left: no \(LevelNotLow/);
  assert.match(said, /there is enough left/);
});

test('what the methods of a node answer has the fields that the types name', { skip }, async () => {
  const client = createClient({ chain: dure({ http: node.http }), transport: http() }).extend(dureActions());
  const [order] = await client.dure.orders();
  const answers = {
    account: await client.dure.account(order.owner), orders: order, order: await client.dure.order(order.id),
    orderTimeline: (await client.dure.orderTimeline(order.id))[0], shops: (await client.dure.shops())[0], devices: (await client.dure.devices())[0], network: await client.dure.network(), powers: await client.dure.powers(), getAnchor: await client.dure.getAnchor(),
  };
  const types = fs.readFileSync(new URL('../src/rpc.ts', import.meta.url), 'utf8');
  const rows = { account: 'AccountRow', orders: 'OrderRow', order: 'OrderRow', orderTimeline: 'StepRow', shops: 'ShopRow', devices: 'DeviceRow', network: 'NetworkRow', powers: 'PowersRow', getAnchor: 'AnchorRow' };
  // A nonce is no row, nor is a proof.
  assert.match(await client.dure.nonce(order.owner, '0x0'), /^0x[0-9a-f]+$/);
  assert.deepEqual([...Object.keys(rows), 'nonce', 'getProof'].sort(), [...dureMethods].sort());
  for (const [method, row] of Object.entries(rows)) {
    const body = new RegExp(`interface ${row} \\{([^}]*)\\}`).exec(types)[1];
    const fields = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, field]) => field).sort();
    assert.deepEqual(Object.keys(answers[method]).sort(), fields, method);
  }
  assert.ok(answers.network.finality.medianMs < 60_000 && answers.network.validators.length === 1);
  assert.equal(answers.powers.holders.Shop.named[0].account, answers.shops.account);
  const [step] = await client.dure.orderTimeline(order.id);
  const { from, to } = await getTransactionReceipt(client, { hash: step.transaction });
  assert.equal(tellCall({ from, to, input: '0x12345678' }, { language: 'en', known: {} }), undefined);
});

test('what the node proves is good by its genesis, and each proof is of what was asked', { skip }, async () => {
  const client = createClient({ chain: dure({ http: node.http }), transport: http() }).extend(dureActions());
  const anchor = await client.dure.getAnchor();
  assert.equal(anchor.genesis, (await getBlock(client, { blockNumber: 0n })).hash);
  const [order] = await client.dure.orders();
  const [{ transaction, height }] = (await client.dure.orderTimeline(order.id)).slice(-1);
  const stranger = `0x${'5a'.repeat(20)}`;
  const proven = async (of) => check(hexToBytes((await client.dure.getProof(of)).proof), anchor);
  const fact = async (of) => (await proven(of)).fact;

  const held = await fact({ record: { tag: '0x46', id: order.id } });
  assert.deepEqual([held.kind, held.tag, held.id], ['held', 0x46, order.id]);
  assert.ok(held.value.includes(order.id.slice(2)), 'a record says what it is about');
  assert.deepEqual(await fact({ record: { tag: '0x46', id: `0x${'11'.repeat(32)}` } }), { kind: 'absent', tag: 0x46, id: `0x${'11'.repeat(32)}` });
  assert.equal((await fact({ account: order.owner })).kind, 'held');
  assert.deepEqual(await fact({ account: stranger }), { kind: 'absent', tag: 1, id: stranger });
  assert.equal((await fact({ slot: { address: stranger, index: '0x1' } })).kind, 'absent');

  const sent = await getTransactionReceipt(client, { hash: transaction });
  const receipt = await proven({ receipt: transaction });
  assert.equal(keccak256(receipt.fact.transaction), transaction);
  assert.deepEqual([receipt.header.height, receipt.header.hash], [BigInt(height), sent.blockHash]);
  const read = readReceipt(receipt.fact.receipt);
  const wanted = sent.logs.map(({ address, topics, data }) => ({ address, topics, data }));
  assert.deepEqual([read.good, read.logs], [true, wanted]);
  for (const [index, log] of wanted.entries()) assert.deepEqual(readLog((await fact({ log: { transaction, index } })).log), log);
});
