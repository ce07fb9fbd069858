// The live store: one connection, the newest final block, the chain's clock, and a beat that pages refresh by.
import { Rpc, type Status } from '../api/rpc';
import { Node } from '../api/node';
import type { Person } from '../api/types';
import type { Address } from 'viem';
import { atMostEvery } from './pace';

/** Between two refreshes of what pages show, at least: blocks may come faster than a person reads. */
const BEAT_MIN_MS = 250;
/** Blocks come twice a second; after this long without one the connection is asked whether it lives. */
const SILENCE_MAX_MS = 8_000;
/** Between two steps of the shown clock. */
const CLOCK_MS = 1_000;
/** The pace is measured over so much wall time, and told from a part of it on. */
const PACE_WINDOW_MS = 20_000;
const PACE_FROM_MS = 4_000;
/** The paces that people choose; measuring wobbles. */
const PACES = [1, 2, 3, 5, 10, 15, 20, 30, 60, 100, 120, 200, 240, 300, 400, 500, 600];
const NO_LOGS = /^0x0*$/;

type Header = { number: string; timestamp: string; timestampMs?: string; logsBloom: string; gasUsed: string };

class Chain {
  status = $state<Status>('connecting');
  height = $state(0);
  /** Rises when something changed that a page may show. */
  beat = $state(0);
  /** The chain's time, milliseconds, going on between blocks. */
  nowMs = $state(0);
  /** Whether the chain's time is known. Nothing is shown before: a deadline counted from 1970 is a long one, and the page then moves. */
  begun = $derived(this.nowMs > 0);
  /** How many times as fast as the wall's clock. */
  pace = $state(1);
  chainId = $state(0);
  people = $state.raw(new Map<string, Person>());

  readonly rpc: Rpc;
  readonly node: Node;
  readonly #beat = atMostEvery(BEAT_MIN_MS, () => {
    this.#tick();
    this.beat++;
  });
  #headMs = 0;
  #headSeen = 0;
  #asked = 0;
  #samples: { wall: number; chain: number }[] = [];

  constructor() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const path = import.meta.env.DEV ? '/rpc' : '/';
    this.rpc = new Rpc(`${scheme}://${location.host}${path}`, (status) => (this.status = status), () => void this.#begin());
    this.node = new Node(this.rpc);
  }

  /** Once, at the page's start. */
  open(): void {
    this.rpc.open();
    const retry = () => document.visibilityState === 'visible' && this.rpc.retryNow();
    addEventListener('online', retry);
    document.addEventListener('visibilitychange', retry);
    setInterval(() => this.#tick(), CLOCK_MS);
  }

  nameOf(address: string): Person | undefined {
    return this.people.get(address.toLowerCase());
  }

  isSimulated(address: Address): boolean {
    return this.nameOf(address)?.simulated ?? false;
  }

  async #begin(): Promise<void> {
    try {
      this.#samples = [];
      await this.rpc.subscribe(['newHeads'], (header) => this.#head(header as Header));
      const newest = await this.rpc.request<Header>('eth_getBlockByNumber', ['latest', false]);
      this.chainId ||= await this.node.chainId();
      this.#head(newest);
      this.#beat();
    } catch {
      return; // the connection broke again; the next one begins anew
    }
    const named = await fetch('/town.json').then((answer) => (answer.ok ? (answer.json() as Promise<Person[]>) : []), () => []);
    this.people = new Map(named.map((person) => [person.address.toLowerCase(), person]));
  }

  #head(header: Header): void {
    this.height = Number(BigInt(header.number));
    this.#headMs = header.timestampMs ? Number(BigInt(header.timestampMs)) : Number(BigInt(header.timestamp)) * 1_000;
    this.#headSeen = performance.now();
    this.#samples.push({ wall: this.#headSeen, chain: this.#headMs });
    while (this.#samples.length > 2 && this.#headSeen - this.#samples[0]!.wall > PACE_WINDOW_MS) this.#samples.shift();
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    if (last.wall - first.wall > PACE_FROM_MS) this.pace = nearest((last.chain - first.chain) / (last.wall - first.wall));
    if (this.nowMs === 0) this.#tick();
    if (!NO_LOGS.test(header.logsBloom) || BigInt(header.gasUsed) > 0n) this.#beat();
  }

  #tick(): void {
    if (this.#headMs === 0) return;
    this.#listen();
    const since = this.status === 'live' ? (performance.now() - this.#headSeen) * this.pace : 0;
    this.nowMs = Math.max(this.nowMs, Math.floor(this.#headMs + since));
  }

  /** A phone that slept may hold a connection that is dead. A question that is not answered closes it. */
  #listen(): void {
    const now = performance.now();
    if (this.status !== 'live' || now - Math.max(this.#headSeen, this.#asked) < SILENCE_MAX_MS) return;
    this.#asked = now;
    this.rpc.request('eth_blockNumber').catch(() => undefined);
  }
}

function nearest(pace: number): number {
  const distance = (one: number) => Math.abs(Math.log(pace / one));
  return PACES.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}

export const chain = new Chain();

/** What a page shows of the chain: asked for at once, again at every beat, and when what it depends on changes. The old value
 *  stays until the new one is there. Call it while a component is made. */
export function live<T>(ask: () => Promise<T> | undefined) {
  let value = $state.raw<T>();
  let error = $state.raw<unknown>();
  let newest = 0;
  $effect(() => {
    void chain.beat;
    if (chain.status !== 'live' || !chain.begun) return;
    const turn = ++newest;
    ask()?.then(
      (answer) => {
        if (turn !== newest) return;
        value = answer;
        error = undefined;
      },
      (failure: unknown) => {
        if (turn === newest) error = failure;
      },
    );
  });
  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    /** Whether a first answer, good or bad, is there. A page shows itself when all that it asks for is settled, so that nothing jumps. */
    get settled() {
      return value !== undefined || error !== undefined;
    },
  };
}
