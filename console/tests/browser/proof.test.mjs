// A proof is taken from the explorer, carried away as a file, and checked in the page: by the node's word, and by a genesis.json alone.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import encodeQR from 'qr';
import decodeQR from 'qr/decode.js';
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

/** The QR code of a proof, as `dure prove --qr` draws it. */
async function drawn(name, ...asked) {
  const [out, qr] = ['proof', 'svg'].map((kind) => path.join(node.folder, `${name}.${kind}`));
  await promisify(execFile)(process.env.DURE, ['prove', ...asked, '--rpc', node.url, '--out', out, '--qr', qr]);
  return fs.readFileSync(qr);
}

const show = ({ page }, buffer, mimeType) => page.locator('main input[type=file]').first().setInputFiles({ name: 'picture', mimeType, buffer });

/** As a person photographs it: on grey paper, at an angle, not sharp. */
async function photographed(svg) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1400 } });
  await page.setContent(`<body style="background:#b8b4a8;margin:120px"><img style="width:1100px;transform:rotate(7deg) skewX(3deg);filter:blur(.7px) brightness(.85)" src="data:image/svg+xml;base64,${svg.toString('base64')}"></body>`);
  await page.locator('img').evaluate((image) => image.decode());
  const photo = await page.screenshot({ type: 'jpeg', quality: 80 });
  await page.close();
  return photo;
}

test('a proof goes through paper: drawn by dure, read from the drawing, from a photo and from the page’s own code', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  const svg = await drawn('paper', 'receipt', sent.transactionHash);
  await visitor.open('/proof');
  await show(visitor, svg, 'image/svg+xml');
  await says(visitor, SAYS.en.good);
  await page.getByRole('link', { name: sent.transactionHash }).waitFor();

  await show(visitor, await (await browser.newPage()).screenshot(), 'image/png');
  await says(visitor, 'There is no QR code of a proof in this picture');
  await show(visitor, Buffer.from('a letter'), 'image/png');
  await says(visitor, 'There is no QR code of a proof in this picture');
  assert.equal(await page.getByText(SAYS.en.good).count(), 0);

  await show(visitor, await photographed(svg), 'image/jpeg');
  await says(visitor, SAYS.en.good);
  await page.getByText('As a QR code').click();
  const own = await page.getByRole('img', { name: 'QR code of the proof' }).screenshot({ scale: 'device' });
  await page.getByRole('textbox').fill('a letter');
  await show(visitor, own, 'image/png');
  await says(visitor, SAYS.en.good);
  await visitor.done();
});

test('the browser’s own reader is asked first', async () => {
  const visitor = await person(browser, node);
  const { page } = visitor;
  await visitor.context.addInitScript((letters) => {
    window.BarcodeDetector = class {
      static getSupportedFormats = async () => ['ean_13', 'qr_code'];
      detect = async () => [{ rawValue: 'https://example.org/' }, { rawValue: letters }];
    };
  }, lettersOf(await drawn('own', 'account', SHOP)));
  await visitor.open('/proof');
  await show(visitor, await page.screenshot(), 'image/png');
  await says(visitor, SAYS.en.good);
  await visitor.done();
});

/** What stands in a drawn code, by the same library that the page loads. */
const lettersOf = (svg) => {
  const side = Number(/viewBox="0 0 (\d+)/.exec(svg)[1]);
  const data = new Uint8Array(side * side * 3).fill(255);
  for (const [, x, y, width, height] of svg.toString().matchAll(/M(\d+) (\d+)h(\d+)v(\d+)/g)) {
    for (let row = Number(y); row < Number(y) + Number(height); row++) data.fill(0, (row * side + Number(x)) * 3, (row * side + Number(x) + Number(width)) * 3);
  }
  return decodeQR({ width: side, height: side, data });
};

/** A film of one picture, which Chromium takes for its camera: the code in the middle of grey. */
function film(letters) {
  const [width, height, square] = [1_280, 720, 4];
  const code = encodeQR(letters, 'raw', { ecc: 'low', border: 4 });
  const luma = Buffer.alloc(width * height, 160);
  const [left, top] = [width, height].map((side) => Math.floor((side - code.length * square) / 2));
  assert.ok(top >= 0, `${code.length} squares are too many for the film`);
  code.forEach((row, y) => row.forEach((dark, x) => {
    for (let line = 0; line < square; line++) luma.fill(dark ? 20 : 235, (top + y * square + line) * width + left + x * square, (top + y * square + line) * width + left + (x + 1) * square);
  }));
  const grey = Buffer.alloc((width * height) / 2, 128);
  const file = path.join(node.folder, 'film.y4m');
  fs.writeFileSync(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`), luma, grey]));
  return file;
}

test('the camera reads a code; without one the page says so', async () => {
  const visitor = await person(browser, node);
  await visitor.open('/proof');
  await visitor.page.getByRole('button', { name: 'Read a QR code with the camera' }).click();
  await says(visitor, 'There is no camera that this page may use');
  await visitor.done();

  const svg = await drawn('filmed', 'account', SHOP);
  const filmed = await launch(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film(lettersOf(svg))}`]);
  try {
    const holder = await person(filmed, node);
    await holder.open('/proof');
    await holder.page.getByRole('button', { name: 'Read a QR code with the camera' }).click();
    await says(holder, SAYS.en.good);
    assert.equal(await holder.page.locator('video').count(), 0, 'the camera is off');
    await holder.done();
  } finally {
    await filmed.close();
  }
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
