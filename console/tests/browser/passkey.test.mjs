// A person with a passkey and nothing else: no wallet, no money, nothing to write down.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { abi, account, CREDIT, Machine, ORDERS, orders, rpc, send, start, stockShop } from './chain.mjs';
import { giveAuthenticator, launch, person, shot } from './browser.mjs';

let node, browser;
before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser.close();
  await node.stop();
});

const address = (page) => page.locator('.mono').first().textContent();

test('one click makes an account, and a fingerprint brings it back, also in a browser that has not seen it', async () => {
  const home = await person(browser, node);
  const keys = await giveAuthenticator(home);
  await home.open('/account');
  await home.page.getByRole('button', { name: 'Make an account' }).click();
  await home.page.getByText('You are signed in').waitFor();
  const mine = await address(home.page);
  assert.match(mine, /^0x[0-9a-f]{40}$/i);
  await home.page.getByRole('button', { name: 'Sign out' }).click();
  await home.page.getByRole('button', { name: 'I have one' }).click();
  await home.page.getByText('You are signed in').waitFor();
  assert.equal(await address(home.page), mine);

  const elsewhere = await person(browser, node);
  const others = await giveAuthenticator(elsewhere);
  for (const credential of await keys.keys()) await others.add(credential);
  await elsewhere.open('/account');
  await elsewhere.page.getByRole('button', { name: 'I have one' }).click();
  await elsewhere.page.getByText('You are signed in').waitFor();
  assert.equal(await address(elsewhere.page), mine);
  await home.done();
  await elsewhere.done();
});

test('from sign-up to a machine that buys: three clicks, ten seconds, one signature, no money', async () => {
  const town = await start({ more: [] });
  const home = await person(browser, town);
  await giveAuthenticator(home);
  const { page } = home;
  await home.open('/');
  await page.locator('header .dot.live').waitFor();
  let clicks = 0;
  const click = async (name) => {
    clicks++;
    await page.getByRole('button', { name, exact: true }).click();
  };
  const began = performance.now();
  await click('Make an account');
  await click('Take the washing machine that waits here');
  await click('Allow within these limits');
  await page.getByRole('heading', { name: 'What it may buy' }).waitFor();
  const took = performance.now() - began;
  assert.ok(clicks <= 3 && took <= 10_000, `${clicks} clicks, ${took} ms`);
  const id = new URL(page.url()).pathname.split('/')[2];
  const { owner } = (await rpc(town, 'dure_devices', 1_000)).find((device) => device.id === id);
  assert.equal((await rpc(town, 'dure_account', owner)).nonce, 1, 'one transaction for all four calls');
  await page.locator('[data-state]').first().waitFor({ timeout: 60_000 }); // it runs low and orders by itself
  const [order] = (await rpc(town, 'dure_orders', 1_000)).filter((one) => one.device === id);
  const [{ transactionHash }] = await rpc(town, 'eth_getLogs', { fromBlock: '0x0', address: ORDERS, topics: [null, order.id] });
  const sent = await rpc(town, 'eth_getTransactionByHash', transactionHash);
  assert.equal(sent.from, owner, 'the gateway acts in the owner’s name');
  assert.equal(sent.accessKey, sent.feePayer, 'by the key that it was given, and by its own gas');
  await shot(page, 'machine');
  await home.done();
  await town.stop();
});

test('a passkey receives, confirms and is refused in words like any account', async () => {
  const home = await person(browser, node);
  await giveAuthenticator(home);
  const { page } = home;
  await home.open('/account');
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByText('You are signed in').waitFor();
  const mine = await address(page);
  const offer = await stockShop(node, 2, { name: 'Corner Shop', gln: '9521000000001', price: 600n });
  await send(node, 0, CREDIT, abi('credit'), 'transfer', [mine, 5_000n]);
  const machine = new Machine(node, 'Washing machine');
  await home.open(machine.link(mine, [account(8).address]));
  await page.getByRole('button', { name: 'Allow within these limits' }).click();
  await page.getByRole('heading', { name: 'What it may buy' }).waitFor();
  await machine.level(900);
  await machine.place(200, offer);
  const [order] = await rpc(node, 'dure_orders', 1, mine);
  await orders(node, 2, 'acceptOrder', [order.id]);
  await orders(node, 2, 'shipOrder', [order.id, `0x${'00'.repeat(20)}`, 0n, 'AB 123']);
  await home.open(`/orders/${order.id}`);
  await page.getByRole('button', { name: 'It arrived' }).click();
  await page.getByText('The shop is paid at once.').waitFor();
  await page.getByRole('button', { name: 'It arrived' }).click();
  await page.locator('[data-state=Settled]').waitFor().catch(async (error) => {
    throw new Error(`the order is not settled; the page says: ${await page.locator('main').innerText()}`, { cause: error });
  });
  await home.open('/shop');
  await page.getByLabel('Name of the shop').fill('Too large');
  await page.getByLabel('GLN (13 digits)').fill('9521000001008');
  await page.getByLabel('Deposit (TOWN)').fill('99999');
  await page.getByRole('button', { name: 'Open the shop' }).click();
  await page.getByText('There is not enough money: 99,999.00 TOWN are needed, 43.50 TOWN are there.').waitFor();
  await home.done();
});
