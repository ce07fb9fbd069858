// May it order, and why not? The chain answers with the function that placing itself asks.
import { createClient, http } from 'viem';
import { dure, dureActions, offerId, reasonsOf, tellReasons } from '@dure/sdk';

const client = createClient({ chain: dure({ http: process.env.DURE_HTTP ?? 'http://localhost:8545' }), transport: http() }).extend(dureActions());
const [device] = (await client.dure.devices()).slice(-1);
if (device === undefined) throw new Error('there is no machine; hint: node examples/3-a-machine-orders.mjs');

for (const shop of await client.dure.shops()) {
  for (let version = 1; version <= shop.offers; version += 1) {
    const offer = offerId(shop.account, version);
    for (const level of [100n, 1_900n]) {
      const bits = await client.orders.preview({ device: device.id, slot: 0, offer, level });
      const yes = bits === 0n;
      console.log(`${shop.name}, offer ${version}, ${level} left: ${yes ? 'yes' : `no (${reasonsOf(bits).join(', ')})`}`);
      if (yes) continue;
      console.log(`  ${tellReasons(bits, { language: 'en', known: {} })}`);
      console.log(`  ${tellReasons(bits, { language: 'ko', known: {} })}`);
    }
  }
}
