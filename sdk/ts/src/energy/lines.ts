/** What was free on the lines when the bids of an auction were open: the zones' own figures, and what the operator had set by then. */
import type { Hex } from '../proof/index.js';
import { type Ask, type Said, eventsOf, saidLogs } from './events.js';
import type { Done, Prover } from './prover.js';
import { NotShown } from './reasons.js';
import { type Auction, type Caps, DAY_SLOTS, type Free, type Market, decodeCaps, subjects } from './records.js';

/** An auction clears at most a day before its first slot (the longest gate), so one that is older than two days cannot have traded the same slots. */
const DAYS_BACK = 2;

interface Of {
  id: Hex;
  auction: Auction;
  market: Market;
  /** Where the node says that the stage of solving began. */
  began: Said | undefined;
}
export interface Lines {
  freeWh: Free[][];
  /** Transactions in which other auctions cleared slots of this one later, by slot, as the node says. */
  tradedLater: Map<number, Hex>;
}

export async function freeLines(prover: Prover, ask: Ask, { id, auction, market, began }: Of): Promise<Lines> {
  if (!began) throw new NotShown('Missing', { what: 'stage' });
  const day = Math.floor(auction.firstSlot / DAY_SLOTS);
  prover.plan(1);
  const [stage, caps, others] = await Promise.all([
    prover.done(began.transactionHash),
    prover.each([...market.zones.keys()], (zone) => prover.record('line', subjects.caps(auction.market, zone, day), decodeCaps)),
    saidLogs(ask, ['Cleared'], [null, auction.market], (found) => eventsOf(found.slice(0, 1), 'Cleared').some(({ firstSlot }) => firstSlot < auction.firstSlot - DAYS_BACK * DAY_SLOTS)),
  ]);
  if (!eventsOf(stage.logs, 'StageBegan').some((event) => event.auction === id && event.stage === 2)) throw new NotShown('Missing', { what: 'stage' });
  const tradedLater = new Map<number, Hex>();
  for (const log of others) {
    const [other] = eventsOf([log], 'Cleared');
    if (!other || other.auction === id) continue;
    const earlier = log.height < began.height || (log.height === began.height && log.logIndex < began.logIndex);
    for (let slot = other.firstSlot; slot < other.firstSlot + other.slots; slot += 1) {
      if (slot < auction.firstSlot || slot >= auction.firstSlot + auction.slots) continue;
      if (earlier) throw new NotShown('EarlierTrades', { slot });
      tradedLater.set(slot, log.transactionHash);
    }
  }
  const changed = await Promise.all(caps.map((now, zone) => (now ? capsThen(prover, ask, { auction, market, zone, day, stage, now }) : undefined)));
  const at = auction.firstSlot % DAY_SLOTS;
  const freeWh = Array.from({ length: auction.slots }, (_, slot) =>
    market.zones.map(({ upWh, downWh }, zone): Free => [changed[zone]?.upWh[at + slot] ?? upWh, changed[zone]?.downWh[at + slot] ?? downWh]),
  );
  return { freeWh, tradedLater };
}

interface Then {
  auction: Auction;
  market: Market;
  zone: number;
  day: number;
  stage: Done;
  now: Caps;
}

/** Replays what the operator set for a line on the day: all of it makes the record of now, what came before the stage makes the lines of then. */
async function capsThen(prover: Prover, ask: Ask, { auction, market, zone, day, stage, now }: Then): Promise<Caps> {
  const topic: Hex = `0x${zone.toString(16).padStart(64, '0')}`;
  const { upWh, downWh } = market.zones[zone]!;
  const [then, all]: [Caps, Caps] = [whole(upWh, downWh), whole(upWh, downWh)];
  const isOfDay = ({ firstSlot }: { firstSlot: number }): boolean => Math.floor(firstSlot / DAY_SLOTS) === day;
  const logs = await saidLogs(ask, ['CapsSet'], [auction.market, topic], () => false);
  const hashes = new Set(logs.filter((log) => eventsOf([log], 'CapsSet').some(isOfDay)).map(({ transactionHash }) => transactionHash));
  const done = await prover.each([...hashes], (hash) => prover.done(hash));
  done.sort((a, b) => Number(a.height - b.height) || a.index - b.index);
  for (const one of done) {
    const before = one.height < stage.height || (one.height === stage.height && one.index < stage.index);
    for (const event of eventsOf(one.logs, 'CapsSet')) {
      if (event.market !== auction.market || event.zone !== zone || !isOfDay(event)) continue;
      for (const caps of before ? [then, all] : [all]) set(caps, event);
    }
  }
  if (all.upWh.join() !== now.upWh.join() || all.downWh.join() !== now.downWh.join()) throw new NotShown('Caps', { zone });
  return then;
}

const whole = (upWh: number, downWh: number): Caps => ({ upWh: Array<number>(DAY_SLOTS).fill(upWh), downWh: Array<number>(DAY_SLOTS).fill(downWh) });

function set({ upWh, downWh }: Caps, event: { firstSlot: number; slots: number; upWh: number; downWh: number }): void {
  const first = event.firstSlot % DAY_SLOTS;
  upWh.fill(event.upWh, first, first + event.slots);
  downWh.fill(event.downWh, first, first + event.slots);
}
