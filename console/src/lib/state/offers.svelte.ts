// Offers that stand now for some goods, of all shops.
import type { Offer } from '../api/node';
import type { ShopRow } from '../api/types';
import { chain } from './chain.svelte';

const SHOPS_MAX = 50;

/** Every shop, and the offers of each that can be ordered now, the cheapest first. With `gtins` only of those goods. */
export async function market(gtins?: readonly bigint[]): Promise<{ shops: ShopRow[]; offers: Offer[] }> {
  const shops = await chain.node.shops(SHOPS_MAX);
  const all = (await Promise.all(shops.map((shop) => chain.node.offersOf(shop)))).flat();
  const offers = all
    .filter((offer) => !offer.withdrawn && offer.stock > 0 && (!gtins || gtins.includes(offer.terms.gtin)))
    .sort((a, b) => Number(a.terms.price + a.terms.tax + a.terms.shipping - b.terms.price - b.terms.tax - b.terms.shipping));
  return { shops, offers };
}
