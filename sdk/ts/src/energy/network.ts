/** The graph that a clearing is a flow in: crates/rules/src/energy/book.rs, arc for arc, because a certificate names arcs by their numbers. */
import type { Book, Free, Terms } from './records.js';

/** A place: the outside, a zone in a slot, or a battery in a slot. */
export type Node = number;
/** Where offers come from and bids go to. Its price is 0. */
export const OUTSIDE: Node = 0;
/** Prices and values lie within ± this, micro-units per kWh. */
export const VALUE_MAX_MICRO = 2 ** 40;
/** Most arcs: what the institution's own bounds allow, and so few that no sum of flows leaves what a number holds exactly. */
export const ARCS_MAX = 2 ** 21;
/** More than anything carries. */
const AMPLE_WH = 2 ** 32 - 1;

/** What an arc stands for. */
export type Use =
  | { kind: 'order'; bid: number; order: number }
  | { kind: 'charge' | 'discharge' | 'keep'; bid: number; slot: number }
  /** A zone's line towards its parent, at zone 0 to the grid; and from it. */
  | { kind: 'up' | 'down'; slot: number; zone: number }
  | { kind: 'redispatch' | 'technical' };

/** What can be moved from `tail` to `head`, and what each kWh of it is worth. */
export interface Arc {
  tail: Node;
  head: Node;
  capacityWh: number;
  valueMicro: number;
  use: Use;
}
export interface Network {
  arcs: Arc[];
  /** For each node what it is given, Wh: a battery's initial state at its first slot. Its length is the number of nodes. */
  givenWh: number[];
}

/** The node of a zone in a slot. */
export const zoneNode = (book: Pick<Book, 'zones'>, slot: number, zone: number): Node => slot * book.zones.length + zone + 1;

/** Every arc in a fixed order: the bids', then for each slot the lines', then the redispatch, then the technical ones of every node. */
export function networkOf(book: Book): Network {
  const slots = book.freeWh.length;
  const givenWh = new Array<number>(slots * book.zones.length + 1).fill(0);
  const arcs: Arc[] = [];
  const add = (tail: Node, head: Node, capacityWh: number, valueMicro: number, use: Use) => arcs.push({ tail, head, capacityWh, valueMicro, use });
  for (const [bid, open] of book.bids.entries()) {
    for (const [order, { slot, buys, wh, limitMicro }] of open.bid.orders.entries()) {
      const zone = zoneNode(book, slot, open.zone);
      if (buys) add(zone, OUTSIDE, wh, limitMicro, { kind: 'order', bid, order });
      else add(OUTSIDE, zone, wh, 0 - limitMicro, { kind: 'order', bid, order });
    }
    const { battery } = open.bid;
    if (!battery) continue;
    for (let slot = 0; slot < slots; slot += 1) {
      const [zone, own] = [zoneNode(book, slot, open.zone), givenWh.length];
      givenWh.push(slot === 0 ? battery.initialWh : 0);
      add(zone, own, battery.chargeWh, 0, { kind: 'charge', bid, slot });
      add(own, zone, battery.dischargeWh, 0 - battery.wearMicro, { kind: 'discharge', bid, slot });
      const last = slot + 1 === slots;
      add(own, last ? OUTSIDE : own + 1, battery.capacityWh, last ? battery.finalMicro : 0, { kind: 'keep', bid, slot });
    }
  }
  for (const [slot, free] of book.freeWh.entries()) {
    for (const [zone, record] of book.zones.entries()) {
      const [upWh, downWh] = free[zone] ?? [0, 0];
      const own = zoneNode(book, slot, zone);
      if (zone === 0) {
        for (const { buys, wh, micro } of standing(book.terms, [upWh, downWh], book.rootWh[slot] ?? 0)) {
          if (buys) add(own, OUTSIDE, wh, micro, { kind: 'up', slot, zone });
          else add(OUTSIDE, own, wh, 0 - micro, { kind: 'down', slot, zone });
        }
        continue;
      }
      const parent = zoneNode(book, slot, record.parent);
      add(own, parent, upWh, 0 - record.feeMicro, { kind: 'up', slot, zone });
      add(parent, own, downWh, 0 - record.feeMicro, { kind: 'down', slot, zone });
    }
  }
  const { redispatch } = book;
  if (redispatch) add(zoneNode(book, 0, redispatch.deficit), zoneNode(book, 0, redispatch.surplus), redispatch.wh, redispatch.limitMicro, { kind: 'redispatch' });
  // What no order reaches, not even together with the operator's.
  const technicalMicro = book.terms.technicalMicro + (redispatch?.limitMicro ?? 0);
  for (let own = 1; own < givenWh.length; own += 1) {
    add(OUTSIDE, own, AMPLE_WH, -technicalMicro, { kind: 'technical' });
    add(own, OUTSIDE, AMPLE_WH, -technicalMicro, { kind: 'technical' });
  }
  return { arcs, givenWh };
}

/** The supplier's orders at the root: it buys at feed-in and sells at retail, and takes back what earlier auctions traded with it at the price that it had. */
function standing({ feedInMicro, retailMicro }: Terms, [upWh, downWh]: Free, rootWh: number): { buys: boolean; wh: number; micro: number }[] {
  const [buys, sells] = [true, false].map((buys) => (wh: number, micro: number) => ({ buys, wh, micro }));
  const backWh = Math.min(Math.abs(rootWh), rootWh > 0 ? downWh : upWh);
  if (rootWh === 0) return [buys!(upWh, feedInMicro), sells!(downWh, retailMicro)];
  if (rootWh > 0) return [buys!(upWh, feedInMicro), sells!(downWh - backWh, retailMicro), sells!(backWh, feedInMicro)];
  return [buys!(upWh - backWh, feedInMicro), sells!(downWh, retailMicro), buys!(backWh, retailMicro)];
}

/** Σ value × flow, nano-units. */
export function welfareNano(network: Network, flowWh: readonly number[]): bigint {
  let sum = 0n;
  for (const [place, { valueMicro }] of network.arcs.entries()) if (flowWh[place]) sum += BigInt(valueMicro) * BigInt(flowWh[place]);
  return sum;
}

/** What no flow can exceed, whatever the prices are: Σ capacity · max(0, reduced) + Σ price · given, nano-units. */
export function boundNano(network: Network, priceMicro: readonly number[]): bigint {
  const at = (node: Node): number => priceMicro[node] ?? 0;
  let sum = 0n;
  for (const { tail, head, capacityWh, valueMicro } of network.arcs) {
    const reduced = valueMicro + at(head) - at(tail);
    if (reduced > 0) sum += BigInt(capacityWh) * BigInt(reduced);
  }
  for (const [node, wh] of network.givenWh.entries()) if (wh > 0) sum += BigInt(wh) * BigInt(at(node));
  return sum;
}
