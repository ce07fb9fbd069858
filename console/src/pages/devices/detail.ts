// What the page of a machine asks for of each slot, at once.
import type { Mandate, Offer } from '../../lib/api/node';
import type { DeviceRow, ShopRow } from '../../lib/api/types';
import { chain } from '../../lib/state/chain.svelte';
import { knowCredit } from '../../lib/state/credits.svelte';
import { market } from '../../lib/state/offers.svelte';

export type Detail = { mandate: Mandate | null; shops: ShopRow[]; offers: Offer[] };

export async function detailOf(device: DeviceRow, slot: number): Promise<Detail> {
  // A view is refused where there is no mandate; that is an answer.
  const [mandate, record] = await Promise.all([chain.node.mandate(device.id, slot).catch(() => null), chain.node.slot(device.id, slot)]);
  if (mandate) await knowCredit(mandate.terms.credit);
  return { mandate, ...(await market(record.gtins)) };
}
