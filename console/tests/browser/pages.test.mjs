// Every page, in both languages, with something on it: accessible, nothing cut off, nothing jumping, reachable by keyboard. With NIGHTLY=1
// in light and dark, on a phone and on a desk; else once each way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account, CREDIT, encode, Machine, ORDERS, orders, publish, rpc, start, stockShop, wallet, mined } from './chain.mjs';
import { accessible, giveWallet, launch, person, shot, signInByWallet } from './browser.mjs';

const ALL = ['en', 'ko'].flatMap((lang) => ['light', 'dark'].flatMap((theme) => [360, 1280].map((width) => ({ lang, theme, width }))));
const ONCE = [{ lang: 'en', theme: 'light', width: 1280 }, { lang: 'ko', theme: 'dark', width: 360 }];
const LOOKS = process.env.NIGHTLY ? ALL : ONCE;
/** What a page may move while it loads: below it is "good" (web.dev/cls). */
const SHIFT_MAX = 0.1;
const arbiter = account(8).address;

let node, browser, machine, order, newcomer;

before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
  machine = new Machine(node, 'Washing machine');
  newcomer = new Machine(node, 'Dishwasher');
  const offer = await stockShop(node, 2, { name: 'Corner Shop', gln: '9521000000001', price: 600n });
  await stockShop(node, 3, { name: 'River Market', gln: '9521000001008', price: 650n });
  await grant(1, machine);
  await machine.level(900);
  await machine.place(250, offer);
  [order] = await rpc(node, 'dure_orders');
  await orders(node, 2, 'acceptOrder', [order.id]);
  await publish(node, 2, { price: 620n });
});
after(async () => {
  await browser.close();
  await node.stop();
});

/** What the page /pair does, without a page. */
async function grant(index, device) {
  const { possession, key, addressCommitment } = device.pairing(account(index).address, [arbiter]);
  const zero = `0x${'00'.repeat(32)}`;
  const terms = {
    mode: 0, credit: CREDIT, shops: [], gtins: [9521000000018n], unitPriceMax: 600n, orderMax: 900n, periodMs: 30n * 86_400_000n, periodAmountMax: 3_600n,
    periodCountMax: 6, intervalMinMs: 3_600_000n, arbiters: [arbiter], defaultRefundMinPercent: 50, evidenceSettles: true, addressCommitment,
    expiresMs: BigInt(Date.now()) + 300n * 86_400_000n,
  };
  for (const [name, args] of [
    ['registerDevice', [9521000000025n, 0, key, zero, possession]],
    ['setSlot', [device.id, 0, 'mL', 2000n, 300n, 1200n, [9521000000018n]]],
    ['setMandate', [device.id, 0, terms]],
  ])
    await mined(node, await wallet(node, index).sendTransaction({ to: ORDERS, data: encode(name, args) }));
}

for (const look of LOOKS) {
  const { lang, theme, width } = look;
  const name = `${lang}, ${theme}, ${width} px`;

  test(`${name}: every page that the bar names, and the pages behind them, as an owner`, async () => {
    const owner = await person(browser, node, look);
    await giveWallet(owner, node, 1);
    await owner.open('/');
    await check(owner.page, '', 'home-out', look);
    await signInByWallet(owner);
    await owner.open('/more');
    await owner.page.locator('main h1').waitFor();
    const listed = await owner.page.locator('nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.ok(listed.includes('/devices') && listed.length >= 5, String(listed));
    const behind = [`/devices/${machine.id}`, `/orders/${order.id}`, `/shop/invoice/${order.id}`, newcomer.link(account(1).address, [arbiter]), '/no-such-page'];
    for (const path of [...listed, ...behind]) {
      await owner.open(path);
      await check(owner.page, path, nameOf(path), look);
    }
    await owner.done();
  });

  test(`${name}: the shop's side`, async () => {
    const seller = await person(browser, node, look);
    await giveWallet(seller, node, 2);
    await seller.open('/shop');
    await check(seller.page, '', 'shop-out', look);
    await signInByWallet(seller);
    for (const [path, what] of [['/shop', 'shop-mine'], [`/orders/${order.id}`, 'order-shop']]) {
      await seller.open(path);
      await check(seller.page, path, what, look);
    }
    await seller.done();
  });
}

/** A page's name in the screenshots: ids become `one`. */
const nameOf = (path) => new URL(path, 'http://localhost').pathname.split('/').filter(Boolean).map((part) => (part.startsWith('0x') ? 'one' : part)).join('-') || 'home';

/** Waits until the page shows what it has to show, opens what can be opened, and holds it to everything. */
async function check(page, path, what, { lang, theme, width }) {
  await page.locator('header .dot.live').waitFor();
  await page.locator('main h1').waitFor();
  await page.waitForLoadState('networkidle');
  await page.waitForTimeout(250);
  const shift = await page.evaluate(
    () => new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => entry.hadRecentInput || (sum += entry.value))).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 50);
    }),
  );
  assert.ok(shift <= SHIFT_MAX, `${path} moved by ${shift}`);
  await shot(page, `${what}-${lang}-${theme}-${width}`);
  await page.locator('main details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${path} is ${wide} px wider than the screen`);
  assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
  await accessible(page, `${path} ${lang} ${theme} ${width}`);
}

test('by keyboard: past the bar, into the content, and a form is filled in', async () => {
  const owner = await person(browser, node);
  await giveWallet(owner, node, 1);
  const { page } = owner;
  await owner.open('/account');
  await page.getByRole('button', { name: /Test Wallet/ }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Make an account');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid', 'the focus can be seen');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('You are signed in').waitFor();
  await owner.done();
});

test('language and colours are kept, and follow the system until they are chosen', async () => {
  const visitor = await person(browser, node, { lang: 'ko', theme: 'dark' });
  const { page } = visitor;
  await visitor.open('/more');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole('heading', { name: '더 보기' }).waitFor();
  const dark = await ground();
  await page.getByText('밝게').click();
  await page.locator('input[name=lang]').first().check();
  await page.getByRole('heading', { name: 'More', exact: true }).waitFor();
  assert.notEqual(await ground(), dark);
  await page.reload();
  await page.getByRole('heading', { name: 'More', exact: true }).waitFor();
  assert.notEqual(await ground(), dark);
  await visitor.done();
});
