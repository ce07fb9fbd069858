// The questions that the console asks a node, typed. Views of modules go through viem's single actions; nothing is cached here.
import { createClient, custom, keccak256, numberToHex, type Address, type Hex } from 'viem';
import { readContract } from 'viem/actions';
import { creditAbi, ordersAbi } from './generated';
import type { Rpc } from './rpc';
import type { AccountRow, DeviceRow, OrderRow, Receipt, ShopRow, StepRow } from './types';

/** The orders module, docs/modules/orders.md. */
export const ORDERS = '0xd00e000000000000000000000000000000000010' as const;

/** A call that an account makes. */
export type Call = { to: Address; data: Hex };

const ORDERS_ABI = ordersAbi;
/** Most versions of a shop's offers that are looked at, the newest first. */
const OFFERS_MAX = 20;

export class Node {
  readonly client;

  constructor(readonly rpc: Rpc) {
    this.client = createClient({
      transport: custom({ request: ({ method, params }) => rpc.request(method, params as unknown[]) }, { retryCount: 0 }),
    });
  }

  /** All of the chain, or those where `account` is owner or shop. Newest first. */
  orders = (limit: number, account?: Address) => this.rpc.request<OrderRow[]>('dure_orders', account ? [limit, account] : [limit]);
  order = (id: Hex) => this.rpc.request<OrderRow | null>('dure_order', [id]);
  timeline = (id: Hex) => this.rpc.request<StepRow[]>('dure_orderTimeline', [id]);
  shops = (limit: number) => this.rpc.request<ShopRow[]>('dure_shops', [limit]);
  devices = (limit: number) => this.rpc.request<DeviceRow[]>('dure_devices', [limit]);
  account = (address: Address) => this.rpc.request<AccountRow>('dure_account', [address]);
  chainId = async () => Number(await this.rpc.request<Hex>('eth_chainId'));
  receipt = (hash: Hex) => this.rpc.request<Receipt | null>('eth_getTransactionReceipt', [hash]);
  sendRaw = (raw: Hex) => this.rpc.request<Hex>('eth_sendRawTransaction', [raw]);

  /** Runs calls of `from` without sending them; throws what a rule would say. */
  dryRun = (from: Address, calls: Call[], block: Hex | 'latest' = 'latest') => this.rpc.request<Hex>('eth_call', [asked(from, calls), block]);

  /** Gas for calls that a passkey will sign as one; throws what a rule would say. */
  estimate = async (from: Address, calls: Call[]) =>
    BigInt(await this.rpc.request<Hex>('eth_estimateGas', [{ from, calls: calls.map(({ to, data }) => ({ to, data, value: '0x' })), keyType: 'webAuthn' }]));

  mandate = (device: Hex, slot: number) =>
    readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'mandateOf', args: [device, slot] });
  slot = (device: Hex, slot: number) =>
    readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'slotOf', args: [device, slot] });
  orderRecord = (id: Hex) => readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'order', args: [id] });
  check = (id: Hex) => readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'check', args: [id] });
  offer = (id: Hex) => readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'offer', args: [id] });
  shop = (account: Address) => readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'shop', args: [account] });
  holiday = (owner: Address) => readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'holidayOf', args: [owner] });
  preview = (device: Hex, slot: number, offer: Hex, level: bigint) =>
    readContract(this.client, { address: ORDERS, abi: ORDERS_ABI, functionName: 'previewDevice', args: [device, slot, offer, level] });

  balance = (credit: Address, of: Address) =>
    readContract(this.client, { address: credit, abi: creditAbi, functionName: 'balanceOf', args: [of] });

  async credit(address: Address) {
    const of = { address, abi: creditAbi } as const;
    const [symbol, decimals] = await Promise.all([
      readContract(this.client, { ...of, functionName: 'symbol' }),
      readContract(this.client, { ...of, functionName: 'decimals' }),
    ]);
    return { symbol, decimals };
  }

  /** The newest offers of a shop, those that stand first. */
  async offersOf(shop: { account: Address; offers: number }) {
    const first = Math.max(1, shop.offers - OFFERS_MAX + 1);
    const versions = Array.from({ length: Math.max(0, shop.offers - first + 1) }, (_, i) => shop.offers - i);
    return Promise.all(
      versions.map(async (version) => {
        const id = offerId(shop.account, version);
        return { id, ...(await this.offer(id)) };
      }),
    );
  }
}

/** One call as any Ethereum node is asked, several as docs/transactions.md says. */
const asked = (from: Address, calls: Call[]) => (calls.length === 1 ? { from, ...calls[0] } : { from, calls: calls.map((call) => ({ ...call, value: '0x' })) });

/** What `Node.offersOf` gives. */
export type Offer = Awaited<ReturnType<Node['offersOf']>>[number];
export type OfferTerms = Awaited<ReturnType<Node['offer']>>;
export type Mandate = Awaited<ReturnType<Node['mandate']>>;
export type Slot = Awaited<ReturnType<Node['slot']>>;
export type OrderRecord = Awaited<ReturnType<Node['orderRecord']>>;
export type Shop = Awaited<ReturnType<Node['shop']>>;

const ascii = (text: string) => Array.from(text, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');

/** keccak256("dure.offer" ‖ shop ‖ version, 4 bytes little-endian). */
export function offerId(shop: Address, version: number): Hex {
  const little = numberToHex(version, { size: 4 }).slice(2).match(/../g)!.reverse().join('');
  return keccak256(`0x${ascii('dure.offer')}${shop.slice(2).toLowerCase()}${little}`);
}

/** keccak256("dure.device" ‖ borsh(key)): the key's kind as a byte, then x ‖ y. */
export function deviceId(keyKind: 'p256' | 'secp256k1', key: Hex): Hex {
  return keccak256(`0x${ascii('dure.device')}${keyKind === 'p256' ? '00' : '01'}${key.slice(2)}`);
}
