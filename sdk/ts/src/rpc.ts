/** The methods of a node that Ethereum's do not have: `client.dure.orders(20)` is `dure_orders`. */
import type { Address, Client, Hash, Hex } from 'viem';
import type { names } from './generated/names.js';
import type { Holder } from './sentences/power.js';
import type { ActionKey } from './types.js';

export type OrderState = (typeof names.orderStates)[number];

/** Amounts are decimal strings of minor units, times milliseconds since 1970. */
export interface OrderRow {
  id: Hex;
  device: Hex;
  slot: number;
  cycle: number;
  attempt: number;
  owner: Address;
  shop: Address;
  shopName: string | null;
  offer: Hex;
  gtin: string;
  credit: Address;
  total: string;
  state: OrderState;
  createdMs: number;
  placedMs: number | null;
  sinceMs: number;
  deadlineMs: number;
  endsMs: number;
  tracking: string;
}
export interface StepRow {
  event: string;
  by: Address | null;
  /** For words of one's own; numbers as decimal strings. */
  facts: Record<string, string | null>;
  sentence: string;
  timeMs: number;
  height: number;
  transaction: Hash;
}
export interface ShopRow {
  account: Address;
  gln: string;
  name: string;
  credit: Address;
  payout: Address;
  bond: string;
  reserved: string;
  offers: number;
}
export interface SlotRow {
  slot: number;
  unit: string;
  capacity: number;
  threshold: number;
  level: number;
  levelMs: number;
  packsAtHome: number;
  openOrder: Hex | null;
}
export interface DeviceRow {
  id: Hex;
  owner: Address;
  model: string;
  keyEpoch: number;
  sequence: number;
  status: (typeof names.deviceStatuses)[number];
  slots: SlotRow[];
}
export interface AccountRow {
  address: Address;
  nonce: number;
  class: 'newcomer' | 'member' | 'organisation';
  allowanceGas: number;
  allowanceCapGas: number;
}

export interface ValidatorRow {
  publicKey: Hex;
  /** It is the node that answers. */
  here: boolean;
}
/** From a block's time until the node can be asked about it, over its newest blocks: half, and 95 of 100, took no longer. */
export interface FinalityRow {
  blocks: number;
  medianMs: number;
  slowMs: number;
}
export interface NetworkRow {
  height: number;
  validators: ValidatorRow[];
  /** Other validators that the node is connected with. */
  connected: number;
  pending: number;
  queued: number;
  poolMax: number;
  gasLimit: number;
  heartbeatMs: number;
  speed: number;
  /** Nothing until a block was made since the node came up. */
  finality: FinalityRow | null;
  /** Only of a node without a vote: the newest block that it heard of, and how many blocks it is behind. */
  follows?: { newest: number; behind: number };
}
export interface PowerRow {
  action: ActionKey;
  holder: Holder;
}
/** Who holds a power by the records, and of what: a role's name, a credit's address. The first hundred are named. */
export interface HoldersRow {
  count: number;
  named: { account: Address; of: string }[];
}
/** What nobody can do, and the test that proves it, at `/proof/WHAT.rs`. */
export interface NobodyRow {
  what: (typeof names.nobody)[number];
  file: string;
  test: string;
}
export interface PowersRow {
  actions: PowerRow[];
  holders: Partial<Record<Holder, HoldersRow>>;
  nobody: NobodyRow[];
  validators: ValidatorRow[];
}

/** What a proof is asked about: docs/proofs.md lists the tables of `record`. Where nothing is there, the file proves just that. */
export type ProofRequest =
  | { account: Address }
  | { slot: { address: Address; index: Hex } }
  | { record: { tag: Hex; id: Hex } }
  | { receipt: Hash }
  | { log: { transaction: Hash; index: number } };
/** What proofs of this chain are checked against, by the node's word: `@dure/sdk/proof` computes it from a genesis.json. */
export interface AnchorRow {
  genesis: Hash;
  validators: Hex[];
}

/** Method to its parameters and its answer. */
export interface DureMethods {
  account: (address: Address) => AccountRow;
  /** All, or those where `party` is owner or shop. */
  orders: (limit?: number, party?: Address) => OrderRow[];
  /** The next nonce of one of an account's sequences (transactions of type 0x76). */
  nonce: (address: Address, sequence: Hex) => Hex;
  order: (id: Hex) => OrderRow | null;
  orderTimeline: (id: Hex) => StepRow[];
  shops: (limit?: number) => ShopRow[];
  devices: (limit?: number) => DeviceRow[];
  network: () => NetworkRow;
  powers: () => PowersRow;
  /** A file that `@dure/sdk/proof` or `dure verify` checks without a node. */
  getProof: (of: ProofRequest) => { proof: Hex };
  getAnchor: () => AnchorRow;
}
type Method = keyof DureMethods;
export type DureQuestions = { [M in Method]: (...params: Parameters<DureMethods[M]>) => Promise<ReturnType<DureMethods[M]>> };

/** Every method by its name after `dure_`. */
export const dureMethods: readonly Method[] = ['account', 'nonce', 'orders', 'order', 'orderTimeline', 'shops', 'devices', 'network', 'powers', 'getProof', 'getAnchor'];

export function dureQuestions(client: Client): DureQuestions {
  const ask = client.request as (request: { method: string; params: unknown[] }) => Promise<unknown>;
  return Object.fromEntries(
    dureMethods.map((method) => [method, (...params: unknown[]) => ask({ method: `dure_${method}`, params })]),
  ) as unknown as DureQuestions;
}
