// The energy page on a market of its own: what flows, prices, curve, bill and lines; the certificate checked in the browser; and what happens when somebody
// between node and page changes a digit.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, test } from 'node:test';
import { keccak256, stringToHex } from 'viem';
import { account, rpc, start } from './chain.mjs';
import { accessible, giveWallet, launch, person, shot } from './browser.mjs';
import { battery, clear, DAY_SLOTS, ENERGY, energy, house, open, roof, solver, soonestDay, STREET, view, YARD } from './market.mjs';

const CHECKSUM_BYTES = 8;
const CHECKED_MS = 30_000;
const ALL = ['en', 'ko'].flatMap((lang) => [360, 1280].map((width) => ({ lang, width })));
const LOOKS = process.env.NIGHTLY ? ALL : [{ lang: 'en', width: 1280 }, { lang: 'ko', width: 360 }];
const [ROOF, ANNA, BEA, STORE] = [1, 2, 3, 4];

let node, browser, solving, street, yard, cleared;

before(async () => {
  [node, browser] = await Promise.all([start({ more: ['--empty', '--speed', '600'] }), launch()]);
  const { day, gateMinutes } = await soonestDay(node);
  yard = await open(node, 'Yard', gateMinutes, YARD);
  street = await open(node, 'Street', gateMinutes, STREET);
  solving = solver(node, 8);
  await energy(node, 0, 'setCaps', [street, 1, day * DAY_SLOTS + 40, 16, 500, 3_000]);
  const homes = [
    { market: street, index: ROOF, zone: 1, bid: roof(3_200, 20_000) }, { market: street, index: ANNA, zone: 1, bid: house(500, 300_000) },
    { market: street, index: BEA, zone: 2, bid: { ...house(900, 290_000), ...battery(6_000) } }, { market: street, index: STORE, zone: 1, bid: battery(8_000) },
    { market: yard, index: 5, zone: 0, bid: roof(900, 30_000) }, { market: yard, index: 6, zone: 0, bid: house(300, 310_000) },
  ];
  cleared = { day, ...(await clear(node, day, homes)) };
});
after(async () => {
  await browser.close();
  await solving.stop();
  await node.stop();
});

const auctionOf = (market) => view(node, 'auctionId', [market, cleared.firstSlot, DAY_SLOTS]);
const verdict = ({ page }, kind) => page.locator(`[data-verdict=${kind}]`).waitFor({ timeout: CHECKED_MS });
const choose = ({ page }, name) => page.getByLabel('Market').selectOption({ label: name });

test('the certificate is checked in the browser, and the page shows the day', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  await giveWallet(visitor, node, ROOF);
  await visitor.context.addInitScript((address) => localStorage.setItem('dure.account', JSON.stringify({ kind: 'wallet', address, wallet: 'test.wallet' })), account(ROOF).address);
  await visitor.open('/energy');
  await verdict(visitor, 'good');
  const record = await view(node, 'auction', [await auctionOf(street)]);
  assert.equal(record.accepted, account(8).address);
  const worth = (Number(record.welfareNano) / 1e9).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 3 });
  const figures = await page.locator('section', { hasText: 'Is this the best clearing?' }).locator('dl').innerText();
  assert.equal(figures.split(worth).length, 3, `P and D are ${worth}: ${figures}`);
  assert.match(figures, /D − P\s+0\s/);
  assert.match(figures, /Bids opened\s+4\s/);

  const prices = page.locator('section', { has: page.getByRole('heading', { name: 'Prices over the day' }) });
  await prices.getByText('The same as a table').click();
  const row = await prices.locator('tbody tr').nth(48).innerText();
  const slot = await view(node, 'slot', [street, cleared.firstSlot + 48]);
  for (const micro of slot.priceMicro) assert.ok(row.includes((Number(micro) / 1e6).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 4 })), `${micro} in ${row}`);
  await page.getByRole('slider').fill('48');
  await page.getByLabel('Where').selectOption({ label: 'Linden row' });
  await page.locator('section', { hasText: 'Supply and demand' }).getByText(/are traded at/).waitFor();
  await page.getByText('at most 2 kW out and 12 kW in').waitFor();
  await page.getByRole('combobox', { name: 'Meter' }).locator('option', { hasText: 'My meter, Linden row' }).waitFor({ state: 'attached' });
  await visitor.done();
});

test('where nobody showed a certificate the page says so', async () => {
  const visitor = await person(browser, node);
  await visitor.open('/energy');
  await choose(visitor, 'Yard');
  await verdict(visitor, 'chain');
  await visitor.page.getByText('Nobody handed a certificate in').waitFor();
  await visitor.done();
});

/** A page whose WebSocket goes through `change(method, params, result)`. */
async function between(change) {
  const visitor = await person(browser, node);
  await visitor.page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    const asked = new Map();
    socket.onMessage((text) => {
      const { id, method, params } = JSON.parse(text);
      asked.set(id, { method, params });
      server.send(text);
    });
    server.onMessage((text) => {
      const message = JSON.parse(text);
      const { method, params } = asked.get(message.id) ?? {};
      if (method && message.result) message.result = change(method, params, message.result) ?? message.result;
      socket.send(JSON.stringify(message));
    });
  });
  await visitor.open('/energy');
  return visitor;
}

/** The proof with one digit another one, some way behind where it has `mark` first: within what the call brings; `sealed`: and a good checksum. */
function forged(proof, mark, sealed) {
  const at = proof.indexOf(mark) + mark.length + 600;
  const digits = [...proof.slice(2)];
  digits[at - 2] = ((Number.parseInt(digits[at - 2], 16) + 1) % 16).toString(16);
  const bytes = Buffer.from(digits.join(''), 'hex');
  const end = bytes.length - CHECKSUM_BYTES;
  if (sealed) crypto.createHash('sha256').update(bytes.subarray(0, end)).digest().copy(bytes, end, 0, CHECKSUM_BYTES);
  return `0x${bytes.toString('hex')}`;
}

/** Transactions that led to an event of the street's auction. */
async function led(name) {
  const events = { Revealed: 'Revealed(bytes32,bytes32)', CertificateAccepted: 'CertificateAccepted(bytes32,address,int256)' };
  const logs = await rpc(node, 'eth_getLogs', { address: ENERGY, fromBlock: '0x0', topics: [keccak256(stringToHex(events[name])), await auctionOf(street)] });
  return logs.map(({ transactionHash }) => transactionHash);
}

for (const [what, event, sealed, said] of [
  ['the certificate', 'CertificateAccepted', false, 'what the node says of a transaction is not proven'],
  ['the certificate, with a checksum made good', 'CertificateAccepted', true, 'what the node says of a transaction is not proven'],
  ['a bid, with a checksum made good', 'Revealed', true, 'what the node says of a transaction is not proven'],
])
  test(`a digit of ${what} changes on the way, and the badge is red`, async () => {
    const [hash] = await led(event);
    const auction = await auctionOf(street);
    let changed = 0;
    const visitor = await between((method, [asked], { proof }) => {
      if (method !== 'dure_getProof' || asked.receipt !== hash) return undefined;
      changed += 1;
      return { proof: forged(proof, auction.slice(2), sealed) };
    });
    await verdict(visitor, 'bad');
    await visitor.page.getByText(said).first().waitFor();
    assert.equal(changed, 1);
    await visitor.done();
  });

test('a bid that the node leaves out is missed', async () => {
  const [hash] = await led('Revealed');
  const visitor = await between((method, _, logs) => (method === 'eth_getLogs' ? logs.filter(({ transactionHash }) => transactionHash !== hash) : undefined));
  await verdict(visitor, 'bad');
  await visitor.page.getByText('the auction had 4 bids, and 3 are proven').first().waitFor();
  await visitor.done();
});

for (const look of LOOKS)
  test(`the energy page in ${look.lang}, ${look.width} px, light and dark`, async () => {
    const visitor = await person(browser, node, look);
    const { page } = visitor;
    await visitor.open('/energy');
    await verdict(visitor, 'good');
    for (const theme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: theme });
      await shot(page, `energy-${look.lang}-${theme}-${look.width}`);
    }
    await page.locator('main details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
    await page.locator('tbody tr').nth(90).waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px wider than the screen`);
    await accessible(page, `energy, ${look.lang}, dark`, { only: ['color-contrast'] });
    await page.emulateMedia({ colorScheme: 'light' });
    await accessible(page, `energy, ${look.lang}, light`);
    await visitor.done();
  });
