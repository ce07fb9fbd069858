// Every page, in both languages, light and dark, on a phone and on a desk, with something on it: accessible, nothing cut off, nothing jumping;
// and reachable by keyboard. Without NIGHTLY=1 each language at one size. SHOTS=DIR keeps a picture of each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account } from './chain.mjs';
import { accessible, giveWallet, launch, person, shot } from './browser.mjs';
import { pagesOf, scene } from './scene.mjs';

const WIDTHS = [360, 1280];
const ALL = ['en', 'ko'].flatMap((lang) => WIDTHS.map((width) => ({ lang, width })));
const ONCE = [{ lang: 'en', width: 1280 }, { lang: 'ko', width: 360 }];
const LOOKS = process.env.NIGHTLY ? ALL : ONCE;
/** What a page may move while it loads: below it is "good" (web.dev/cls). */
const SHIFT_MAX = 0.1;
/** A page shows itself when all that it asked for is there; it then stays as it is for so long. */
const STILL_MS = 200;

let set, node, browser, roles;
before(async () => {
  [set, browser] = await Promise.all([scene(), launch()]);
  node = set.node;
  roles = pagesOf(set);
});
after(async () => {
  await browser.close();
  await node.stop();
});

for (const look of LOOKS)
  test(`every page in ${look.lang}, ${look.width} px, light and dark`, async (t) => {
    for (const role of roles) await t.test(role.who, () => asRole(role, look));
  });

async function asRole({ wallet, remembers = {}, pages }, look) {
  const one = await person(browser, node, look);
  if (wallet !== undefined) await giveWallet(one, node, wallet);
  const signedIn = wallet !== undefined && { account: { kind: 'wallet', address: account(wallet).address, wallet: 'test.wallet' } };
  await one.context.addInitScript((all) => Object.entries(all).forEach(([key, value]) => localStorage.setItem(`dure.${key}`, JSON.stringify(value))), { ...remembers, ...signedIn });
  for (const [name, path] of Object.entries(pages)) {
    await one.open(path);
    await check(one.page, name, look);
  }
  await one.done();
}

/** Holds a page to everything; what its words and its places are is the same in light and dark, so that in the dark colours alone are looked at. */
async function check(page, name, { lang, width }) {
  await page.locator('header .dot.live').waitFor();
  await still(page);
  const shift = await page.evaluate(
    () => new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => entry.hadRecentInput || (sum += entry.value))).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 50);
    }),
  );
  assert.ok(shift <= SHIFT_MAX, `${name} moved by ${shift}`);
  assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await shot(page, `${name}-${lang}-${theme}-${width}`);
  }
  await page.locator('main details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px wider than the screen`);
  await accessible(page, `${name}, ${lang}, dark, ${width} px`, { only: ['color-contrast'] });
  await page.emulateMedia({ colorScheme: 'light' });
  await accessible(page, `${name}, ${lang}, light, ${width} px`);
}

/** Waits until the page has its heading, says nowhere that it loads, and nothing of it has changed for a while. */
async function still(page) {
  await page.locator('main h1').first().waitFor();
  await page.getByText(/^(Loading|불러오는 중) …$/).waitFor({ state: 'detached' });
  await page.waitForFunction(
    (ms) => new Promise((resolve) => {
      const timer = () => setTimeout(() => (seen.disconnect(), resolve(true)), ms);
      let due = timer();
      const seen = new MutationObserver(() => (clearTimeout(due), (due = timer())));
      seen.observe(document.querySelector('main'), { subtree: true, childList: true });
    }),
    STILL_MS,
  );
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
