// Refusals are put into words by @dure/sdk alone; here is held that what the console adds, who was asked, tells alike ones apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountsAbi, addresses, names, refusalOf, tellRefusal } from '@dure/sdk';
import { encodeErrorResult } from 'viem';
import { RpcRefusal } from '../../src/lib/api/rpc';
import { STATES } from '../../src/lib/domain/order';

const said = (to: string, language: 'en' | 'ko') => {
  const data = encodeErrorResult({ abi: accountsAbi, errorName: 'OutOfBounds', args: [7] });
  const failure = new RpcRefusal(3, 'execution reverted', data);
  return tellRefusal(refusalOf(failure, to)!, { language, known: {} });
};

test('a value out of bounds is named as the institution that refused it names its fields', () => {
  assert.equal(said(addresses.accounts, 'en'), 'This is out of bounds: how many guardians are needed.');
  assert.equal(said(addresses.orders, 'en'), 'This is out of bounds: the amount.');
  assert.match(said(addresses.accounts, 'ko'), /필요한 보호자 수/);
});

test('the states of an order are those of the interface, in its order', () => {
  assert.deepEqual([...STATES], [...names.orderStates]);
});
