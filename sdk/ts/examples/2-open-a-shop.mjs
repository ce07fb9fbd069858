// Opens a shop with a bond, and publishes an offer.
import { createClient, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { addresses, dure, dureActions, gln, gtin } from '@dure/sdk';

const HOUR = 3_600_000n;
const node = process.env.DURE_HTTP ?? 'http://localhost:8545';
const person = (addressIndex) => mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex });
const [shop, arbiter] = [person(2), person(5)];
const client = createClient({ account: shop, chain: dure({ http: node }), transport: http() }).extend(dureActions());

await client.shops.register({
  gln: gln('4006381333931'),
  name: 'Haneul',
  sealingKey: process.env.SEALING_KEY ?? `0x${'09'.padEnd(64, '0')}`, // X25519; households seal their addresses to it
  credit: addresses.firstCredit,
  payout: shop.address,
  bond: 100_000n,
});
const { result: offer } = await client.shops.publishOffer({
  stock: 50,
  terms: {
    gtin: gtin('4006381333931'), content: 1_500n, unit: 'mL', price: 900n, tax: 90n, shipping: 300n,
    cancelMs: 24n * HOUR, shipByMs: 72n * HOUR, deliverByMs: 240n * HOUR, returnMs: 336n * HOUR,
    arbiters: [arbiter.address], defaultRefundPercent: 50, validUntilMs: BigInt(Date.now()) + 720n * HOUR,
  },
});
const { stock, terms } = await client.shops.offer({ id: offer });
console.log(`offer ${offer}: ${stock} packs of ${terms.content} ${terms.unit} for ${terms.price + terms.tax + terms.shipping}`);
console.log((await client.dure.shops()).map((row) => `${row.name}, bond ${row.bond}`).join('\n'));
