// What a person sees when the node goes away, and when it comes back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './chain.mjs';
import { launch } from './browser.mjs';

let node, browser;
before(async () => {
  [node, browser] = await Promise.all([start(), launch()]);
});
after(async () => {
  await browser.close();
  await node.stop();
});

test('the page says that its node is away, still opens from what it kept, and goes on by itself', async () => {
  const page = await (await browser.newContext({ locale: 'en' })).newPage();
  await page.goto(`${node.url}/devices`);
  await page.locator('header .dot.live').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload(); // now through the service worker, which keeps what it hands out
  await page.locator('header .dot.live').waitFor();
  const looking = await page.context().newPage();
  await looking.goto(`${node.url}/explorer`);
  await looking.getByLabel('Height, transaction').fill('0');
  await node.stop();
  const banner = page.getByText('This page cannot reach its node.');
  await banner.waitFor({ timeout: 5_000 });
  await looking.bringToFront();
  await looking.getByText('This page cannot reach its node.').waitFor();
  await looking.getByRole('button', { name: 'Find' }).click();
  await looking.getByText('The node cannot be reached.').waitFor();
  await looking.getByRole('link', { name: 'Who could change this?' }).click();
  await looking.getByText('It comes by itself.').waitFor();
  await page.bringToFront();
  await page.reload();
  await page.getByRole('heading', { name: 'Machines' }).waitFor();
  await banner.waitFor();
  node = await start({ folder: node.folder, port: node.port });
  await page.locator('header .dot.live').waitFor({ timeout: 15_000 });
  assert.equal(await banner.count(), 0);
  await looking.locator('header .dot.live').waitFor({ timeout: 15_000 });
  await looking.getByRole('heading', { name: 'Outside the law' }).waitFor();
});
