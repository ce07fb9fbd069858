import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { encodeErrorResult, type Abi } from 'viem';
import { ordersAbi } from '../../src/lib/api/generated';
import { REASONS, decodeRefusal, reasonsOf } from '../../src/lib/domain/refusal';
import { fields, reasons, refusals } from '../../src/lib/i18n/refusals';

const folder = path.join(import.meta.dirname, '../../../abi');
/** Interfaces are lists; what else lies in the folder is not. */
const read = (file: string): Abi => [JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'))].flatMap((one) => (Array.isArray(one) ? (one as Abi) : []));
const errors = fs.readdirSync(folder).flatMap((file) => read(file).filter((item) => item.type === 'error').map((item) => ({ file, name: item.name })));

test('every refusal of every module has a sentence in both languages, and no sentence is of none', () => {
  for (const lang of ['en', 'ko'] as const) {
    for (const { file, name } of errors) assert.ok(refusals[lang][name], `${lang}: ${name} of ${file}`);
    const names = new Set(errors.map(({ name }) => name));
    for (const name of Object.keys(refusals[lang])) assert.ok(names.has(name), `${lang}: ${name} is no refusal`);
  }
});

test('every reason of the module’s page has words, in the page’s order', () => {
  const page = fs.readFileSync(path.join(folder, '../docs/modules/orders.md'), 'utf8');
  const table = page.split('| n | reason | means |')[1]!.split('\n\n')[0]!;
  const listed = [...table.matchAll(/\| [\d, to]+ \| ([A-Za-z, ]+) \|/g)].flatMap(([, names]) => names!.split(', '));
  assert.deepEqual(listed, [...REASONS]);
  for (const lang of ['en', 'ko'] as const) for (const reason of REASONS) assert.ok(reasons[lang][reason]);
  assert.deepEqual(reasonsOf(0b100000001n), ['DeviceInactive', 'AttemptsSpent']);
});

test('every field that can be out of bounds has a name', () => {
  const page = fs.readFileSync(path.join(folder, '../docs/modules/orders.md'), 'utf8');
  const listed = /\| OutOfBounds \| field \| (.*) \|/.exec(page)![1]!.split(', ');
  for (const lang of ['en', 'ko'] as const) assert.equal(fields[lang].length, listed.length);
});

test('a revert is decoded with its facts, wherever the bytes stand', () => {
  const data = encodeErrorResult({ abi: ordersAbi, errorName: 'TooEarly', args: [123n] });
  for (const given of [data, { data }]) assert.deepEqual(decodeRefusal(given), { name: 'TooEarly', facts: { fromMs: 123n } });
  for (const nothing of [undefined, '0x', '0x12345678', 'words', { data: 7 }]) assert.equal(decodeRefusal(nothing), undefined);
});
