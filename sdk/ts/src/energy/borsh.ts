/** Reading what the rules write with borsh: numbers little-endian, lists with their length in front. */
import { bytesToHex, bytesToString } from 'viem';
import type { Hex } from '../proof/bytes.js';

/** The bytes are no such encoding. */
export class NotBorsh extends Error {
  override readonly name = 'NotBorsh';
}

/** Takes one value after the other from the front. Throws `NotBorsh`. */
export class Reader {
  #at = 0;
  readonly #view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.bytes.length - at) throw new NotBorsh(`${count} bytes are wanted at ${at}, and ${this.bytes.length - at} are left`);
    this.#at = at + count;
    return at;
  }

  u8 = (): number => this.#view.getUint8(this.#take(1));
  u32 = (): number => this.#view.getUint32(this.#take(4), true);
  i32 = (): number => this.#view.getInt32(this.#take(4), true);
  u64 = (): bigint => this.#view.getBigUint64(this.#take(8), true);
  i64 = (): bigint => this.#view.getBigInt64(this.#take(8), true);

  u128(): bigint {
    const low = this.u64();
    return (this.u64() << 64n) | low;
  }

  i128(): bigint {
    const low = this.u64();
    return (this.i64() << 64n) | low;
  }

  /** An i64 as a number, which beyond 2⁵³ is only nearly it: for what is then compared with a bound far below that. */
  nearly = (): number => Number(this.i64());

  /** An i64 that is a price or a value: far within what a number holds. */
  price(): number {
    const value = Number(this.i64());
    if (!Number.isSafeInteger(value)) throw new NotBorsh(`${value} is no price`);
    return value;
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw new NotBorsh(`${value} is neither yes nor no`);
    return value === 1;
  }

  hex(count: number): Hex {
    const at = this.#take(count);
    return bytesToHex(this.bytes.subarray(at, at + count));
  }

  text(): string {
    const count = this.u32();
    const at = this.#take(count);
    return bytesToString(this.bytes.subarray(at, at + count));
  }

  option<T>(one: () => T): T | undefined {
    return this.bool() ? one() : undefined;
  }

  /** A list; each item has `itemBytes` at least, so that a length alone makes no memory. */
  list<T>(itemBytes: number, one: () => T): T[] {
    const count = this.u32();
    if (count * itemBytes > this.bytes.length - this.#at) throw new NotBorsh(`a list of ${count} does not fit`);
    return this.times(count, one);
  }

  times<T>(count: number, one: () => T): T[] {
    return Array.from({ length: count }, one);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#at !== this.bytes.length) throw new NotBorsh(`${this.bytes.length - this.#at} bytes are left over`);
  }
}

/** What `read` makes of all the bytes. Throws `NotBorsh`. */
export function whole<T>(bytes: Uint8Array, read: (from: Reader) => T): T {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}
