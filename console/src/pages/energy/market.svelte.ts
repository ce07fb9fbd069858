// One market as the page follows it: what never changes is asked once, slots and positions when an event says that they changed, and a certificate is
// checked once. A look at the newest events every few seconds is all that goes on by itself.
import { addresses, energyAbi } from '@dure/sdk';
import { DAY_SLOTS, Memory, NotShown, auctionId, checkAuction, energyEvent, eventsOf, inTurn, saidLogs, type Ask, type FactsOf, type Said, type Shown } from '@dure/sdk/energy';
import type { Anchor } from '@dure/sdk/proof';
import { tick } from 'svelte';
import { numberToHex, toEventSelector, type AbiEvent, type Hex } from 'viem';
import type { EnergyMarket, EnergyMeter } from '../../lib/api/node';
import { Offline } from '../../lib/api/rpc';
import { firstSlotOf, type Position, type SlotView } from '../../lib/domain/energy';
import { chain } from '../../lib/state/chain.svelte';

/** Questions at once. */
const PARALLEL = 6;
/** Between two looks at the newest events, and between two at what meters have traded, at least. */
export const LOOK_MS = 3_000;
const POSITIONS_MS = 10_000;
/** Meters that are shown. */
const METERS_MAX = 200;
/** Days whose clearings, and changes of lines, are looked for. */
const DAYS_BACK = 3;
/** Slots that are kept (two weeks), and checks, which hold a whole book each. */
const SLOTS_MAX = 14 * DAY_SLOTS;
const CHECKS_MAX = 8;
/** How often a check is begun anew where the node does not show yet what it has told of. */
const TRIES_MAX = 3;

export const ask: Ask = (method, params) => chain.rpc.request(method, params);

export type Row = FactsOf<'MarketOpened'>;
export const markets = async (): Promise<Row[]> => eventsOf(await saidLogs(ask, ['MarketOpened'], [], () => false), 'MarketOpened');

export type MeterRow = Pick<EnergyMeter, 'owner' | 'zone' | 'importMaxWh' | 'attested'> & { id: Hex };
export type Cleared = FactsOf<'Cleared'>;
/** What the check of an auction has come to; while it runs how far it is. */
export type Check = { proven: number; all: number; anchor?: Anchor; shown?: Shown; failure?: NotShown };

const FOLLOWED = ['Cleared', 'CapsSet', 'RedispatchOrdered', 'SlotSettled'] as const;
const SELECTORS = FOLLOWED.map((name) => toEventSelector(energyAbi.find((item) => item.type === 'event' && item.name === name) as AbiEvent));
const memory = new Memory();
let anchor: Promise<Anchor> | undefined;
const anchorOf = () => (anchor ??= chain.rpc.request<Anchor>('dure_getAnchor').catch((failure: unknown) => ((anchor = undefined), Promise.reject(failure))));

export class Market {
  record = $state.raw<EnergyMarket>();
  meters = $state.raw<MeterRow[]>([]);
  cleared = $state.raw<Cleared[]>([]);
  caps = $state.raw<FactsOf<'CapsSet'>[]>([]);
  /** What the operator asked to be shifted: the last of a slot counts. */
  shifts = $state.raw<FactsOf<'RedispatchOrdered'>[]>([]);
  slots = $state.raw<ReadonlyMap<number, SlotView | undefined>>(new Map());
  /** Of the day that is looked at. */
  positions = $state.raw<Position[]>([]);
  checks = $state.raw<ReadonlyMap<Hex, Check>>(new Map());
  /** Rises when something was settled. */
  settled = $state(0);
  failure = $state.raw<unknown>();
  /** The height from which on events were looked for. */
  oldest = 0;
  /** Whether everything of a first look is there. */
  begun = $state(false);
  day = $state<number>();
  #next: number | undefined;
  #busy = false;
  #again = false;
  #tradedAt = -Infinity;
  #traded = '';
  readonly #tries = new Map<Hex, number>();

  constructor(readonly id: Hex) {}

  /** Days that have a clearing of a day. */
  get days(): number[] {
    return [...new Set(this.cleared.filter(({ slots }) => slots === DAY_SLOTS).map(({ firstSlot }) => firstSlot / DAY_SLOTS))].sort((a, b) => a - b);
  }

  auctionOf(day: number): Hex {
    return auctionId(this.id, firstSlotOf(day), DAY_SLOTS);
  }

  show(day: number): void {
    if (day === this.day) return;
    this.day = day;
    this.positions = [];
    this.#traded = '';
    this.look();
  }

  /** Asks for what is new. Looks do not overlap. */
  look(): void {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#look()
      .then(() => (this.failure = undefined), (failure: unknown) => (this.failure = failure))
      .finally(() => {
        this.#busy = false;
        if (this.#again) ((this.#again = false), this.look());
      });
  }

  async #look(): Promise<void> {
    if (chain.status !== 'live') return;
    await (this.#next === undefined ? this.#begin() : this.#follow(this.#next));
    await tick(); // the page may look at another day now that it knows which there are
    if (this.#again && !this.begun) return;
    if (this.day !== undefined) {
      await this.#slotsOf(this.day);
      await this.#positionsOf(this.day);
      const auction = this.auctionOf(this.day);
      if (this.cleared.some((one) => one.auction === auction)) void this.#check(auction);
    }
    this.begun = true;
  }

  async #begin(): Promise<void> {
    const height = chain.height;
    const long = Math.floor(chain.nowMs / 900_000) - DAYS_BACK * DAY_SLOTS;
    let oldest = height;
    const longAgo = (found: Said[], from: number) => {
      oldest = from;
      return eventsOf(found.slice(0, 1), 'Cleared').some(({ firstSlot }) => firstSlot < long);
    };
    const [record, cleared] = await Promise.all([chain.node.market(this.id), saidLogs(ask, ['Cleared'], [null, this.id], longAgo)]);
    const asFar = (_: Said[], from: number) => from <= oldest;
    const [caps, shifts] = await Promise.all([
      saidLogs(ask, ['CapsSet'], [this.id], asFar),
      saidLogs(ask, ['RedispatchOrdered'], [null, this.id], asFar),
    ]);
    this.oldest = oldest;
    await this.#meet(record.meters);
    this.record = record;
    this.#next = height + 1;
    this.cleared = eventsOf(cleared, 'Cleared');
    this.caps = eventsOf(caps, 'CapsSet');
    this.shifts = eventsOf(shifts, 'RedispatchOrdered');
  }

  async #meet(count: number): Promise<void> {
    const numbers = Array.from({ length: Math.min(count, METERS_MAX) }, (_, number) => number).slice(this.meters.length);
    const met = await inTurn(numbers, PARALLEL, async (number) => {
      const id = await chain.node.meterAt(this.id, number);
      const { owner, zone, importMaxWh, attested } = await chain.node.meter(id);
      return { id, owner, zone, importMaxWh, attested };
    });
    if (met.length > 0) this.meters = [...this.meters, ...met];
  }

  /** The events since the last look, and what they change. */
  async #follow(from: number): Promise<void> {
    const height = chain.height;
    if (height < from) return;
    const filter = { address: addresses.energy, topics: [SELECTORS], fromBlock: numberToHex(from), toBlock: numberToHex(height) };
    const events = ((await ask('eth_getLogs', [filter])) as Said[]).flatMap((log) => energyEvent(log) ?? []);
    const stale = new Set<number>();
    for (const { name, facts } of events) {
      if (!('market' in facts) || facts.market !== this.id) continue;
      if (name === 'Cleared') {
        this.cleared = [...this.cleared, facts].slice(-SLOTS_MAX);
        for (let slot = facts.firstSlot; slot < facts.firstSlot + facts.slots; slot++) stale.add(slot);
      } else if (name === 'CapsSet') this.caps = [...this.caps, facts].slice(-SLOTS_MAX);
      else if (name === 'RedispatchOrdered') this.shifts = [...this.shifts, facts].slice(-SLOTS_MAX);
      else if (name === 'SlotSettled') {
        stale.add(facts.slot);
        this.settled++;
      }
    }
    if (stale.size > 0) {
      const kept = [...this.slots].filter(([slot]) => !stale.has(slot)).slice(-SLOTS_MAX);
      this.slots = new Map(kept);
      const record = await chain.node.market(this.id);
      await this.#meet(record.meters);
      this.record = record;
    }
    this.#next = height + 1;
  }

  /** The slots of a day that are not known: a slot whose record there is not yet is known as nothing until an event names it. */
  async #slotsOf(day: number): Promise<void> {
    const missing = Array.from({ length: DAY_SLOTS }, (_, at) => firstSlotOf(day) + at).filter((slot) => !this.slots.has(slot));
    if (missing.length === 0) return;
    const found = await inTurn(missing, PARALLEL, (slot) => chain.node.quarter(this.id, slot).catch(none));
    this.slots = new Map([...this.slots, ...missing.map((slot, at) => [slot, found[at]] as const)]);
  }

  /** What meters have sold and bought, again where something was cleared since, but not too often. */
  async #positionsOf(day: number): Promise<void> {
    const of = `${day}:${this.meters.length}:${this.cleared.filter(({ firstSlot }) => Math.floor(firstSlot / DAY_SLOTS) === day).length}`;
    if (of === this.#traded || (this.positions.length > 0 && performance.now() - this.#tradedAt < POSITIONS_MS)) return;
    const positions = await inTurn(this.meters, PARALLEL, async ({ id, zone }) => ({ meter: id, zone, netWh: (await chain.node.position(id, day))[0] }));
    if (this.day !== day) return;
    this.positions = positions;
    this.#tradedAt = performance.now();
    this.#traded = of;
  }

  async #check(auction: Hex): Promise<void> {
    if (this.checks.has(auction)) return;
    const others = () => [...this.checks].filter(([id]) => id !== auction);
    const put = (check: Check) => (this.checks = new Map([...others(), [auction, check] as const].slice(-CHECKS_MAX)));
    let check: Check = { proven: 0, all: 0 };
    put(check);
    let over = false; // what was under way beside a failure may still be answered
    try {
      const anchor = await anchorOf();
      const progress = (proven: number, all: number) => over || put((check = { ...check, proven, all, anchor }));
      const shown = await checkAuction(auction, { ask, anchor, parallel: PARALLEL, progress, memory });
      put({ ...check, shown });
    } catch (failure) {
      over = true;
      const tries = (this.#tries.get(auction) ?? 0) + 1;
      this.#tries.set(auction, tries);
      const later = failure instanceof NotShown && (failure.reason === 'NotCleared' || failure.reason === 'Missing') && tries < TRIES_MAX;
      if (failure instanceof NotShown && !later) put({ ...check, failure });
      else this.checks = new Map(others()); // the node was away, or its proofs are behind its logs: at the next look again
    }
  }
}

/** The chain has no record of the slot; a node that is away is another matter. */
function none(failure: unknown): undefined {
  if (failure instanceof Offline) throw failure;
  return undefined;
}

