// Sends money of the town, and says what happened as the chain tells it.
import { createClient, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { addresses, dure, dureActions, tellEvent } from '@dure/sdk';

const node = process.env.DURE_HTTP ?? 'http://localhost:8545';
// The well-known test accounts of a development chain: never use them elsewhere.
const person = (addressIndex) => mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex });
const [anna, bora] = [person(0), person(1)];
const client = createClient({ account: anna, chain: dure({ http: node }), transport: http() }).extend(dureActions());

const credit = addresses.firstCredit;
const [symbol, decimals] = await Promise.all([client.credits.symbol({ credit }), client.credits.decimals({ credit })]);
const { receipt } = await client.credits.transfer({ credit, to: bora.address, value: 500n });

const people = { [anna.address.toLowerCase()]: 'Anna', [bora.address.toLowerCase()]: 'Bora' };
for (const language of ['en', 'ko']) {
  const voice = { language, known: { people, credits: { [credit]: { symbol, decimals } } } };
  for (const log of receipt.logs) console.log(tellEvent(log, voice).sentence);
}
// More than there is: the refusal comes before anything is sent, with its facts and a sentence.
const refused = await client.credits.transfer({ credit, to: bora.address, value: 1n << 60n }).catch((error) => error);
console.log(refused.refusal.name, refused.refusal.facts, refused.message);
