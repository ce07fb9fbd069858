// Watches orders live: every step as a sentence. Ends at the first step, or after SECONDS.
import { createClient, webSocket } from 'viem';
import { dure, dureActions, tellEvent } from '@dure/sdk';

const chain = dure({ http: process.env.DURE_HTTP ?? 'http://localhost:8545' });
const client = createClient({ chain, transport: webSocket(undefined, { reconnect: false }) }).extend(dureActions());
const seconds = Number(process.env.SECONDS ?? 60);

// What the sentences may call by name: shops, money, what offers sell.
const shops = await client.dure.shops();
const people = Object.fromEntries(shops.map(({ account, name }) => [account.toLowerCase(), name]));
const known = { people, credits: {}, offers: {} };
for (const { credit } of shops) {
  const [symbol, decimals] = await Promise.all([client.credits.symbol({ credit }), client.credits.decimals({ credit })]);
  known.credits[credit.toLowerCase()] = { symbol, decimals };
}

async function tell({ key, facts, log }) {
  if (key === 'orders.OrderAsked') known.offers[facts.offer] = (await client.shops.offer({ id: facts.offer })).terms;
  for (const language of ['en', 'ko']) console.log(tellEvent(log, { language, known }).sentence);
  return key === 'orders.OrderMoved';
}

console.log(`watching ${shops.length} shops`);
await new Promise((resolve) => {
  let told = Promise.resolve();
  const isStep = ({ key }) => key === 'orders.OrderAsked' || key === 'orders.OrderMoved';
  // One after another, however long a look-up takes.
  client.watchEvents({ onEvent: (event) => isStep(event) && (told = told.then(() => tell(event)).then((moved) => moved && resolve())) });
  setTimeout(resolve, seconds * 1_000).unref();
});
(await client.transport.getRpcClient()).close();
