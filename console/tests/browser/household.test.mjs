// A household and a shop, each in a browser of its own, by clicks only: from an empty chain to a settled order.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account, Machine, rpc, start } from './chain.mjs';
import { giveWallet, launch, person, shot, signInByWallet } from './browser.mjs';

let node, browser, home, shop, machine;
const arbiter = account(8).address;
const button = (page, name) => page.getByRole('button', { name, exact: true });

before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
  home = await person(browser, node);
  shop = await person(browser, node);
  await giveWallet(home, node, 1);
  await giveWallet(shop, node, 2);
  machine = new Machine(node, 'Washing machine');
});
after(async () => {
  await browser.close();
  await node.stop();
});

test('a shop is opened and sells, by clicks', async () => {
  await shop.open('/shop');
  await signInByWallet(shop);
  const { page } = shop;
  await page.getByLabel('Name of the shop').fill('Click Shop');
  await page.getByLabel('GLN (13 digits)').fill('9521000000001');
  await button(page, 'Open the shop').click();
  await page.getByRole('heading', { name: 'Click Shop' }).waitFor();
  await page.getByLabel('GTIN (8, 12, 13 or 14 digits)').fill('9521000000018');
  await page.getByLabel('Arbiters').fill(arbiter);
  await page.getByLabel('Hours in which the household may cancel').fill('0');
  await button(page, 'Publish the offer').click();
  await page.getByRole('heading', { name: 'a pack of 1.5 L' }).waitFor();
  const [{ offers, name }] = await rpc(node, 'dure_shops');
  assert.deepEqual({ offers, name }, { offers: 1, name: 'Click Shop' });
});

test('a machine is let in within limits, by clicks', async () => {
  await home.open('/');
  await signInByWallet(home);
  await home.open(machine.link(account(1).address, [arbiter]));
  await shot(home.page, 'pair');
  await button(home.page, 'Allow within these limits').click();
  await home.page.getByRole('heading', { name: 'What it may buy' }).waitFor();
  await home.page.getByText('It orders by itself.').waitFor();
  await home.page.getByText('At most 9.00 TOWN for one order, and 36.00 TOWN in 30 days.').waitFor();
  const [device] = await rpc(node, 'dure_devices');
  assert.equal(device.id, machine.id);
  assert.equal(device.owner.toLowerCase(), account(1).address.toLowerCase());
});

test('the machine runs low and orders; both browsers see every step within a second', async () => {
  const [{ account: seller }] = await rpc(node, 'dure_shops');
  const offer = await offerOf(seller);
  await machine.level(900);
  await machine.place(250, offer);
  const [order] = await rpc(node, 'dure_orders');
  await home.open(`/orders/${order.id}`);
  await shop.open(`/orders/${order.id}`);
  await home.page.getByText('The machine said that 250 mL was left. It asks for more at 300 mL.').waitFor();
  await home.page.getByText('Nobody pressed a button').waitFor();
  await shop.page.getByText('Anna Muster\nLindenweg 3').waitFor();
  const steps = [
    [shop, 'Accept', null, 'Accepted'],
    [shop, 'The parcel is on its way', null, 'Shipped'],
    [home, 'It arrived', 'It arrived', 'Settled'],
  ];
  for (const [who, label, sure, state] of steps) {
    const other = who === home ? shop : home;
    await button(who.page, label).click();
    if (sure) await button(who.page, sure).click();
    await who.page.locator(`[data-state=${state}]`).waitFor();
    await other.page.locator(`[data-state=${state}]`).waitFor({ timeout: 1_000 });
  }
  await shot(home.page, 'order-settled');
  const settled = await rpc(node, 'dure_order', order.id);
  assert.equal(settled.state, 'Settled');
  await shop.page.getByRole('link', { name: 'Invoice' }).click();
  await shop.page.getByText('Paid from the escrow of this order.').waitFor();
  await shot(shop.page, 'invoice');
});

test('ordering is paused and let go on, and the holiday is set, by clicks', async () => {
  const { page } = home;
  await home.open(`/devices/${machine.id}`);
  await button(page, 'Pause ordering').click();
  await page.getByText('Ordering is paused.').waitFor();
  await button(page, 'Let it order again').click();
  await button(page, 'Pause ordering').waitFor();
  await button(page, 'I am away').click();
  await page.getByText('You are away until').waitFor();
  await button(page, 'I am back').click();
  await button(page, 'I am away').waitFor();
});

test('in confirm mode the machine asks, and a person says no', async () => {
  const { page } = home;
  await page.getByText('Change the limits').click();
  await page.getByText('It asks me each time').click();
  await button(page, 'Save these limits').click();
  await page.getByText('It asks you before each order.').waitFor();
  const [{ account: seller }] = await rpc(node, 'dure_shops');
  await machine.level(1_700);
  await machine.place(200, await offerOf(seller), { cycle: 1 });
  await home.open('/');
  await page.getByRole('link', { name: 'Say yes or no' }).click();
  await button(page, 'No, do not order').click();
  await page.locator('[data-state=Lapsed]').waitFor();
});

test('a refusal is said in plain words, in both languages, and a person who says no in the wallet is believed', async () => {
  const poor = await person(browser, node);
  let declines = false;
  await giveWallet(poor, node, 3, { refuse: (method) => declines && method === 'eth_sendTransaction' });
  await poor.open('/shop');
  await signInByWallet(poor);
  const { page } = poor;
  await page.getByLabel('Name of the shop').fill('Too large');
  await page.getByLabel('GLN (13 digits)').fill('9521000000001');
  await page.getByLabel('Deposit (TOWN)').fill('99999');
  await button(page, 'Open the shop').click();
  await page.getByText('There is not enough money: 99,999.00 TOWN are needed, 10,000.00 TOWN are there.').waitFor();
  await button(page, '한국어').click();
  await page.getByText('돈이 모자랍니다').waitFor();
  declines = true;
  await page.getByLabel('보증금 (TOWN)').fill('5');
  await button(page, '가게 열기').click();
  await page.getByText('거절하셔서 아무것도 보내지 않았습니다.').waitFor();
  await poor.done();
});

test('nothing was asked of another host, and no page said an error', async () => {
  await home.done();
  await shop.done();
});

/** The id of a shop's first offer, from its event. */
async function offerOf(seller) {
  const { keccak256, stringToHex, pad } = await import('viem');
  const topics = [keccak256(stringToHex('OfferPublished(bytes32,address,uint64)')), null, pad(seller)];
  const [log] = await rpc(node, 'eth_getLogs', { fromBlock: '0x0', topics });
  return log.topics[1];
}
