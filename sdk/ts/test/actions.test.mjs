import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createClient, custom, decodeFunctionData, encodeErrorResult, encodeFunctionResult } from 'viem';
import { abis, addresses, creditAddress, dure, dureActions, dureMethods } from '../dist/index.js';
import { groups } from '../dist/groups.js';

const ID = `0x${'11'.repeat(32)}`;
const BORA = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

test('every function of every interface has one short name', () => {
  const named = Object.values(groups).flatMap((tables) => Object.entries(tables).flatMap(([name, table]) => Object.values(table).map((f) => `${name}.${f}`)));
  const all = Object.entries(abis).flatMap(([name, abi]) => abi.filter((item) => item.type === 'function').map((item) => `${name}.${item.name}`));
  assert.deepEqual(named.sort(), all.sort());
});

/** A client whose node answers by `answers`, and what it was asked. */
function client(answers) {
  const asked = [];
  const request = async ({ method, params }) => {
    asked.push({ method, params });
    return answers[method](...(params ?? []));
  };
  return { asked, client: createClient({ chain: dure(), transport: custom({ request }, { retryCount: 0 }) }).extend(dureActions()) };
}

test('facts go by name into the place of the ABI, to the address of the institution', async () => {
  const { client: one, asked } = client({ eth_call: () => encodeFunctionResult({ abi: abis.orders, functionName: 'previewDevice', result: 16n }) });
  assert.equal(await one.orders.preview({ level: 7n, offer: ID, slot: 3, device: ID }), 16n);
  const [{ to, data }] = asked[0].params;
  assert.equal(to, addresses.orders);
  assert.deepEqual(decodeFunctionData({ abi: abis.orders, data }).args, [ID, 3, ID, 7n]);
  const { client: two, asked: then } = client({ eth_call: () => encodeFunctionResult({ abi: abis.credit, functionName: 'balanceOf', result: 5n }) });
  assert.equal(await two.credits.balanceOf({ credit: creditAddress(2), account: BORA }), 5n);
  assert.equal(then[0].params[0].to, '0xd00ec00000000000000000000000000000000002');
});

test('what is refused rejects with its name, its facts and a sentence, and nothing is sent', async () => {
  const data = encodeErrorResult({ abi: abis.orders, errorName: 'UnknownOrder', args: [ID] });
  const { client: one, asked } = client({ eth_call: () => Promise.reject({ code: 3, message: 'execution reverted', data }), eth_chainId: () => '0x4f24' });
  const error = await one.orders.cancel({ order: ID }, { account: BORA }).catch((error) => error);
  assert.equal(error.name, 'RefusedError');
  assert.equal(error.refusal.name, 'UnknownOrder');
  assert.equal(error.message, 'There is no order 0x111111…1111.');
  assert.ok(!asked.some(({ method }) => method.startsWith('eth_send')));
  await assert.rejects(one.orders.cancel({ order: ID }), /no account is given/);
});

test('methods of the node go out under their names', async () => {
  const { client: one, asked } = client(Object.fromEntries(dureMethods.map((method) => [`dure_${method}`, () => []])));
  for (const method of dureMethods) await one.dure[method](1);
  assert.deepEqual(asked.map(({ method }) => method), dureMethods.map((method) => `dure_${method}`));
});
