/** Events of the modules as they become final. */
import { type Abi, type Address, type Hex, type Log, type Transport, decodeEventLog } from 'viem';
import { watchEvent } from 'viem/actions';
import type { AnyClient } from './act.js';
import { addresses } from './generated/index.js';
import { interfaceAt } from './interfaces.js';
import type { EventFacts, EventKey } from './types.js';

/** An event by its key, with its facts. */
export type DureEvent = { [K in EventKey]: { key: K; facts: EventFacts<K>; log: Log } }[EventKey];

/** What a log is; nothing where it is no event of a module. */
export function decodeEvent(log: Log): DureEvent | undefined {
  const found = interfaceAt(log.address);
  if (found === undefined) return undefined;
  try {
    const { eventName, args } = decodeEventLog({ abi: found.abi as Abi, data: log.data, topics: log.topics as [Hex, ...Hex[]] });
    return { key: `${found.name}.${eventName}`, facts: args ?? {}, log } as unknown as DureEvent;
  } catch {
    return undefined; // an event of a newer law
  }
}

export interface WatchOptions {
  onEvent: (event: DureEvent) => void;
  onError?: (error: Error) => void;
  /** Institutions to listen to; else the orders. */
  addresses?: Address[];
}

/** Between two looks where the client has no WebSocket, milliseconds. */
const LOOK_AGAIN_MS = 250;

/** By subscription over a WebSocket, else by polling a filter. */
export function watchEvents(client: AnyClient, { onEvent, onError, addresses: at = [addresses.orders] }: WatchOptions): () => void {
  const onLogs = (logs: Log[]) => {
    for (const event of logs.map(decodeEvent)) if (event !== undefined) onEvent(event);
  };
  const common = { address: at, onLogs, ...(onError === undefined ? {} : { onError }) };
  const transport = client.transport as ReturnType<Transport>['config'];
  if (transport.type === 'webSocket') return watchEvent(client, common);
  return watchEvent(client, { ...common, poll: true, pollingInterval: LOOK_AGAIN_MS });
}
