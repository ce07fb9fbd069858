// A chain with something on every page: a household with machines, keys and guardians, two shops, orders in several states, a recovery that
// waits. And the list of all pages, by who looks at them.
import { concat, keccak256, numberToHex, stringToHex, toFunctionSelector } from 'viem';
import { abi, account, CREDIT, encode, Machine, mined, ORDERS, orders, publish, rpc, send, start, stockShop, wallet } from './chain.mjs';

const ACCOUNTS = '0xd00e000000000000000000000000000000000005';
const DAY_MS = 86_400_000n;
const [OWNER, SELLER, RIVAL, FIRST, SECOND, THIRD, ARBITER] = [1, 2, 3, 4, 5, 6, 8];
const arbiter = account(ARBITER).address;
const owner = account(OWNER).address;
const ZERO = `0x${'00'.repeat(32)}`;
/** Keys that nobody has. */
const [PHONE, MINJI, LOST_AND_FOUND, ASKING] = ['a1', 'b2', 'c3', 'd4'].map((byte) => `0x${byte.repeat(20)}`);
const NAMES = { [PHONE]: { name: 'Phone' }, [MINJI]: { name: 'Minji' } };

const fragment = (document) => Buffer.from(JSON.stringify(document)).toString('base64url');
const accounts = (node, index, functionName, args) => send(node, index, ACCOUNTS, abi('accounts'), functionName, args);
const selector = (name) => toFunctionSelector(abi('orders').find((item) => item.type === 'function' && item.name === name));

/** What the page /pair does, without a page. */
async function grant(node, index, device, mode) {
  const { possession, key, addressCommitment } = device.pairing(account(index).address, [arbiter]);
  const terms = {
    mode, credit: CREDIT, shops: [], gtins: [9521000000018n], unitPriceMax: 600n, orderMax: 900n, periodMs: 30n * DAY_MS, periodAmountMax: 3_600n,
    periodCountMax: 6, intervalMinMs: 3_600_000n, arbiters: [arbiter], defaultRefundMinPercent: 50, evidenceSettles: true, addressCommitment,
    expiresMs: BigInt(Date.now()) + 300n * DAY_MS,
  };
  for (const [name, args] of [
    ['registerDevice', [9521000000025n, 0, key, ZERO, possession]],
    ['setSlot', [device.id, 0, 'mL', 2000n, 300n, 1200n, [9521000000018n]]],
    ['setMandate', [device.id, 0, terms]],
  ])
    await mined(node, await wallet(node, index).sendTransaction({ to: ORDERS, data: encode(name, args) }));
}

/** A second full key, a person of the household within a budget, guardians, and two of them who named a new key. */
async function keysAndGuardians(node) {
  await accounts(node, OWNER, 'authorizeKey', [PHONE, { kind: 2, admin: true, expiresMs: 0n, limits: [], scopes: [] }]);
  const selectors = ['placeOrder', 'approveOrder', 'cancelOrder', 'confirmDelivery'].map(selector);
  const limits = [{ credit: CREDIT, amount: 3_000n, periodMs: 30n * DAY_MS }];
  await accounts(node, OWNER, 'authorizeKey', [MINJI, { kind: 2, admin: false, expiresMs: BigInt(Date.now()) + 300n * DAY_MS, limits, scopes: [{ target: ORDERS, selectors }] }]);
  const guardians = [FIRST, SECOND, THIRD].map((index) => account(index).address).sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const sheet = { account: owner, salt: `0x${'5a'.repeat(32)}`, guardians, threshold: 2 };
  const listed = concat([stringToHex('dure.guardians'), owner, sheet.salt, numberToHex(guardians.length << 24, { size: 4 }), ...guardians]);
  await accounts(node, OWNER, 'setGuardians', [keccak256(listed), sheet.threshold, guardians.length]);
  for (const index of [FIRST, SECOND]) await accounts(node, index, 'nameKey', [owner, LOST_AND_FOUND, 2, sheet.salt, guardians]);
  return sheet;
}

/** An accepted order and a settled one of one machine, and one of another that waits for its owner's yes. */
async function ordersOf(node, washer, dishwasher, offer) {
  await washer.level(900);
  await washer.place(250, offer);
  const [settled] = await rpc(node, 'dure_orders');
  await orders(node, SELLER, 'acceptOrder', [settled.id]);
  await orders(node, SELLER, 'shipOrder', [settled.id, `0x${'00'.repeat(20)}`, 0n, 'AB 123']);
  await orders(node, OWNER, 'confirmDelivery', [settled.id]);
  await dishwasher.level(1_700);
  await dishwasher.place(200, offer);
  const open = (await rpc(node, 'dure_orders')).find(({ id }) => id !== settled.id);
  return { settled, open };
}

export async function scene() {
  const node = await start();
  const offer = await stockShop(node, SELLER, { name: 'Corner Shop', gln: '9521000000001', price: 600n });
  await stockShop(node, RIVAL, { name: 'River Market', gln: '9521000001008', price: 650n });
  await publish(node, SELLER, { price: 620n });
  const [washer, dishwasher, newcomer] = ['Washing machine', 'Dishwasher', 'Coffee machine'].map((name) => new Machine(node, name));
  await grant(node, OWNER, washer, 0);
  await grant(node, OWNER, dishwasher, 1);
  const { settled, open } = await ordersOf(node, washer, dishwasher, offer);
  const sheet = await keysAndGuardians(node);
  const unknown = encode('acceptOrder', [`0x${'11'.repeat(32)}`]);
  const refused = await mined(node, await wallet(node, OWNER).sendTransaction({ to: ORDERS, data: unknown, gas: 200_000n }));
  const sent = await send(node, OWNER, CREDIT, abi('credit'), 'transfer', [account(SELLER).address, 700n]);
  const labels = { ...NAMES, [washer.id.toLowerCase()]: { name: washer.name, slot: 'Detergent' }, [dishwasher.id.toLowerCase()]: { name: dishwasher.name, slot: 'Tablets' } };
  return { node, washer, newcomer, settled, open, sheet, refused, sent, labels };
}

/** Everybody who looks: by which wallet, if any, what the browser remembers, and at what. Each page is a name and a path. */
export function pagesOf({ node, washer, newcomer, settled, open, sheet, refused, sent, labels }) {
  const invited = (key, name) => `#${fragment({ v: 1, chainId: node.chainId, key, kind: 'WebAuthn', name })}`;
  const height = Number(sent.blockNumber);
  return [
    {
      who: 'a visitor',
      pages: {
        'welcome': '/', 'account-out': '/account', 'shop-out': '/shop', 'guardians-out': '/guardians', 'keys-ask': '/keys/ask', 'explorer': '/explorer',
        'explorer-block': `/explorer/block/${height}`, 'explorer-first-block': '/explorer/block/0', 'explorer-transaction': `/explorer/tx/${sent.transactionHash}`,
        'explorer-refused': `/explorer/tx/${refused.transactionHash}`, 'explorer-account': `/explorer/account/${account(SELLER).address}`,
        'explorer-institution': `/explorer/account/${CREDIT}`, 'explorer-forms': '/explorer/forms', 'explorer-nowhere': '/explorer/tx/0x12', 'network': '/network', 'energy-none': '/energy',
        'powers': '/powers', 'proof': '/proof', 'no-such-page': '/no-such-page',
      },
    },
    { who: 'a device that asks', remembers: { asking: { key: ASKING, name: 'New phone' } }, pages: { 'keys-asking': '/keys/ask' } },
    {
      who: 'an owner', wallet: OWNER, remembers: { labels, guardians: [sheet] },
      pages: {
        'home': '/', 'machines': '/devices', 'machine': `/devices/${washer.id}`, 'orders': '/orders', 'order': `/orders/${settled.id}`, 'order-waits': `/orders/${open.id}`,
        'pair': newcomer.link(owner, [arbiter]), 'pair-nothing': '/pair', 'account': '/account', 'keys': '/keys', 'keys-grant': `/keys/grant${invited(ASKING, 'Minji’s phone')}`, 'guardians': '/guardians', 'more': '/more',
      },
    },
    { who: 'a guardian', wallet: FIRST, pages: { 'guardians-help': '/guardians/help', 'guardians-sheet': `/guardians/help#${fragment({ v: 1, ...sheet })}` } },
    { who: 'a shop', wallet: SELLER, pages: { 'shop': '/shop', 'invoice': `/shop/invoice/${settled.id}`, 'order-shop': `/orders/${settled.id}` } },
    { who: 'somebody new', wallet: ARBITER, pages: { 'home-new': '/', 'machines-none': '/devices', 'shop-open': '/shop', 'guardians-none': '/guardians' } },
  ];
}
