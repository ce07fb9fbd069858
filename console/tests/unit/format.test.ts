import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../../src/lib/i18n/format';

const TOWN = { symbol: 'TOWN', decimals: 2 };

test('money is exact, whatever its size', () => {
  assert.equal(format.money('en', 123_456_789_012_345_678_901n, TOWN), '1,234,567,890,123,456,789.01 TOWN');
  assert.equal(format.money('ko', '5', TOWN), '0.05 TOWN');
  assert.equal(format.money('en', -250n, TOWN), '−2.50 TOWN');
  assert.equal(format.money('en', 7n, { symbol: 'PCS', decimals: 0 }), '7 PCS');
});

test('goods, times and plurals follow the language', () => {
  assert.equal(format.quantity('en', 1500, 'mL'), '1.5 L');
  assert.equal(format.quantity('ko', 300, 'mL'), '300mL');
  assert.equal(format.quantity('en', 12, '{tab}'), '12 tab');
  assert.equal(format.span('en', 30 * 86_400_000), '30 days');
  assert.equal(format.span('en', 36 * 3_600_000), '36 hours');
  assert.equal(format.relative('en', 3_600_000, 0), 'in 1 hour');
  assert.equal(format.relative('ko', 0, 2 * 86_400_000), '2일 전');
  assert.equal(format.plural('en', 1, { one: '# order', other: '# orders' }), '1 order');
  assert.equal(format.plural('en', 6, { one: '# order', other: '# orders' }), '6 orders');
  assert.equal(format.plural('ko', 6, { other: '#번' }), '6번');
});
