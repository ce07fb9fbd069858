// The explorer, the network's figures, and who could change what: found, read and tried by clicks, in both languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account, CREDIT, ORDERS, rpc, start, stockShop, wallet, mined, encode } from './chain.mjs';
import { accessible, giveWallet, launch, person, signInByWallet } from './browser.mjs';

const SHOP = account(2).address;

let node, browser, sent, refused;

before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
  await stockShop(node, 2, { name: 'Corner Shop', gln: '9521000000001', price: 600n });
  const transfer = `0xa9059cbb${SHOP.slice(2).padStart(64, '0')}${(700n).toString(16).padStart(64, '0')}`;
  sent = await mined(node, await wallet(node, 1).sendTransaction({ to: CREDIT, data: transfer }));
  const unknown = encode('acceptOrder', [`0x${'11'.repeat(32)}`]);
  refused = await mined(node, await wallet(node, 1).sendTransaction({ to: ORDERS, data: unknown, gas: 200_000n }));
});
after(async () => {
  await browser.close();
  await node.stop();
});

test('what happened is told in sentences, by names, in both languages, and a refusal says why', async () => {
  for (const [lang, done, why] of [['en', /sent 7\.00 TOWN to Corner Shop/, /There is no order 0x111111/], ['ko', /Corner Shop에게 7\.00 TOWN을 보냈습니다/, /주문 0x111111.*없습니다/]]) {
    const visitor = await person(browser, node, { lang });
    await visitor.open('/explorer');
    await visitor.page.getByRole('link', { name: done }).click();
    await visitor.page.getByRole('heading', { level: 1, name: '7.00 TOWN' }).waitFor();
    await visitor.open(`/explorer/tx/${refused.transactionHash}`);
    await visitor.page.getByText(why).waitFor();
    await visitor.done();
  }
});

test('what a person types is found: height, hash, address, name; and what is nowhere is said to be nowhere', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  for (const [typed, heading] of [
    [String(Number(sent.blockNumber)), /^Block /], [sent.transactionHash, /7\.00 TOWN/], [sent.blockHash, /^Block /], [SHOP, /Corner Shop/], ['corner shop', /Corner Shop/],
  ]) {
    await visitor.open('/explorer');
    await page.getByLabel('Height, transaction').fill(typed);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  }
  await visitor.open('/explorer');
  await page.getByLabel('Height, transaction').fill('nobody at all');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByText('Nothing on this chain is called that.').waitFor();
  await visitor.done();
});

test('rubbish in the search, in the address bar and in forms is answered in words, and breaks nothing', async () => {
  const visitor = await person(browser, node, { width: 360, height: 740 });
  const { page } = visitor;
  const fits = async (what) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${what} is wider than the screen`);
  await visitor.open('/explorer');
  for (const typed of ['<script>alert(1)</script>', '0x12', '9'.repeat(40), '-1', '\u{1f9fa}'.repeat(40), "' or 1=1 --", `0x${'f'.repeat(64)}`, `0x${'f'.repeat(90)}`, '']) {
    await page.getByLabel('Height, transaction').fill(typed);
    await page.keyboard.press('Enter');
    await page.getByText('Nothing on this chain is called that.').waitFor();
    await fits(typed);
    await page.getByLabel('Height, transaction').fill('0');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Block 0' }).waitFor();
    await page.goBack();
  }
  for (const [path, said] of [
    ['/explorer/block/999999999999999', 'There is no such block yet.'], ['/explorer/block/-1', 'Nothing on this chain is called that.'],
    [`/explorer/tx/0x${'0'.repeat(64)}`, 'There is no such transaction.'], ['/explorer/tx/0xzz', 'Nothing on this chain is called that.'],
    ['/explorer/account/0x12', 'Nothing on this chain is called that.'], [`/explorer/${'w'.repeat(400)}`, 'Nothing on this chain is called that.'],
    ['/explorer/%3Cscript%3E', 'Nothing on this chain is called that.'], [`/${'%F0'.repeat(9)}`, 'There is no such page.'],
  ]) {
    await visitor.open(path);
    await page.getByText(said).waitFor();
    await fits(path);
  }
  await visitor.open('/explorer/forms/accounts');
  await page.getByLabel('Function').selectOption('setGuardians');
  const fill = async (...values) => {
    for (const [at, value] of values.entries()) await page.getByLabel(['commitment', 'threshold', 'count'][at], { exact: true }).fill(value);
    await page.getByRole('button', { name: 'Try without signing' }).click();
  };
  await fill('0x1234', '256', '-1');
  await page.getByText('This is no bytes32.').waitFor();
  assert.equal(await page.getByText('This is no uint8.').count(), 2);
  await fill(`0x${'11'.repeat(32)}`, '9'.repeat(500), '1e3');
  assert.equal(await page.getByText('This is no uint8.').count(), 2);
  await fill(`0x${'11'.repeat(32)}`, '2', '3');
  await page.getByText('It would succeed.').waitFor();
  await fits('a form');
  await visitor.done();
});

test('a question is asked and an action tried, refused in words, and signed, from the interfaces that the node serves', async () => {
  const owner = await person(browser, node);
  await giveWallet(owner, node, 3);
  const { page } = owner;
  await owner.open('/account');
  await signInByWallet(owner);
  await owner.open(`/explorer/forms/credit/${CREDIT}`);
  await page.getByLabel('Function').selectOption('balanceOf');
  await page.getByLabel('account').fill('nobody');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByText('This is no address.').waitFor();
  await page.getByLabel('account').fill(account(3).address);
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.locator('pre', { hasText: '1000000' }).waitFor();
  await page.getByLabel('Function').selectOption('transfer');
  await page.getByLabel('to').fill(SHOP);
  await page.getByLabel('value').fill('999999999');
  await page.getByRole('button', { name: 'Try without signing' }).click();
  await page.getByRole('alert').filter({ hasText: 'not enough money' }).waitFor();
  await page.getByLabel('value').fill('1,000');
  await page.getByRole('button', { name: 'Try without signing' }).click();
  await page.getByText('It would succeed.').waitFor();
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await page.getByText('Done. It is final.').waitFor();
  await owner.done();
});

test('where it says nobody there is the test that proves it, and every action of the law is somebody’s', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  await visitor.open('/powers');
  const proofs = page.getByRole('link', { name: 'the test that proves it' });
  await proofs.first().waitFor();
  for (const href of await proofs.evaluateAll((links) => links.map((link) => link.getAttribute('href')))) {
    const text = await (await fetch(node.url + href)).text();
    assert.match(text, /#\[test\][^]*fn \w+\([^]*assert/, href);
  }
  const { actions } = await rpc(node, 'dure_powers');
  await page.locator('main details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
  assert.equal(await page.locator('article details li').count(), actions.length);
  await page.getByText('One validator makes all blocks').waitFor();
  await visitor.done();
});

test('the network tells figures of its own', async () => {
  const visitor = await person(browser, node);
  await visitor.open('/network');
  await visitor.page.getByText(/Half of the last \d+ blocks/).waitFor();
  const { finality, validators } = await rpc(node, 'dure_network');
  assert.ok(finality.blocks > 0 && finality.medianMs <= finality.slowMs);
  await visitor.page.getByText(validators[0].publicKey).waitFor();
  await visitor.done();
});
