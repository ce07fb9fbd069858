import { test } from 'node:test';
import assert from 'node:assert/strict';
import { encodeAbiParameters, encodeErrorResult, encodeEventTopics, encodeFunctionData } from 'viem';
import { abis, addresses, names } from '../dist/generated/index.js';
import { decodeRefusal, refusalOf } from '../dist/refusal.js';
import * as said from '../dist/sentences/index.js';

const BORA = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const SHOP = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';
const ID = `0x${'11'.repeat(32)}`;
const known = {
  people: { [BORA]: 'Bora', [SHOP]: '하늘상회' },
  credits: { [addresses.firstCredit]: { symbol: 'TOWN', decimals: 2 } },
  offers: { [ID]: { content: 1_500n, unit: 'mL' } },
  timeZone: 'UTC',
};
const voices = said.languages.map((language) => ({ language, known }));
const [en, ko] = voices;

const items = (type) => Object.entries(abis).flatMap(([name, abi]) => abi.filter((item) => item.type === type).map((item) => [name, item]));
const errors = items('error');
const events = items('event');
const actions = items('function').filter(([, item]) => item.stateMutability === 'nonpayable');

/** Placeholders of a sentence: path and kind. */
const placeholders = (text) => [...text.matchAll(/\{([^{}|]+)(?:\|(\w+))?\}/g)].map(([, path, kind]) => ({ path, kind })).filter(({ path }) => !path.includes('/'));

function fits(key, text, inputs, more = []) {
  for (const language of said.languages) {
    assert.ok(text[language]?.length > 0, `${key} has no ${language} sentence`);
    for (const { path, kind } of placeholders(text[language])) {
      assert.ok(more.includes(path) || said.parameterAt(inputs, path), `${key}, ${language}: {${path}} is no fact of it`);
      assert.ok(kind === undefined || kind in said.kinds, `${key}, ${language}: there is no kind ${kind}`);
    }
  }
  const facts = said.languages.map((language) => [...new Set(placeholders(text[language]).map(({ path }) => path))].sort());
  for (const [at, language] of said.languages.entries()) assert.deepEqual(facts[at], facts[0], `${key}: ${language} tells other facts`);
}

/** A value of a parameter's type, for a sentence to be tried on. */
function sample({ type, components }) {
  if (type.endsWith('[]')) return [];
  if (type === 'tuple') return Object.fromEntries(components.map((part) => [part.name, sample(part)]));
  if (type === 'address') return BORA;
  if (type === 'string') return 'Haneul';
  if (type === 'bool') return true;
  if (type === 'bytes') return '0x1234';
  if (type.startsWith('bytes')) return `0x${'11'.repeat(Number(type.slice(5)))}`;
  return type === 'uint8' || type === 'uint32' || type === 'uint16' ? 1 : 1_500n;
}

test('every custom error has a sentence in both languages, of its own facts, and no other sentence stands there', () => {
  const keyOf = ([name, item]) => (`${name}.${item.name}` in said.refusalSentences ? `${name}.${item.name}` : item.name);
  for (const error of errors) fits(keyOf(error), said.refusalSentences[keyOf(error)] ?? {}, error[1].inputs);
  assert.deepEqual(Object.keys(said.refusalSentences).sort(), [...new Set(errors.map(keyOf))].sort());
});

test('errors of one name mean one thing, or are told apart by whose they are', () => {
  for (const [, item] of errors) {
    const others = errors.filter(([of, other]) => other.name === item.name && !(`${of}.${other.name}` in said.refusalSentences));
    if (!others.some(([, other]) => other === item)) continue;
    for (const [, other] of others) assert.deepEqual(other.inputs, item.inputs, item.name);
  }
});

test('every event has a sentence in both languages, whatever it says', () => {
  for (const [name, item] of events) {
    const key = `${name}.${item.name}`;
    const entry = said.eventSentences[key] ?? {};
    const zero = Object.fromEntries(item.inputs.map((input) => [input.name, typeof sample(input) === 'bigint' ? 0n : input.type === 'bool' ? false : input.type === 'address' ? `0x${'00'.repeat(20)}` : input.type === 'string' ? '' : sample(input)]));
    const full = Object.fromEntries(item.inputs.map((input) => [input.name, sample(input)]));
    const texts = typeof entry === 'function' ? [entry(zero), entry(full), entry({ ...full, from: zero.from }), entry({ ...full, to: zero.to })] : [entry];
    for (const text of texts) fits(key, text, item.inputs);
  }
  assert.deepEqual(Object.keys(said.eventSentences).sort(), events.map(([name, item]) => `${name}.${item.name}`).sort());
});

test('every function that changes something has a sentence in both languages', () => {
  for (const [name, item] of actions) fits(`${name}.${item.name}`, said.callSentences[`${name}.${item.name}`] ?? {}, item.inputs, ['caller']);
  assert.deepEqual(Object.keys(said.callSentences).sort(), actions.map(([name, item]) => `${name}.${item.name}`).sort());
});

const at = (name) => (name === 'credit' ? addresses.firstCredit : addresses[name]);

test('every refusal, event and call is told without a gap', () => {
  for (const voice of voices) {
    for (const [, item] of errors) {
      const refusal = decodeRefusal(encodeErrorResult({ abi: [item], errorName: item.name, args: item.inputs.map(sample) }));
      assert.equal(refusal.name, item.name);
      assert.doesNotMatch(said.tellRefusal(refusal, voice), /[{}]|undefined/, item.name);
    }
    for (const [name, item] of events) {
      const args = Object.fromEntries(item.inputs.map((input) => [input.name, sample(input)]));
      const topics = encodeEventTopics({ abi: [item], eventName: item.name, args });
      const open = item.inputs.filter((input) => !input.indexed);
      const told = said.tellEvent({ address: at(name), topics, data: encodeAbiParameters(open, open.map(sample)) }, voice);
      assert.equal(told?.key, `${name}.${item.name}`);
      assert.doesNotMatch(told.sentence, /[{}]|undefined/, told.key);
    }
    for (const [name, item] of actions) {
      const input = encodeFunctionData({ abi: [item], functionName: item.name, args: item.inputs.map(sample) });
      const told = said.tellCall({ from: BORA, to: at(name), input }, voice);
      assert.equal(told?.key, `${name}.${item.name}`);
      assert.doesNotMatch(told.sentence, /[{}]|undefined/, told.key);
    }
  }
});

test('every number that the chain says has words', () => {
  const tables = { orderStates: [said.orderStateWords, said.orderMoveWords], reasons: [said.reasonWords], orderFields: [said.orderFieldWords], creditFields: [said.creditFieldWords], deviceStatuses: [said.deviceStatusWords], mandateModes: [said.mandateModeWords], keyTypes: [said.keyTypeWords], disputeStages: [said.disputeStageWords], deadlineKinds: [said.deadlineKindWords], energyFields: [said.energyFieldWords], auctionStages: [said.auctionStageWords], slotProgress: [said.slotProgressWords], challengeStages: [said.challengeStageWords], certificateFlaws: [said.certificateFlawWords], accountFields: [said.accountFieldWords], accountKeyKinds: [said.accountKeyKindWords], sealingKinds: [said.sealingKindWords], holders: [said.holderWords], nobody: [said.nobodyWords] };
  for (const [list, all] of Object.entries(tables)) for (const table of all) assert.deepEqual(Object.keys(table), [...names[list]], list);
  assert.deepEqual(Object.keys(said.roleWords).sort(), Object.keys(names.roles).sort());
  assert.deepEqual([...Object.keys(tables), 'roles'].sort(), Object.keys(names).sort());
});

const log = (name, eventName, args) => {
  const item = abis[name].find((item) => item.type === 'event' && item.name === eventName);
  const open = item.inputs.filter((input) => !input.indexed);
  return { address: at(name), topics: encodeEventTopics({ abi: [item], eventName, args }), data: encodeAbiParameters(open, open.map((input) => args[input.name])) };
};

test('what is known is said by its name', () => {
  const asked = log('orders', 'OrderAsked', { order: ID, owner: BORA, shop: SHOP, device: ID, slot: 0, offer: ID, total: 1_234_50n });
  assert.equal(said.tellEvent(asked, en).sentence, 'Bora ordered 1,500 mL from 하늘상회 for 1,234.50 TOWN');
  assert.equal(said.tellEvent(asked, ko).sentence, 'Bora가 하늘상회에서 1,500 mL를 1,234.50 TOWN에 주문했습니다');
  assert.equal(said.tellEvent(asked, { language: 'en', known: {} }).sentence, '0x709979…79c8 ordered a pack from 0x90f79b…b906 for 123,450 minor units');
  const moved = log('orders', 'OrderMoved', { order: ID, from: 1, to: 12, by: addresses.system, deadlineMs: 0n });
  assert.equal(said.tellEvent(moved, en).sentence, 'Order 0x111111…1111 is refunded: the money is back, by itself at its deadline');
  const paid = log('credit', 'Transfer', { from: addresses.orders, to: SHOP, value: 499n });
  assert.equal(said.tellEvent(paid, en).sentence, 'The orders sent 4.99 TOWN to 하늘상회');
  const poor = decodeRefusal(encodeErrorResult({ abi: abis.credit, errorName: 'Insufficient', args: [5n, 700n] }));
  assert.equal(said.tellRefusal(poor, en), 'There is not enough money: 7.00 TOWN are needed, 0.05 TOWN are there.');
  const low = log('orders', 'LevelLow', { device: ID, slot: 2, level: 300n });
  assert.match(said.tellEvent(low, { language: 'en', known: { units: { [`${ID}:2`]: 'mL' } } }).sentence, /: 300 mL left$/);
});

test('a refusal is found in what viem and JSON-RPC throw, and what is none is told to be none', () => {
  const data = encodeErrorResult({ abi: abis.orders, errorName: 'CannotPlace', args: [(1n << 4n) | (1n << 14n)] });
  for (const error of [{ cause: { cause: { raw: data } } }, { code: 3, data }, { cause: { data: { code: 3, data } } }]) {
    const refusal = refusalOf(error);
    assert.equal(refusal.name, 'CannotPlace');
    assert.deepEqual(said.reasonsOf(refusal.facts.reasons), ['MandatePaused', 'OutOfStock']);
    assert.equal(said.tellRefusal(refusal, en), 'The order cannot be placed: the owner has paused ordering; the offer is sold out.');
  }
  const outside = encodeErrorResult({ abi: abis.orders, errorName: 'OutOfBounds', args: [2] });
  assert.equal(said.tellRefusal(decodeRefusal(outside, addresses.orders), en), 'This is out of bounds: the level.');
  assert.equal(said.tellRefusal(decodeRefusal(outside, addresses.accounts), en), 'This is out of bounds: the list of limits.');
  const kind = encodeErrorResult({ abi: abis.accounts, errorName: 'WrongKind', args: [0, 2] });
  assert.equal(said.tellRefusal(decodeRefusal(kind), en), 'The key is of another kind: secp256k1, where passkey is expected.');
  assert.equal(refusalOf(new Error('no')), undefined);
  assert.equal(decodeRefusal('0x12345678').name, 'Unknown');
  assert.equal(said.tellRefusal(decodeRefusal(encodeErrorResult({ abi: [{ type: 'error', name: 'Error', inputs: [{ name: 'message', type: 'string' }] }], errorName: 'Error', args: ['closed'] })), en), 'closed');
});

test('a power is told with its holder as the subject, and what is open left open', () => {
  assert.equal(said.tellPower('orders.acceptOrder', 'Shop', 'en'), 'The shop accepts order …');
  assert.equal(said.tellPower('orders.acceptOrder', 'Shop', 'ko'), '가게가 주문 …를 접수합니다');
  for (const [name, item] of actions) for (const language of said.languages) assert.doesNotMatch(said.tellPower(`${name}.${item.name}`, 'Anyone', language), /[{}]/);
});

test('a Korean particle follows the sound before it', () => {
  for (const [word, pair, expected] of [['보라', '이/가', '가'], ['하늘', '이/가', '이'], ['서울', '으로/로', '로'], ['집', '으로/로', '으로'], ['2 kg', '을/를', '을'], ['2 mL', '을/를', '를'], ['3', '을/를', '을'], ['2', '을/를', '를'], ['”보라”', '은/는', '는'], ['Mel', '은/는', '은'], ['', '이/가', '가']]) {
    assert.equal(said.particle(word, pair), expected, `${word} ${pair}`);
  }
});

test('amounts, spans and unknown addresses read as people write them', () => {
  assert.equal(said.money(en, 5n), '0.05 TOWN');
  assert.equal(said.money(en, 0n), '0.00 TOWN');
  assert.equal(said.money({ language: 'ko', known: {} }, 1_000n), '1,000 단위');
  assert.equal(said.span(en, 86_400_000n), '1 day');
  assert.equal(said.span(ko, 7_200_000n), '2시간');
  assert.equal(said.span(en, 90_000n), '90 seconds');
  assert.equal(said.who(en, addresses.orders.toUpperCase().replace('X', 'x')), 'the orders');
});
