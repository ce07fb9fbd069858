// What the pages of keys ask a node.
import { accountsAbi } from '@dure/sdk';
import { encodeEventTopics, numberToHex, pad, type Address, type Hex } from 'viem';
import { ACCOUNTS } from '../../lib/api/node';
import { chain } from '../../lib/state/chain.svelte';
import { knowCredit } from '../../lib/state/credits.svelte';

/** How many blocks a node looks through at once. */
const SPAN_BLOCKS = 99_000;

export async function keysOf(account: Address) {
  const [rows, rootStands] = await Promise.all([chain.node.keys(account), chain.node.rootStands(account)]);
  const keys = await Promise.all(rows.map(async (row) => ({ row, reach: row.stands ? await chain.node.reach(account, row.key) : undefined })));
  await Promise.all(rows.flatMap(({ limits }) => limits.map(({ credit }) => knowCredit(credit))));
  return { keys, rootStands };
}

/** Accounts that have let a key in and of which it is a key now; `told` is one that a link named. */
export async function accountsOf(key: Address, told?: Address): Promise<Address[]> {
  const topics = ['KeyAuthorized', 'Recovered'].map((eventName) => encodeEventTopics({ abi: accountsAbi, eventName: eventName as 'KeyAuthorized' })[0]);
  const query = { fromBlock: numberToHex(Math.max(0, chain.height - SPAN_BLOCKS)), address: ACCOUNTS, topics: [topics, null, pad(key)] };
  const logs = await chain.rpc.request<{ topics: Hex[] }[]>('eth_getLogs', [query]);
  const named = new Set([...(told ? [told.toLowerCase()] : []), ...logs.map(({ topics }) => `0x${topics[1]!.slice(26)}`)]) as Set<Address>;
  const stands = await Promise.all([...named].map((account) => chain.node.key(account, key).then((row) => row.stands, () => false)));
  return [...named].filter((_, at) => stands[at]);
}
