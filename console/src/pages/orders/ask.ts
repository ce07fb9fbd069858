// All that the page of an order asks for, at once: it shows itself when all of it is there.
import { decodeFunctionData, type Address, type Hex } from 'viem';
import { ordersAbi } from '@dure/sdk';
import type { OrderRow, StepRow } from '../../lib/api/types';
import { levelOf } from '../../lib/domain/borsh';
import { orderTotal } from '../../lib/domain/measure';
import { chain } from '../../lib/state/chain.svelte';
import { knowCredit } from '../../lib/state/credits.svelte';
import { market } from '../../lib/state/offers.svelte';

/** Steps whose transactions are looked at, the newest. */
const STEPS_ASKED = 40;

export type Why = Awaited<ReturnType<typeof whyOf>>;

export async function orderPage(id: Hex) {
  const order = await chain.node.order(id);
  if (!order) return null;
  const [record, steps, offer] = await Promise.all([
    chain.node.orderRecord(id), chain.node.timeline(id), chain.node.offer(order.offer), knowCredit(order.credit),
  ]);
  const [why, keys] = await Promise.all([whyOf(order, steps[0]), keysOf(steps)]);
  return { order, record, steps, offer, why, keys };
}

/** By which access key each transaction was signed, where one was: a household may have several people. */
async function keysOf(steps: StepRow[]): Promise<Record<Hex, Address>> {
  const hashes = [...new Set(steps.map(({ transaction }) => transaction))].slice(-STEPS_ASKED);
  const sent = await Promise.all(hashes.map((hash) => chain.rpc.request<{ accessKey?: Address | null } | null>('eth_getTransactionByHash', [hash])));
  return Object.fromEntries(sent.flatMap((one, at) => (one?.accessKey ? [[hashes[at]!, one.accessKey]] : [])));
}

/** What the machine signed, the limits, and how many offers that stand now cost less. */
async function whyOf(order: OrderRow, first: StepRow | undefined) {
  const [level, slot, mandate, { offers }] = await Promise.all([
    first ? signedLevel(first.transaction) : null,
    chain.node.slot(order.device, order.slot),
    chain.node.mandate(order.device, order.slot).catch(() => null), // refused where there is none
    market([BigInt(order.gtin)]),
  ]);
  const cheaper = offers.filter(({ id, terms }) => id !== order.offer && orderTotal(terms) < BigInt(order.total)).length;
  return { level, slot, mandate, cheaper };
}

/** The level in the message that a transaction brought; null where a person ordered. */
async function signedLevel(hash: Hex): Promise<bigint | null> {
  const { input } = await chain.rpc.request<{ input: Hex }>('eth_getTransactionByHash', [hash]);
  try {
    const { functionName, args } = decodeFunctionData({ abi: ordersAbi, data: input });
    return functionName === 'relayDevice' ? (levelOf(args[0]) ?? null) : null;
  } catch {
    return null; // sent in another way, such as a batch
  }
}
