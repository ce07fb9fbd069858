// A person with a passkey and nothing else: no wallet, no money, nothing to write down.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './chain.mjs';
import { giveAuthenticator, launch, person } from './browser.mjs';

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
