/** Asks a node for what it claims and has each answer proven: against the anchor alone, so it does not matter whose node it is. */
import { type Hex as Bytes, hexToBytes, numberToHex } from 'viem';
import { type Anchor, type Call, type Hex, type Log, Refused, check, readCalls, readReceipt } from '../proof/index.js';
import { NotBorsh } from './borsh.js';
import type { Ask } from './events.js';
import { NotShown, type Piece } from './reasons.js';

/** A transaction that was done, with what it asked for and what it led to. */
export interface Done {
  height: bigint;
  /** Among the transactions of its block. */
  index: number;
  calls: Call[];
  logs: Log[];
}
/** Proofs of what is final, kept between checks. The oldest are let go. */
export class Memory {
  readonly #done = new Map<string, Promise<unknown>>();

  constructor(private readonly most = 4_096) {}

  remember<T>(key: string, find: () => Promise<T>): Promise<T> {
    const known = this.#done.get(key) as Promise<T> | undefined;
    if (known) return known;
    const found = find();
    this.#done.set(key, found);
    found.catch(() => this.#done.delete(key));
    for (const oldest of this.#done.keys()) {
      if (this.#done.size <= this.most) break;
      this.#done.delete(oldest);
    }
    return found;
  }
}

export interface Source {
  ask: Ask;
  /** Whose chain it is. It must not come from whoever answers. */
  anchor: Anchor;
  /** Proofs asked for at once; 6 where it is not said. */
  parallel?: number;
  /** So many records of so many are proven; the second grows while it is found out what there is. */
  progress?: (proven: number, all: number) => void;
  memory?: Memory;
}

/** Does them in their order, so many at once. The first that fails ends it. */
export async function inTurn<T, R>(items: readonly T[], parallel: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = await act(items[at]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return results;
}

export class Prover {
  #proven = 0;
  #planned = 0;
  readonly #memory: Memory;
  readonly #parallel: number;

  constructor(private readonly source: Source) {
    this.#memory = source.memory ?? new Memory();
    this.#parallel = source.parallel ?? 6;
  }

  get proven(): number {
    return this.#proven;
  }

  each<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
    this.plan(items.length);
    return inTurn(items, this.#parallel, act);
  }

  /** So many more will be asked for. */
  plan(count: number): void {
    this.#planned += count;
    this.#tell();
  }

  /** What a record holds now, as `decode` reads it; nothing where it holds nothing. */
  async record<T>(piece: Piece, { tag, id }: { tag: number; id: Uint8Array }, decode: (value: Uint8Array) => T): Promise<T | undefined> {
    const about = { tag: numberToHex(tag, { size: 1 }), id: `0x${[...id].map((byte) => byte.toString(16).padStart(2, '0')).join('')}` };
    const { fact } = await this.#prove(piece, { record: about });
    const same = (fact.kind === 'held' || fact.kind === 'absent') && fact.tag === tag && fact.id === about.id;
    if (!same) throw new NotShown('Record', { piece, words: 'it is of something else' });
    this.#count();
    return fact.kind === 'held' ? read(piece, () => decode(hexToBytes(fact.value))) : undefined;
  }

  /** The same of a record that never changes, remembered. */
  lasting<T>(piece: Piece, subject: { tag: number; id: Uint8Array }, decode: (value: Uint8Array) => T): Promise<T | undefined> {
    return this.#remember(`${subject.tag}:${subject.id.join()}`, () => this.record(piece, subject, decode));
  }

  /** A transaction with its receipt. */
  done(hash: Hex): Promise<Done> {
    return this.#remember(hash, async () => {
      const { fact, header } = await this.#prove('transaction', { receipt: hash });
      if (fact.kind !== 'receipt') throw new NotShown('Record', { piece: 'transaction', words: 'it is no receipt' });
      const { good, logs } = read('transaction', () => readReceipt(fact.receipt));
      this.#count();
      return { height: header.height, index: fact.index, logs, calls: good ? read('transaction', () => readCalls(fact.transaction)) : [] };
    });
  }

  async #remember<T>(key: string, find: () => Promise<T>): Promise<T> {
    let asked = false;
    const found = await this.#memory.remember(key, () => ((asked = true), find()));
    if (!asked) this.#count(); // proven at an earlier check
    return found;
  }

  async #prove(piece: Piece, asked: object) {
    const { proof } = (await this.source.ask('dure_getProof', [asked])) as { proof: Bytes };
    try {
      return await check(hexToBytes(proof), this.source.anchor);
    } catch (error) {
      if (error instanceof Refused) throw new NotShown('Proof', { piece, why: error.reason, words: error.message });
      throw error;
    }
  }

  #count(): void {
    this.#proven += 1;
    this.#tell();
  }

  #tell(): void {
    this.source.progress?.(this.#proven, Math.max(this.#planned, this.#proven));
  }
}

function read<T>(piece: Piece, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof NotBorsh || error instanceof RangeError) throw new NotShown('Record', { piece, words: error.message });
    throw error;
  }
}
