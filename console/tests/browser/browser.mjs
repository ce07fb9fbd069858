// Chromium by Playwright, people with a wallet or with a passkey, and what every page is held to.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { account, rpc, wallet } from './chain.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const SHOTS = process.env.SHOTS;

export const launch = (more = []) => chromium.launch({ executablePath: process.env.CHROMIUM, args: [...FLAGS, ...more] });

/** A browser of a person's own. What the page says on its console as an error, and what it asks of other hosts, fails the test at `done`. */
export async function person(browser, node, { lang = 'en', theme = 'light', width = 1280, height = 900 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: lang, colorScheme: theme, reducedMotion: 'reduce', serviceWorkers: 'block' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(node.url).host) faults.push(`asked ${url}`);
  });
  return {
    context, page,
    open: (path) => page.goto(path.startsWith('http') ? path : node.url + path),
    done: async () => {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** A wallet as an extension would announce it (EIP-6963): the page sees a provider, the key stays outside of the browser. */
export async function giveWallet({ context }, node, index, { refuse = () => false } = {}) {
  const { address } = account(index);
  await context.exposeFunction('walletOutside', async (method, params) => {
    try {
      if (refuse(method)) throw Object.assign(new Error('the person said no'), { code: 4001 });
      if (method === 'eth_requestAccounts' || method === 'eth_accounts') return { result: [address] };
      if (method === 'eth_sendTransaction') return { result: await wallet(node, index).sendTransaction({ to: params[0].to, data: params[0].data }) };
      if (method.startsWith('wallet_')) throw Object.assign(new Error('not here'), { code: 4200 });
      return { result: await rpc(node, method, ...(params ?? [])) };
    } catch (error) {
      return { error: { code: error.code ?? -32_000, message: error.shortMessage ?? error.message, data: error.data } };
    }
  });
  await context.addInitScript(() => {
    const provider = {
      async request({ method, params }) {
        const { result, error } = await window.walletOutside(method, params);
        if (error) throw Object.assign(new Error(error.message), error);
        return result;
      },
    };
    const info = { uuid: '350670db-19fa-4704-a166-e52e178b59d2', name: 'Test Wallet', icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>', rdns: 'test.wallet' };
    const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }));
    addEventListener('eip6963:requestProvider', announce);
    announce();
  });
}

/** An authenticator built into the machine, which says yes to everything. */
export async function giveAuthenticator({ context, page }) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    keys: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    /** As a password store that is kept in step between devices does. */
    add: (credential) => cdp.send('WebAuthn.addCredential', { authenticatorId, credential }),
  };
}

export const signInByWallet = async ({ page }) => {
  await page.getByRole('button', { name: /Test Wallet/ }).first().click();
  await page.locator('header .who', { hasText: 'Test Wallet' }).waitFor();
};

/** No violation of what axe can see, at WCAG 2.2 AA. */
export async function accessible(page, what, { only } = {}) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const runOnly = only ? { type: 'rule', values: only } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), runOnly);
  const said = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(said, [], what);
}

/** The whole page from its top, as far as it is worth a picture. */
const SHOT_MAX_PX = 1_400;

export async function shot(page, name) {
  if (!SHOTS) return;
  fs.mkdirSync(SHOTS, { recursive: true });
  const seen = page.viewportSize();
  const height = await page.evaluate(() => document.querySelector('main').getBoundingClientRect().bottom + scrollY);
  await page.setViewportSize({ ...seen, height: Math.min(Math.max(Math.ceil(height), seen.height), SHOT_MAX_PX) });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.screenshot({ path: `${SHOTS}/${name}.png`, animations: 'disabled' });
  await page.setViewportSize(seen);
}
