import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const src = path.join(import.meta.dirname, '../../src');
const files = fs.readdirSync(src, { recursive: true }).map(String).filter((file) => /(^|\/)words\.ts$|lib\/i18n\/(shell|orders|account|mandate|failures|keys|proofs)\.ts$/.test(file) && file !== 'lib/i18n/words.ts');

type Tree = { [key: string]: unknown };

/** Path → kind of every leaf: a text, or a function with so many facts. */
function leaves(of: unknown, at = ''): Map<string, string> {
  if (typeof of !== 'object' || of === null) return new Map([[at, typeof of === 'function' ? `function of ${of.length}` : typeof of]]);
  return new Map(Object.entries(of as Tree).flatMap(([key, value]) => [...leaves(value, `${at}.${key}`)]));
}

for (const file of files) {
  test(`${file}: both languages say the same things`, async () => {
    const module = (await import(pathToFileURL(path.join(src, file)).href)) as Tree;
    const both = Object.values(module).filter((one): one is { en: unknown; ko: unknown } => typeof one === 'object' && one !== null && 'en' in one && 'ko' in one);
    assert.ok(both.length > 0, 'it holds words');
    for (const { en, ko } of both) {
      const [english, korean] = [leaves(en), leaves(ko)];
      // A plural has the forms that its language has, so `.one` may stand alone; a refusal may name its facts in one language only.
      assert.deepEqual([...korean.keys()].sort(), [...english.keys()].sort());
      for (const [key, kind] of english) assert.equal(korean.get(key) === 'string', kind === 'string', key);
      for (const text of Object.values(ko as Tree)) assert.ok(typeof text !== 'string' || text === '' || /[가-힣]/.test(text), `${String(text)} is no Korean`);
    }
  });
}

test('every page of the table has words of its own', () => {
  const pages = fs.readdirSync(path.join(src, 'pages'), { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const { name } of pages) assert.ok(files.includes(`pages/${name}/words.ts`), name);
});
