// Further keys of an account, the people of a household, and guardians: by clicks only, each person in a browser of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { abi, account, CREDIT, Machine, orders, rpc, send, start, stockShop } from './chain.mjs';
import { accessible, giveAuthenticator, giveWallet, launch, person, signInByWallet } from './browser.mjs';

const ACCOUNTS = '0xd00e000000000000000000000000000000000005';
const accountsAbi = abi('accounts');
/** As fast as a development chain goes: the seven days of a recovery are 17 minutes, so that one is looked at with NIGHTLY=1 only. */
const FAST = 600;
const SEVEN_DAYS_MS = (7 * 86_400_000) / FAST;
const arbiter = account(8).address;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const button = (page, name) => page.getByRole('button', { name, exact: true });
const address = (page) => page.locator('.copy .mono').first().textContent();

async function view(node, functionName, args) {
  const data = await rpc(node, 'eth_call', { to: ACCOUNTS, data: encodeFunctionData({ abi: accountsAbi, functionName, args }) }, 'latest');
  return decodeFunctionResult({ abi: accountsAbi, functionName, data });
}

/** A person with a passkey account; gives its address too. */
async function withPasskey(node, look) {
  const one = await person(browser, node, look);
  await giveAuthenticator(one);
  await one.open('/account');
  await button(one.page, 'Make an account').click();
  await one.page.getByText('You are signed in').waitFor();
  return { ...one, address: await address(one.page) };
}

/** A key of a device that asks to be let in; gives the link that it shows. */
async function asking(one, name) {
  await one.open('/keys/ask');
  await one.page.getByLabel('What this key is called').fill(name);
  await button(one.page, 'Make a key on this device').click();
  await one.page.getByRole('heading', { name: 'Show this to whoever has the account' }).waitFor();
  return (await one.page.locator('.copy .mono').textContent()).trim();
}

test('a second passkey is let in and taken back for ever', async () => {
  const node = await start();
  const owner = await withPasskey(node);
  const { page } = owner;
  await page.getByText('You have one key only.').waitFor();
  await page.getByRole('main').getByRole('link', { name: 'Keys', exact: true }).click();
  await button(page, 'Add another passkey here').click();
  const card = page.locator('article[data-key]');
  await card.waitFor();
  const key = await card.getAttribute('data-key');
  const [row] = await view(node, 'keysOf', [owner.address]);
  assert.deepEqual([row.key.toLowerCase(), row.admin, row.kind], [key, true, 2]);
  await accessible(page, 'a second key');
  await button(card, 'Take this key back').click();
  await card.getByText('the same key cannot come back').waitFor();
  await button(card, 'Take this key back').click();
  await card.waitFor({ state: 'detached' });
  assert.deepEqual(await view(node, 'keysOf', [owner.address]), []);
  await owner.done();
  await node.stop();
});

test('a person of the household is let in within a budget, approves an order, is seen to have done so, and is put out', async () => {
  const node = await start();
  const offer = await stockShop(node, 2, { name: 'Corner Shop', gln: '9521000000001', price: 600n });
  const owner = await withPasskey(node);
  const guest = await person(browser, node);
  await giveAuthenticator(guest);
  await send(node, 0, CREDIT, abi('credit'), 'transfer', [owner.address, 5_000n]);
  const machine = new Machine(node, 'Washing machine');
  await owner.open(machine.link(owner.address, [arbiter]));
  await owner.page.getByText('It asks me each time').click();
  await button(owner.page, 'Allow within these limits').click();
  await owner.page.getByRole('heading', { name: 'What it may buy' }).waitFor();
  await machine.level(900);
  await machine.place(200, offer);
  const [order] = await rpc(node, 'dure_orders', 1, owner.address);
  assert.equal(order.state, 'PendingApproval');

  const link = await asking(guest, 'Minji');
  await accessible(guest.page, 'a key that asks');
  await owner.open(link);
  await owner.page.getByRole('heading', { name: 'Let “Minji” in' }).waitFor();
  await accessible(owner.page, 'an invitation');
  await button(owner.page, 'Let it in').click();
  await owner.page.getByText('“Minji” is in.').waitFor();
  await button(guest.page, 'Act for this account').click();
  await guest.open(`/orders/${order.id}`);
  await button(guest.page, 'Yes, order it').click();
  await guest.page.locator('[data-state=Placed]').waitFor();

  await owner.open(`/orders/${order.id}`);
  await owner.page.getByText('By the key “Minji”.').waitFor();
  await owner.open('/keys');
  const card = owner.page.locator('article[data-key]');
  await card.getByText('6.50 TOWN of 30.00 TOWN').waitFor();
  await card.getByText(/If this key is stolen, at most [\d,.]+ TOWN can leave until/).waitFor();
  await accessible(owner.page, 'a limited key');
  await guest.open('/keys');
  await guest.page.getByText('by a key with limits').waitFor();
  assert.equal(await button(guest.page, 'Add another passkey here').count(), 0);

  await button(card, 'Take this key back').click();
  await button(card, 'Take this key back').click();
  await card.waitFor({ state: 'detached' });
  await guest.open(`/orders/${order.id}`);
  await orders(node, 2, 'acceptOrder', [order.id]);
  await orders(node, 2, 'shipOrder', [order.id, `0x${'00'.repeat(20)}`, 0n, 'AB 123']);
  await button(guest.page, 'It arrived').click();
  await button(guest.page, 'It arrived').click();
  await guest.page.getByRole('alert').getByText('was revoked').waitFor();
  await guest.done();
  await owner.done();
  await node.stop();
});

for (const { name, speed, ends } of [
  { name: 'guardians name a new key and are vetoed once; one more of them, a second time, cannot be vetoed', speed: 1, ends: 'vetoed' },
  { name: 'after seven days without a word the new key has the account, and the first one does nothing any more', speed: FAST, ends: 'recovered' },
]) {
  test(name, { skip: ends === 'recovered' && !process.env.NIGHTLY && 'takes 17 minutes: NIGHTLY=1' }, async () => {
    const node = await start({ more: ['--empty', '--speed', String(speed)] });
    const owner = await withPasskey(node);
    await owner.open('/guardians');
    const guardians = [3, 4, 5].map((index) => account(index).address);
    await owner.page.getByLabel('Their addresses').fill(guardians.join('\n'));
    await owner.page.getByText('2 of 3').waitFor({ state: 'attached' });
    await button(owner.page, 'Name these guardians').click();
    await owner.page.getByRole('heading', { name: 'Your sheet' }).waitFor();
    const sheet = (await owner.page.locator('.copy .mono').textContent()).trim();
    await accessible(owner.page, 'guardians');
    const fresh = await person(browser, node);
    await giveAuthenticator(fresh);
    const link = await asking(fresh, 'New phone');
    for (const index of [3, 4]) await says(node, index, sheet, link);
    if (ends === 'vetoed') {
      await button(owner.page, 'No, I did not ask for this').click();
      await owner.page.getByText('You are heard once').waitFor();
      await button(owner.page, 'No, I did not ask for this').click();
      await owner.page.locator('[data-stage=Vetoed]').waitFor();
      assert.equal((await view(node, 'recoveryOf', [owner.address])).stage, 2);
      await secondRequest(node, owner, sheet, link);
    } else {
      await button(fresh.page, 'Act for this account').click({ timeout: SEVEN_DAYS_MS + 120_000 });
      assert.equal(await view(node, 'rootStands', [owner.address]), false);
      await fresh.open('/keys');
      await fresh.page.getByText('The first key was replaced').waitFor();
      await button(fresh.page, 'Add another passkey here').click();
      await fresh.page.locator('article[data-key]').nth(1).waitFor();
      await owner.open('/keys');
      await button(owner.page, 'Add another passkey here').click();
      await owner.page.getByRole('alert').waitFor();
    }
    await fresh.done();
    await owner.done();
    await node.stop();
  });
}

/** After the veto t are too few and t + 1 enough; one who takes the word back stops it, and while it waits nobody else is named. */
async function secondRequest(node, { page, address }, sheet, link) {
  const stage = (name) => page.locator(`[data-stage=${name}]`).waitFor();
  for (const index of [3, 4]) await says(node, index, sheet, link);
  await page.getByText('2 of 3 guardians have named a new key.').waitFor();
  await stage('Vetoed');
  await says(node, 5, sheet, link);
  await stage('WaitingAgain');
  await page.getByText('nobody can say no').waitFor();
  assert.equal(await button(page, 'No, I did not ask for this').count(), 0);
  await accessible(page, 'a recovery that cannot be vetoed');
  await assert.rejects(send(node, 3, ACCOUNTS, accountsAbi, 'runDeadline', [address]), /NotDue|reverted/);
  await page.getByText('Choose others').click();
  await page.getByLabel('Their addresses').fill([6, 7].map((index) => account(index).address).join('\n'));
  await button(page, 'Name these guardians').click();
  await page.getByRole('alert').waitFor();
  await takesBack(node, 5, sheet);
  await stage('Vetoed');
  assert.equal((await view(node, 'recoveryOf', [address])).stage, 2);
}

test('guardians are replaced: the old ones count for 14 days more, and both sheets are there', async () => {
  const node = await start();
  const owner = await withPasskey(node);
  const { page } = owner;
  const name = async (guardians) => {
    await page.getByLabel('Their addresses').fill(guardians.map((index) => account(index).address).join('\n'));
    await button(page, 'Name these guardians').click();
  };
  await owner.open('/guardians');
  await name([3, 4, 5]);
  await page.getByRole('heading', { name: 'Your sheet' }).waitFor();
  const first = (await page.locator('.copy .mono').first().textContent()).trim();
  await page.getByText('Choose others').click();
  await name([6, 7]);
  await page.getByText('New guardians (2) begin').waitFor();
  await page.getByRole('heading', { name: 'The sheet of the new guardians' }).waitFor();
  const links = await page.locator('.copy .mono').allTextContents();
  assert.equal(links.length, 2);
  assert.equal(links[0].trim(), first);
  await accessible(page, 'guardians that follow others');
  const { count, nextCount, nextFromMs } = await view(node, 'guardiansOf', [owner.address]);
  assert.deepEqual([count, nextCount], [3, 2]);
  assert.ok(Math.abs(Number(nextFromMs) - Date.now() - 14 * 86_400_000) < 60_000);
  const early = await person(browser, node);
  await giveWallet(early, node, 6);
  await early.open(links[1].trim());
  await signInByWallet(early);
  await early.page.getByText('These are not the guardians that the account has named now.').waitFor();
  await early.done();
  const stranger = await person(browser, node);
  await giveWallet(stranger, node, 8);
  await stranger.open(first);
  await signInByWallet(stranger);
  await stranger.page.getByText('You are not among these guardians').waitFor();
  await stranger.done();
  await owner.done();
  await node.stop();
});

/** A guardian who named a key takes the word back. */
async function takesBack(node, index, sheet) {
  const guardian = await person(browser, node);
  await giveWallet(guardian, node, index);
  await guardian.open(sheet);
  await signInByWallet(guardian);
  await button(guardian.page, 'Take my word back').click();
  await guardian.page.getByText('You named this key').waitFor({ state: 'detached' });
  await guardian.done();
}

/** A guardian with a wallet: reads the sheet, and names the key that the person's new device shows. */
async function says(node, index, sheet, link) {
  const guardian = await person(browser, node);
  await giveWallet(guardian, node, index);
  await guardian.open(sheet);
  await signInByWallet(guardian);
  await guardian.page.getByLabel('The new key').fill(link);
  await button(guardian.page, 'This shall be the new key').click();
  await button(guardian.page, 'This shall be the new key').click();
  await guardian.page.getByText('You named this key').waitFor();
  await accessible(guardian.page, 'a guardian');
  await guardian.done();
}
