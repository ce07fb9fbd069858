import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFunctionData, getAddress, type Hex } from 'viem';
import { accountsAbi, addresses, ordersAbi } from '@dure/sdk';
import type { Mandate, Offer } from '../../src/lib/api/node';
import { levelOf } from '../../src/lib/domain/borsh';
import { codeOf } from '../../src/lib/domain/calls';
import { toFragment } from '../../src/lib/domain/fragment';
import { addressesIn, commitmentOf, newSheet, readSheet, sheetFragment } from '../../src/lib/domain/guardians';
import { dutiesOf, invitation, pasted, readInvitation, termsOfGrant, type KeyTerms } from '../../src/lib/domain/keys';
import { suggested, termsOf, usage } from '../../src/lib/domain/mandate';
import { isGs1, measured, parseMoney, plainMoney, unitPrice } from '../../src/lib/domain/measure';
import { STATES, mood, ownerActs, reached, shopActs, turn } from '../../src/lib/domain/order';
import { deviceOf, fromFragment, grant, parse } from '../../src/lib/domain/pairing';

const DOCUMENT = {
  v: 1, chainId: 20260, name: 'washer', simulated: false, owner: `0x${'11'.repeat(20)}`, model: '9521000000025', keyKind: 'p256', key: `0x${'22'.repeat(64)}`,
  possession: `0x${'33'.repeat(64)}`,
  slot: { number: 0, name: 'Detergent', unit: 'mL', capacity: 2000, threshold: 300, rearm: 1200, gtins: ['9521000000018'] },
  arbiters: [`0x${'44'.repeat(20)}`], addressCommitment: `0x${'55'.repeat(32)}`, credit: '0xd00ec00000000000000000000000000000000001',
};

test('an amount of money is read exactly or not at all', () => {
  for (const [text, decimals, minor] of [
    ['12.5', 2, 1250n], ['12,50', 2, 1250n], ['0', 2, 0n], ["1'000", 2, 100_000n], ['7', 0, 7n],
    ['12.505', 2, undefined], ['-1', 2, undefined], ['', 2, undefined], ['1e9', 2, undefined], ['1.2.3', 2, undefined], ['9'.repeat(16), 2, undefined],
  ] as const)
    assert.equal(parseMoney(text, decimals), minor, text);
  for (const minor of [0n, 5n, 99n, 100n, 123_456n]) assert.equal(parseMoney(plainMoney(minor, 2), 2), minor);
});

test('a check digit is checked', () => {
  assert.ok(isGs1('9521000000018', 13));
  assert.ok(!isGs1('9521000000019', 13));
  assert.ok(!isGs1('952100000001', 13));
});

test('a unit price is rounded up, so that a mandate at that price allows the offer', () => {
  assert.equal(unitPrice({ price: 600n, tax: 0n, content: 1500n }), 400n);
  assert.equal(unitPrice({ price: 601n, tax: 0n, content: 1500n }), 401n);
  assert.deepEqual(measured(1500, 'mL'), { value: 1.5, intl: 'liter' });
  assert.deepEqual(measured(3, '{tab}'), { value: 3, code: 'tab' });
});

test('a delivery code is taken as it is said, and nothing else is a code', () => {
  assert.equal(codeOf('abcde 23456'), 'ABCDE23456');
  for (const wrong of ['ABCDE2345', 'ABCDE23451', 'ABCDE234567', '']) assert.equal(codeOf(wrong), undefined);
});

test('suggested limits have room above what shops ask, and exist without shops', () => {
  const offer = (price: bigint) => ({ terms: { price, tax: 0n, shipping: 50n, content: 1500n } }) as unknown as Offer;
  assert.deepEqual(suggested([offer(600n), offer(700n), offer(500n)], 2), { unitPriceMax: 500n, orderMax: 900n, budget: 3600n });
  assert.ok(suggested([], 2).orderMax > 0n);
});

test('spend of a period that has passed counts no more', () => {
  const terms = termsOf({ mode: 'auto', budget: 3600n, orderMax: 900n, unitPriceMax: 600n, shops: [] }, { credit: '0x', gtins: [], arbiters: [], addressCommitment: '0x' }, 0);
  const mandate = { terms, sinceMs: 1_000n, period: 0, spent: 500n, count: 1 } as unknown as Mandate;
  const period = Number(terms.periodMs);
  assert.deepEqual(usage(mandate, 2_000), { spent: 500n, count: 1, endsMs: 1_000 + period });
  assert.deepEqual(usage(mandate, 1_000 + period), { spent: 0n, count: 0, endsMs: 1_000 + 2 * period });
});

test('a pairing document comes back from its link, and any field that is not right is refused', () => {
  assert.deepEqual(fromFragment(`#${toFragment(DOCUMENT)}`), DOCUMENT);
  for (const wrong of [
    { v: 2 }, { chainId: -1 }, { name: '' }, { name: 'x'.repeat(65) }, { owner: '0x11' }, { model: 'x' }, { keyKind: 'rsa' }, { key: '0x22' }, { possession: null },
    { arbiters: Array(9).fill(DOCUMENT.owner) }, { slot: { ...DOCUMENT.slot, number: 8 } }, { slot: { ...DOCUMENT.slot, gtins: 'x' } }, { slot: null }, { credit: 7 }, { gateway: null }, { gateway: { keyKind: 'p256', key: '0x22' } },
  ])
    assert.equal(parse({ ...DOCUMENT, ...wrong }), undefined, JSON.stringify(wrong));
  for (const text of ['', '#', '#%%%', `#${toFragment('words')}`, `#${'A'.repeat(9_000)}`]) assert.equal(fromFragment(text), undefined);
});

test('a grant is the machine, its slot and its limits, in this order', () => {
  const pairing = parse(DOCUMENT)!;
  const terms = termsOf({ mode: 'confirm', budget: 3600n, orderMax: 900n, unitPriceMax: 600n, shops: [] }, { ...pairing, gtins: [9521000000018n] }, 1_000);
  const calls = grant(pairing, terms, 1_000).map(({ data }) => decodeFunctionData({ abi: ordersAbi, data }));
  assert.deepEqual(calls.map(({ functionName }) => functionName), ['registerDevice', 'setSlot', 'setMandate']);
  assert.equal(calls[1]!.args![0], deviceOf(pairing));
  assert.equal((calls[2]!.args![2] as { mode: number }).mode, 1);
});

test('a gateway that asks for a key is let in by the same grant, to bring what machines say and for no more than they may spend', () => {
  const pairing = parse({ ...DOCUMENT, gateway: { keyKind: 'p256', key: DOCUMENT.key } })!;
  const terms = termsOf({ mode: 'auto', budget: 3600n, orderMax: 900n, unitPriceMax: 600n, shops: [] }, { ...pairing, gtins: [9521000000018n] }, 1_000);
  const { to, data } = grant(pairing, terms, 1_000).at(-1)!;
  assert.equal(to, addresses.accounts);
  const { functionName, args } = decodeFunctionData({ abi: accountsAbi, data });
  assert.equal(functionName, 'authorizeKey');
  const given = args![1] as KeyTerms;
  assert.deepEqual([given.kind, given.admin, given.limits], [1, false, [{ credit: getAddress(pairing.credit), amount: 3600n, periodMs: 30n * 86_400_000n }]]);
  assert.deepEqual(dutiesOf(given.scopes), { duties: ['relay'], others: 0 });
});

test('what a person chooses for a key reads back as the same duties, and what is chosen by hand is counted', () => {
  const given = termsOfGrant({ kind: 'WebAuthn', duties: ['order', 'receive', 'pay'], credit: DOCUMENT.credit as Hex, amount: 5n, periodDays: 7, lifeDays: 30 }, 1_000);
  assert.deepEqual(dutiesOf(given.scopes), { duties: ['order', 'receive', 'pay'], others: 0 });
  assert.equal(given.expiresMs, 1_000n + 30n * 86_400_000n);
  const [first] = given.scopes;
  assert.deepEqual(dutiesOf([{ ...first!, selectors: first!.selectors.slice(1) }]), { duties: ['receive'], others: 1 });
  assert.deepEqual(dutiesOf([{ ...first!, selectors: [] }]).others, -1);
  assert.deepEqual(termsOfGrant({ kind: 'P256', duties: ['receive'], credit: DOCUMENT.credit as Hex, amount: 5n, periodDays: 7, lifeDays: 30 }, 0).limits, []);
});

test('invitations and sheets come back from their links, and what is not right is refused', () => {
  const asks = { chainId: 20260, key: DOCUMENT.owner as Hex, kind: 'WebAuthn', name: 'Minji' } as const;
  assert.deepEqual(readInvitation(pasted(`http://localhost:8545/keys/grant#${invitation(asks)} `)), asks);
  for (const wrong of [{ v: 2 }, { key: '0x11' }, { kind: 'rsa' }, { name: 'x'.repeat(41) }, { chainId: 'x' }])
    assert.equal(readInvitation(toFragment({ v: 1, ...asks, ...wrong })), undefined, JSON.stringify(wrong));
  const guardians = ['33', '11', '22'].map((byte) => `0x${byte.repeat(20)}` as const);
  const sheet = newSheet(`0x${'44'.repeat(20)}`, guardians, 2);
  assert.deepEqual(sheet.guardians, [guardians[1], guardians[2], guardians[0]]);
  assert.deepEqual(readSheet(sheetFragment(sheet)), sheet);
  assert.notEqual(commitmentOf(sheet), commitmentOf(newSheet(sheet.account, guardians, 2)), 'the salt is fresh');
  for (const wrong of [{ threshold: 3 }, { threshold: 0 }, { salt: '0x11' }, { guardians: guardians.slice(1, 2) }, { account: 'x' }])
    assert.equal(readSheet(sheetFragment({ ...sheet, ...wrong } as typeof sheet)), undefined, JSON.stringify(wrong));
  assert.deepEqual(addressesIn(`${guardians[0]},\n${guardians[1]} ${guardians[0]}`, sheet.account), guardians.slice(0, 2));
  assert.equal(addressesIn(`${guardians[0]} ${sheet.account}`, sheet.account), undefined);
});

test('the level is read out of a device’s message', () => {
  assert.equal(levelOf(`0x${'00'.repeat(113)}01${'fa00000000000000'}ff`), 250n);
  assert.equal(levelOf('0x00'), undefined);
});

test('what is offered to do is what the table allows', () => {
  const order = (state: string) => ({ state, placedMs: 0, deadlineMs: 100, terms: { cancelMs: 50n }, hasCode: true });
  const table: [string, string, string][] = [
    ['PendingApproval', 'approve decline', ''], ['Placed', 'cancel', 'accept refuse'], ['Accepted', 'cancel', 'refuse'], ['Shipped', 'confirm dispute', 'code claim'],
    ['Claimed', 'confirm dispute', 'code'], ['Disputed', '', 'answer'], ['Arbitration', '', ''], ['Settled', 'return', ''], ['ReturnPosted', '', 'takeBack denyReturn'],
    ['ReturnDenied', '', 'takeBack'], ['Lapsed', '', ''], ['Cancelled', '', ''], ['Refunded', '', ''], ['Ruled', '', ''], ['Returned', '', ''], ['Closed', '', ''],
  ];
  assert.deepEqual(table.map(([state]) => state), [...STATES]);
  for (const [state, owner, shop] of table) {
    assert.equal(ownerActs(order(state), 10).join(' '), owner, state);
    assert.equal(shopActs(order(state), 10).join(' '), shop, state);
    assert.ok(mood(state) && reached(state) >= 0);
    assert.equal(turn(state) === 'nobody', ['Settled', 'Lapsed', 'Cancelled', 'Refunded', 'Ruled', 'Returned', 'Closed'].includes(state), state);
  }
  assert.deepEqual(shopActs(order('Accepted'), 50), ['ship', 'refuse']);
  assert.deepEqual(ownerActs(order('Placed'), 50), []);
});
