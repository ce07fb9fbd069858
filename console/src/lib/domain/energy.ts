// What a day of an energy market comes to: batteries, what flows, curves, lines, a bill. Energy in Wh, prices in micro-units per kWh, money in nano-units
// (Wh × micro-units per kWh). Functions of values; tested without a browser.
import { DAY_SLOTS, type Best, type OpenBid, type Terms, type Zone } from '@dure/sdk/energy';
import type { Hex } from 'viem';

/** A quarter of an hour as the chain's view `slot` has it. */
export type SlotView = { progress: number; priceMicro: readonly bigint[]; flowWh: readonly bigint[]; longWh: readonly bigint[]; shortWh: readonly bigint[]; shiftedWh?: number; operatorNano?: bigint };
export const SETTLED = 2;

/** Wh in a quarter of an hour as the mean power, kW. */
export const kw = (wh: number): number => (wh * 4) / 1_000;
/** A day by its number has the slots from here on. */
export const firstSlotOf = (day: number): number => day * DAY_SLOTS;

/** What one battery does on a day, by the certificate. */
export type BatteryDay = {
  meter: Hex; zone: number; capacityWh: number;
  /** What is in it when each slot begins, and at the end: one more than there are slots. */
  stateWh: number[];
  /** Taken (+) and given (−) in each slot. */
  netWh: number[];
};

export function batteriesOf({ book, network, cleared }: Best): BatteryDay[] {
  const all = new Map<number, BatteryDay>();
  for (const [at, { use }] of network.arcs.entries()) {
    if (use.kind !== 'charge' && use.kind !== 'discharge' && use.kind !== 'keep') continue;
    const { meter, zone, bid: { battery } } = book.bids[use.bid]!;
    const of = all.get(use.bid) ?? { meter, zone, capacityWh: battery!.capacityWh, stateWh: [battery!.initialWh], netWh: book.freeWh.map(() => 0) };
    all.set(use.bid, of);
    const wh = cleared.flowWh[at]!;
    if (use.kind === 'keep') of.stateWh[use.slot + 1] = wh;
    else of.netWh[use.slot]! += use.kind === 'charge' ? wh : -wh;
  }
  return [...all.values()];
}

/** What a meter sold (+) and bought (−) in each slot of a day. */
export type Position = { meter: Hex; zone: number; netWh: readonly number[] };
/** What flows in a slot, in all or in one zone; all at least 0. */
export type Flow = { soldWh: number; boughtWh: number; chargedWh: number; dischargedWh: number };

/** What people traded in a slot, batteries apart. */
export function flowIn(slot: number, positions: readonly Position[], batteries: readonly BatteryDay[], zone?: number): Flow {
  const flow = { soldWh: 0, boughtWh: 0, chargedWh: 0, dischargedWh: 0 };
  const here = (one: { zone: number }) => zone === undefined || one.zone === zone;
  const stored = new Map(batteries.filter(here).map(({ meter, netWh }) => [meter, netWh[slot] ?? 0]));
  for (const wh of stored.values()) {
    flow.chargedWh += Math.max(0, wh);
    flow.dischargedWh += Math.max(0, -wh);
  }
  for (const { meter, netWh } of positions.filter(here)) {
    const own = (netWh[slot] ?? 0) + (stored.get(meter) ?? 0);
    flow.soldWh += Math.max(0, own);
    flow.boughtWh += Math.max(0, -own);
  }
  return flow;
}

/** A step of a curve: so much more at this price. A price at ±∞ is of what flows whatever the price is. */
export type Step = { wh: number; micro: number };
export type Curve = { supply: Step[]; demand: Step[] };

type Around = { terms: Terms; zones: readonly Zone[]; flowWh: readonly number[]; batteries: readonly BatteryDay[] };

/** Offers from the cheapest and bids from the dearest, of all zones or of one, with what batteries and lines bring and take. */
export function curveOf(bids: readonly OpenBid[], slot: number, { terms, zones, flowWh, batteries }: Around, zone?: number): Curve {
  const curve: Curve = { supply: [], demand: [] };
  const add = (side: Step[], wh: number, micro: number) => wh > 0 && side.push({ wh, micro });
  for (const open of bids) {
    if (zone !== undefined && open.zone !== zone) continue;
    for (const order of open.bid.orders) if (order.slot === slot) add(order.buys ? curve.demand : curve.supply, order.wh, order.limitMicro);
  }
  const { chargedWh, dischargedWh } = flowIn(slot, [], batteries, zone);
  // Towards the inside: from the grid at the root, from the parent's zone else; and from the zones behind.
  const inwards = zone === undefined ? 0 : zones.reduce((sum, { parent }, at) => sum + (at > 0 && parent === zone ? flowWh[at]! : 0), zone > 0 ? -flowWh[zone]! : 0);
  add(curve.supply, Math.max(0, inwards) + dischargedWh, -Infinity);
  add(curve.demand, Math.max(0, -inwards) + chargedWh, Infinity);
  if (zone === undefined || zone === 0) {
    add(curve.supply, zones[0]!.downWh, terms.retailMicro);
    add(curve.demand, zones[0]!.upWh, terms.feedInMicro);
  }
  curve.supply.sort((a, b) => a.micro - b.micro);
  curve.demand.sort((a, b) => b.micro - a.micro);
  return curve;
}

/** How much is traded where the curves meet: the most that both sides want at one price. */
export function crossing({ supply, demand }: Curve): number {
  const [sell, buy] = [supply.map((step) => ({ ...step })), demand.map((step) => ({ ...step }))];
  let wh = 0;
  while (sell[0] && buy[0] && sell[0].micro <= buy[0].micro) {
    const part = Math.min(sell[0].wh, buy[0].wh);
    wh += part;
    for (const side of [sell, buy]) if ((side[0]!.wh -= part) === 0) side.shift();
  }
  return wh;
}

/** What an operator set for a line. */
export type CapsSet = { zone: number; firstSlot: number; slots: number; upWh: number; downWh: number };

/** What a zone's line carries in a slot, after all that was set: towards the parent, and from it. */
export function capsAt({ upWh, downWh }: Pick<Zone, 'upWh' | 'downWh'>, zone: number, slot: number, set: readonly CapsSet[]): { upWh: number; downWh: number } {
  const last = set.findLast((one) => one.zone === zone && one.firstSlot <= slot && slot < one.firstSlot + one.slots);
  return last ? { upWh: last.upWh, downWh: last.downWh } : { upWh, downWh };
}

/** How much of what a line may carry it carries, 0 to 1; a closed line that carries nothing is empty. */
export function fullness(flowWh: number, caps: { upWh: number; downWh: number }): number {
  const most = flowWh >= 0 ? caps.upWh : caps.downWh;
  return flowWh === 0 ? 0 : most === 0 ? 1 : Math.abs(flowWh) / most;
}

/** How much more it carries than it may: what was traded before it was let carry less. */
export const overWh = (flowWh: number, caps: { upWh: number; downWh: number }): number => Math.max(0, flowWh >= 0 ? flowWh - caps.upWh : -flowWh - caps.downWh);

/** A share at which a line is called full. */
export const FULL = 0.999;

/** What deviations are paid at. The price is the slot's, but no further beyond the supplier's two than they are apart. */
type Rates = { priceMicro: bigint; retailMicro: bigint; feedInMicro: bigint; longWh: bigint; shortWh: bigint };

/** What neighbours do not even out is paid at: the supplier's price or the slot's, whichever is worse for the meter. */
function restMicro({ priceMicro, retailMicro, feedInMicro }: Rates, long: boolean): bigint {
  if (long) return feedInMicro < priceMicro ? feedInMicro : priceMicro;
  return retailMicro > priceMicro ? retailMicro : priceMicro;
}

/** What a deviation brings (+) or costs (−): crates/rules/src/energy/settlement.rs, `Rates::nano`. */
export function deviationNano(deviationWh: number, rates: Rates): bigint {
  const long = deviationWh > 0;
  const [all, rest] = [long ? rates.longWh : rates.shortWh, restMicro(rates, long)];
  const deviation = BigInt(deviationWh);
  if (all === 0n) return deviation * rest;
  const inside = rates.longWh < rates.shortWh ? rates.longWh : rates.shortWh;
  return floorDiv(deviation * (inside * rates.priceMicro + (all - inside) * rest), all);
}

const floorDiv = (value: bigint, by: bigint): bigint => value / by - (value % by < 0n ? 1n : 0n);

/** Zones at the same price in a slot even each other out. */
function ratesOf(slot: SlotView, zone: number, { retailMicro, feedInMicro }: BillTerms): Rates {
  const priceMicro = slot.priceMicro[zone] ?? 0n;
  const sum = (side: readonly bigint[]) => side.reduce((all, wh, at) => (slot.priceMicro[at] === priceMicro ? all + wh : all), 0n);
  const apart = retailMicro - feedInMicro;
  const [least, most] = [feedInMicro - apart, retailMicro + apart];
  const bounded = priceMicro < least ? least : priceMicro > most ? most : priceMicro;
  return { priceMicro: bounded, retailMicro, feedInMicro, longWh: sum(slot.longWh), shortWh: sum(slot.shortWh) };
}

type BillTerms = { retailMicro: bigint; feedInMicro: bigint };
export type Metered = { netWh: readonly number[]; read: bigint; settled: bigint };
export type Bill = {
  /** Slots that are settled, and of these those without a reading. */
  settled: number; unread: number;
  soldWh: number; boughtWh: number; tradedNano: bigint;
  /** Delivered beyond what was traded, and short of it. */
  longWh: number; shortWh: number; deviationNano: bigint;
  /** What was charged for slots without a reading. */
  unreadNano: bigint;
  /**
   * What the slots with a reading came to, and what the same energy would have brought (+) or cost (−) with the supplier alone. Slots whose price lies beyond
   * the supplier's two are only counted: a line was full or cost a fee, and the supplier alone would have met it too.
   */
  readNano: bigint; supplierNano: bigint; leftOut: number;
};

type BillOf = {
  zone: number; importMaxWh: number; terms: BillTerms; position: { netWh: readonly number[]; nano: readonly bigint[] }; metered: Metered;
  /** One a slot of the day, where the chain has it. */
  slots: readonly (SlotView | undefined)[];
  /** What slots of the day brought (+) or cost (−) after they were settled: a reading came late, or was challenged. */
  corrected: ReadonlyMap<number, bigint>;
};

/** What a meter's day came to, over the slots that are settled. */
export function billOf({ zone, importMaxWh, terms, position, metered, slots, corrected }: BillOf): Bill {
  const bill: Bill = { settled: 0, unread: 0, soldWh: 0, boughtWh: 0, tradedNano: 0n, longWh: 0, shortWh: 0, deviationNano: 0n, unreadNano: 0n, readNano: 0n, supplierNano: 0n, leftOut: 0 };
  for (let at = 0; at < DAY_SLOTS; at++) {
    const slot = slots[at];
    if (slot?.progress !== SETTLED) continue;
    bill.settled++;
    if (((metered.settled >> BigInt(at)) & 1n) === 0n) continue; // it took no part
    const [traded, net] = [position.netWh[at] ?? 0, metered.netWh[at] ?? 0];
    bill.soldWh += Math.max(0, traded);
    bill.boughtWh += Math.max(0, -traded);
    bill.tradedNano += position.nano[at] ?? 0n;
    const shared = ratesOf(slot, zone, terms);
    const alone = { ...shared, longWh: 0n, shortWh: 0n };
    if (((metered.read >> BigInt(at)) & 1n) === 0n) {
      bill.unread++;
      bill.unreadNano += deviationNano(-(importMaxWh + traded), alone); // as if it had drawn all that it can
      continue;
    }
    const deviation = net - traded;
    bill.longWh += Math.max(0, deviation);
    bill.shortWh += Math.max(0, -deviation);
    const nano = paidFor(deviation, -(importMaxWh + traded), { alone, shared }, corrected.get(at));
    bill.deviationNano += nano;
    if (shared.priceMicro < terms.feedInMicro || shared.priceMicro > terms.retailMicro) {
      bill.leftOut++;
      continue;
    }
    bill.readNano += nano + (position.nano[at] ?? 0n);
    bill.supplierNano += BigInt(net) * (net > 0 ? terms.feedInMicro : terms.retailMicro);
  }
  return bill;
}

/**
 * What a deviation was paid with, corrections and all. A late reading takes the place of what was charged (`unreadWh`); one that was challenged was paid with
 * neighbours as it first stood, and the difference with the supplier.
 */
function paidFor(deviationWh: number, unreadWh: number, { alone, shared }: { alone: Rates; shared: Rates }, corrected: bigint | undefined): bigint {
  if (corrected === undefined) return deviationNano(deviationWh, shared);
  const now = deviationNano(deviationWh, alone);
  const before = now - corrected;
  if (before === deviationNano(unreadWh, alone)) return now;
  // Which way it was is not told: a surplus at a price below 0 costs as well. It is a whole number of Wh.
  const long = restMicro(alone, true);
  const micro = long !== 0n && before / long > 0n && before % long === 0n ? long : restMicro(alone, false);
  return deviationNano(micro === 0n ? 0 : Number(before / micro), shared) + corrected;
}
