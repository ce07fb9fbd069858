// What the node answers as JSON: crates/server/src/orders.rs and eth.rs. Amounts are decimal strings of minor units.
import type { Address, Hex } from 'viem';

export type OrderRow = {
  id: Hex; device: Hex; slot: number; cycle: number; attempt: number; owner: Address; shop: Address; shopName: string | null; offer: Hex;
  gtin: string; credit: Address; total: string; state: string; createdMs: number; placedMs: number; sinceMs: number;
  deadlineMs: number | null; endsMs: number; tracking: string;
};

export type SlotRow = {
  slot: number; unit: string; capacity: number; threshold: number; level: number; levelMs: number; packsAtHome: number; openOrder: Hex | null;
};

export type DeviceRow = {
  id: Hex; owner: Address; model: string; keyEpoch: number; sequence: number; status: 'Active' | 'Suspended' | 'Retired'; slots: SlotRow[];
};

export type ShopRow = {
  account: Address; gln: string; name: string; credit: Address; payout: Address; bond: string; reserved: string; offers: number;
};

/** One step of an order. `facts` are the event's own fields by name, numbers and amounts as decimal strings. */
export type StepRow = {
  event: string; by: Address | null; sentence: string; facts: Record<string, string>; timeMs: number; height: Hex; transaction: Hex;
};

export type AccountRow = { address: Address; nonce: number; class: string; allowanceGas: number; allowanceCapGas: number };

/** Somebody with a name: GET /town.json. */
export type Person = { address: Address; name: string; simulated: boolean };

export type Receipt = { transactionHash: Hex; blockNumber: Hex; status: '0x0' | '0x1'; logs: { address: Address; topics: Hex[]; data: Hex }[] };
