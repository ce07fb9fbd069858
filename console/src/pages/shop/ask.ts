// All that a shop's page asks for, at once.
import type { Address } from 'viem';
import { same } from '../../lib/domain/order';
import { chain } from '../../lib/state/chain.svelte';
import { knowCredit } from '../../lib/state/credits.svelte';

const ORDERS_MAX = 500;

export async function shopPage(account: Address) {
  // A view is refused where there is no shop; that is an answer.
  const shop = await chain.node.shop(account).catch(() => null);
  if (!shop) return null;
  const [orders, offers] = await Promise.all([chain.node.orders(ORDERS_MAX, account), chain.node.offersOf({ account, offers: shop.offers })]);
  await knowCredit(shop.credit);
  return { shop, offers, sold: orders.filter((order) => same(order.shop, account)) };
}
