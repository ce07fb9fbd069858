/** The fields of a block's header that a proof speaks of (docs/headers.md). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Hex, hex, number } from './bytes.js';
import { Refused } from './refused.js';
import { first, items } from './rlp.js';

/** Fields of a header, up to the newest of Ethereum's forks that Dure's headers have. */
const FIELDS = 21;

/** What a proof takes from a header. */
export interface Header {
  /** keccak256 of the RLP. */
  hash: Hex;
  parent: Hex;
  stateRoot: Hex;
  transactionsRoot: Hex;
  receiptsRoot: Hex;
  height: bigint;
  /** Consensus time, whole seconds since 1970-01-01 UTC. */
  timeS: bigint;
}

/** Throws `Refused` where the bytes are not the RLP of a header. */
export function decodeHeader(bytes: Uint8Array): Header {
  const fields = items(bytes);
  if (fields?.length !== FIELDS || fields.some(({ list }) => list) || first(bytes)?.whole.length !== bytes.length) throw new Refused('Header', {});
  const hash = (place: number): Hex => {
    const { body } = fields[place]!;
    if (body.length !== 32) throw new Refused('Header', {});
    return hex(body);
  };
  const count = (place: number): bigint => {
    const { body } = fields[place]!;
    if (body.length > 8 || body[0] === 0) throw new Refused('Header', {});
    return number(body);
  };
  return { hash: hex(keccak_256(bytes)), parent: hash(0), stateRoot: hash(3), transactionsRoot: hash(4), receiptsRoot: hash(5), height: count(8), timeS: count(11) };
}
