/** What a community's genesis.json says of whom to trust. The hash is computed, so that a person can compare it with the one they know. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { big64, hex, join, unhex } from './bytes.js';
import type { Anchor } from './certificate.js';
import { list, text, whole } from './rlp.js';

const VALIDATORS_MAX = 128;
/** Bits of a header that say which logs a block has. */
const BLOOM_BYTES = 256;

/** What block 0 stands on, the same for every chain (crates/node/src/genesis.rs): a key that everybody knows proposed it… */
const NOBODY = known('0xedd0f6de342a1e6a7236d6244f23d83eedfcecd059a386c85055701498e77033');
/** …and the root over the one operation of an empty database. */
const EMPTY_OPERATIONS = known('0xbe754184d4eb5c92ada03eee3ce641818bb90140d743593eabdd03a7b74a4369');
const ZERO = new Uint8Array(32);
const NO_UNCLES = keccak_256(list([]));
const EMPTY_TRIE = keccak_256(text(new Uint8Array()));
const NO_REQUESTS = sha256(new Uint8Array());
const NO_RANDOMNESS = utf8ToBytes('dure has no randomness in blocks');

/** The file is no genesis.json: what was expected, and where. */
export class NoGenesis extends Error {
  override readonly name = 'NoGenesis';

  constructor(readonly field: string) {
    super(`this is no genesis.json: \`${field}\` is not as expected\nhint: take the file that your community's node has in its folder`);
  }
}

function known(text: string): Uint8Array {
  const bytes = unhex(text, 32);
  if (!bytes) throw new NoGenesis(text);
  return bytes;
}

/** The anchor of a chain from its parsed genesis.json. Throws `NoGenesis`. */
export function anchorOf(genesis: unknown): Anchor {
  if (typeof genesis !== 'object' || genesis === null) throw new NoGenesis('{}');
  const fields = genesis as Record<string, unknown>;
  const count = (name: string): number => {
    const value = fields[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new NoGenesis(name);
    return value;
  };
  const { validators, records } = fields;
  if (!Array.isArray(validators) || validators.length === 0 || validators.length > VALIDATORS_MAX) throw new NoGenesis('validators');
  const keys = validators.map((key) => unhex(key, 32));
  if (!every(keys) || new Set(keys.map(hex)).size !== keys.length) throw new NoGenesis('validators');
  if (!Array.isArray(records)) throw new NoGenesis('records');
  const written = records.map((record: unknown) => {
    const [key, value] = Array.isArray(record) && record.length === 2 ? [unhex(record[0], 32), unhex(record[1])] : [];
    if (!key || !value) throw new NoGenesis('records');
    return join(key, keccak_256(value));
  });
  const committed = keccak_256(join(big64(count('chain_id')), big64(keys.length), ...keys, ...written));
  const header = blockZero(count('time_ms'), count('gas_limit'), committed);
  return { genesis: hex(keccak_256(header)), validators: keys.map(hex).sort() };
}

const every = (keys: (Uint8Array | undefined)[]): keys is Uint8Array[] => keys.every((key) => key !== undefined);

/** RLP of the header of block 0 (docs/headers.md). */
function blockZero(timeMs: number, gasLimit: number, committed: Uint8Array): Uint8Array {
  const round = Uint8Array.of(0, 0);
  const parentView = Uint8Array.of(0);
  const operations = [EMPTY_OPERATIONS, big64(0), big64(1)];
  const body = sha256(new Uint8Array());
  const commitment = keccak_256(join(utf8ToBytes('dure block 1'), round, NOBODY, parentView, ZERO, big64(timeMs), ...operations, body));
  const zero = whole(0);
  return list([
    ...[ZERO, NO_UNCLES, new Uint8Array(20), ZERO, EMPTY_TRIE, committed, new Uint8Array(BLOOM_BYTES)].map(text),
    ...[zero, zero, whole(gasLimit), zero, whole(Math.floor(timeMs / 1000))],
    ...[commitment, NO_RANDOMNESS, new Uint8Array(8)].map(text),
    ...[zero, text(EMPTY_TRIE), zero, zero, text(ZERO), text(NO_REQUESTS)],
  ]);
}
