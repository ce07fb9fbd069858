// A proof is taken from the explorer, carried away as a file, and checked in the page: by the node's word, and by a genesis.json alone.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { account, CREDIT, mined, rpc, start, wallet } from './chain.mjs';
import { accessible, launch, person, shot } from './browser.mjs';

const CHECKSUM_BYTES = 8;
const SHOP = account(2).address;
const LOOKS = [{ lang: 'en', theme: 'dark', width: 360 }, { lang: 'ko', theme: 'light', width: 1280 }];
const SAYS = { en: { good: 'This is proven.', bad: 'This file proves nothing.' }, ko: { good: '증명되었습니다.', bad: '이 파일은 아무것도 증명하지 못합니다.' } };

let node, browser, sent, genesis;

before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
  const transfer = `0xa9059cbb${SHOP.slice(2).padStart(64, '0')}${(700n).toString(16).padStart(64, '0')}`;
  sent = await mined(node, await wallet(node, 1).sendTransaction({ to: CREDIT, data: transfer }));
  genesis = (await rpc(node, 'eth_getBlockByNumber', '0x0', false)).hash;
});
after(async () => {
  await browser.close();
  await node.stop();
});

/** What the button gives: the file's name and its bytes. */
async function take({ page }) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Take a proof' }).click()]);
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
}

const give = ({ page }, bytes, name = 'some.proof') => page.locator('main input[type=file]').first().setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes });
const says = ({ page }, text) => page.locator('main [role=status]', { hasText: text }).waitFor();

/** One byte is another one, and the checksum is good again. */
function forged(bytes, at) {
  const other = Buffer.from(bytes);
  other[at] ^= 1;
  const end = other.length - CHECKSUM_BYTES;
  crypto.createHash('sha256').update(other.subarray(0, end)).digest().copy(other, end, 0, CHECKSUM_BYTES);
  return other;
}

test('the proof of a transaction is taken, and checked; a changed one is refused', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  await visitor.open(`/explorer/tx/${sent.transactionHash}`);
  const { name, bytes } = await take(visitor);
  assert.equal(name, `dure-receipt-${Number(sent.blockNumber)}.proof`);
  await page.getByText('among your downloads').waitFor();
  await page.locator('main').getByRole('link', { name: 'Check a proof' }).click();
  await page.getByText(genesis).waitFor();

  await give(visitor, bytes, name);
  await says(visitor, SAYS.en.good);
  await page.getByText('This transaction was done').waitFor();
  await page.getByRole('link', { name: sent.transactionHash }).waitFor();
  await page.getByText('1 of 1 validators').waitFor();

  await give(visitor, Buffer.concat([bytes.subarray(0, 100), Buffer.of(bytes[100] ^ 1), bytes.subarray(101)]));
  await says(visitor, 'The file is damaged');
  await give(visitor, forged(bytes, bytes.length - CHECKSUM_BYTES - 1));
  await says(visitor, 'The block does not have the transaction');
  await give(visitor, forged(bytes, 12));
  await says(visitor, 'The file is of another chain');
  await give(visitor, Buffer.from('a letter'));
  await says(visitor, 'This is no proof file');

  await page.getByRole('textbox').fill(`0x${bytes.toString('hex')}`);
  await says(visitor, SAYS.en.good);
  await page.getByRole('textbox').fill('a letter');
  await says(visitor, 'no hexadecimal digits');
  await visitor.done();
});

test('whoever has the genesis need not trust the node', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  await visitor.open(`/explorer/account/${SHOP}`);
  const { name, bytes } = await take(visitor);
  assert.match(name, /^dure-account-\d+\.proof$/);
  await visitor.open('/proof');
  const own = fs.readFileSync(path.join(node.folder, 'chain/genesis.json'), 'utf8');
  const trust = (text) => page.locator('main input[type=file]').last().setInputFiles({ name: 'genesis.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await trust(own);
  await page.getByText('Computed from genesis.json').waitFor();
  await page.getByText(genesis).waitFor();
  await give(visitor, bytes, name);
  await says(visitor, SAYS.en.good);
  await page.getByText(SHOP.toLowerCase(), { exact: true }).waitFor();

  await trust(JSON.stringify({ ...JSON.parse(own), gas_limit: 1 }));
  await says(visitor, 'The file is of another chain');
  await trust('{}');
  await says(visitor, 'This is no genesis.json');
  await page.getByRole('button', { name: 'Trust the node instead' }).click();
  await says(visitor, SAYS.en.good);
  await visitor.done();
});

for (const look of LOOKS) {
  test(`${look.lang}, ${look.theme}, ${look.width} px: the page with nothing, with a proof, and with a refusal`, async () => {
    const visitor = await person(browser, node, look);
    const { page } = visitor;
    const { proof } = await rpc(node, 'dure_getProof', { receipt: sent.transactionHash });
    const bytes = Buffer.from(proof.slice(2), 'hex');
    await visitor.open('/proof');
    await page.getByText(genesis).waitFor();
    for (const [what, file, said] of [['nothing'], ['good', bytes, SAYS[look.lang].good], ['bad', forged(bytes, 12), SAYS[look.lang].bad]]) {
      if (file) await give(visitor, file);
      if (said) await says(visitor, said);
      await shot(page, `proof-${what}-${look.lang}-${look.theme}-${look.width}`);
      await page.locator('main details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${what} is wider than the screen`);
      await accessible(page, `proof ${what} ${look.lang}`);
    }
    await visitor.done();
  });
}
