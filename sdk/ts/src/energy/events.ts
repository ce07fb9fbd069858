/** Events of the energy institution: what a log says, and where a node says that logs stand. */
import { type AbiEvent, decodeEventLog, numberToHex, toEventSelector } from 'viem';
import { addresses, energyAbi } from '../generated/index.js';
import type { Hex, Log } from '../proof/index.js';
import type { DureEvent } from '../watch.js';

/** Asks a node, as EIP-1193 does. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

type Key = Extract<DureEvent['key'], `energy.${string}`>;
type Name = Key extends `energy.${infer N}` ? N : never;
export type EnergyEvent = { [K in Key]: { name: K extends `energy.${infer N}` ? N : never; facts: Extract<DureEvent, { key: K }>['facts'] } }[Key];
export type FactsOf<N extends EnergyEvent['name']> = Extract<EnergyEvent, { name: N }>['facts'];

/** An event of the institution; nothing where the log is another's. */
export function energyEvent({ address, topics, data }: Log): EnergyEvent | undefined {
  if (address.toLowerCase() !== addresses.energy) return undefined;
  try {
    const { eventName, args } = decodeEventLog({ abi: energyAbi, topics: topics as [Hex, ...Hex[]], data });
    return { name: eventName, facts: args } as unknown as EnergyEvent;
  } catch {
    return undefined; // an event of a newer law
  }
}

/** Events of one name among logs. */
export function eventsOf<N extends EnergyEvent['name']>(logs: readonly Log[], name: N): FactsOf<N>[] {
  return logs.flatMap((log) => {
    const event = energyEvent(log);
    return event?.name === name ? [event.facts as FactsOf<N>] : [];
  });
}

/** A log where the node says that it stands. */
export interface Said extends Log {
  transactionHash: Hex;
  height: number;
  logIndex: number;
}

/** Blocks that questions about logs span, one after the other; the last one goes on. A node answers no longer ones. */
const SPANS_BLOCKS = [2_000, 10_000, 50_000, 99_000];
/** Questions that are asked at most. */
const PAGES_MAX = 50;

/**
 * Logs of the institution with these events and further topics, in the order of the chain, from the newest back until `enough` says so of what was found
 * down to a height.
 */
export async function saidLogs(ask: Ask, names: readonly Name[], topics: readonly (Hex | null)[], enough: (found: Said[], from: number) => boolean): Promise<Said[]> {
  const selectors = names.map((name) => toEventSelector(energyAbi.find((item) => item.type === 'event' && item.name === name) as AbiEvent));
  let found: Said[] = [];
  let to = Number(await ask('eth_blockNumber', []));
  for (let page = 0; page < PAGES_MAX && to >= 0; page += 1) {
    const from = Math.max(0, to - (SPANS_BLOCKS[page] ?? SPANS_BLOCKS.at(-1)!));
    const filter = { address: addresses.energy, topics: [selectors, ...topics], fromBlock: numberToHex(from), toBlock: numberToHex(to) };
    const logs = (await ask('eth_getLogs', [filter])) as (Log & { transactionHash: Hex; blockNumber: Hex; logIndex: Hex })[];
    found = [...logs.map((log) => ({ ...log, height: Number(log.blockNumber), logIndex: Number(log.logIndex) })), ...found];
    if (enough(found, from)) break;
    to = from - 1;
  }
  return found;
}
