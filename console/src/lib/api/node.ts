// The questions that the console asks a node, typed. Views of modules go through viem's single actions; nothing is cached here.
import { accountsAbi, addresses, creditAbi, energyAbi, offerId, ordersAbi } from '@dure/sdk';
import { createClient, custom, type Address, type Hex } from 'viem';
import { readContract } from 'viem/actions';
import { RpcRefusal, type Rpc } from './rpc';
import type { AccountRow, DeviceRow, OrderRow, Receipt, ShopRow, StepRow } from './types';

/** Institutions by their pages: docs/modules/orders.md, docs/modules/accounts.md. */
export const ORDERS = addresses.orders;
export const ACCOUNTS = addresses.accounts;

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
  dryRun = (from: Address, calls: Call[], block: Hex | 'latest' = 'latest') =>
    this.#whose(from, calls, block, this.rpc.request<Hex>('eth_call', [asked(from, calls), block]));

  /** Gas for calls that a passkey will sign as one, `keyId` where it signs as an access key of `from`; throws what a rule would say. */
  estimate = async (from: Address, calls: Call[], keyId?: Address) => {
    const question = { from, calls: calls.map(({ to, data }) => ({ to, data, value: '0x' })), keyType: 'webAuthn', ...(keyId ? { keyId } : {}) };
    return BigInt(await this.#whose(from, calls, 'latest', this.rpc.request<Hex>('eth_estimateGas', [question])));
  };

  /** Notes on a refusal which institution was asked: some of them have refusals of one name. */
  async #whose<T>(from: Address, calls: Call[], block: Hex | 'latest', answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (failure) {
      if (failure instanceof RpcRefusal) failure.to ??= await this.#refuser(from, calls, block);
      throw failure;
    }
  }

  /** Whom the first call that fails goes to. */
  async #refuser(from: Address, calls: Call[], block: Hex | 'latest'): Promise<Address | undefined> {
    const first = calls[0]?.to;
    if (calls.every(({ to }) => to === first)) return first;
    for (let count = 1; count < calls.length; count++) {
      const part = calls.slice(0, count);
      const good = await this.rpc.request('eth_call', [asked(from, part), block]).then(() => true, () => false);
      if (!good) return part.at(-1)!.to;
    }
    return calls.at(-1)!.to;
  }

  #accounts = { address: ACCOUNTS, abi: accountsAbi } as const;
  keys = (account: Address) => readContract(this.client, { ...this.#accounts, functionName: 'keysOf', args: [account] });
  key = (account: Address, key: Address) => readContract(this.client, { ...this.#accounts, functionName: 'keyOf', args: [account, key] });
  reach = (account: Address, key: Address) => readContract(this.client, { ...this.#accounts, functionName: 'reachOf', args: [account, key] });
  rootStands = (account: Address) => readContract(this.client, { ...this.#accounts, functionName: 'rootStands', args: [account] });
  guardians = (account: Address) => readContract(this.client, { ...this.#accounts, functionName: 'guardiansOf', args: [account] });
  recovery = (account: Address) => readContract(this.client, { ...this.#accounts, functionName: 'recoveryOf', args: [account] });

  #energy = { address: addresses.energy, abi: energyAbi } as const;
  market = (id: Hex) => readContract(this.client, { ...this.#energy, functionName: 'market', args: [id] });
  meter = (id: Hex) => readContract(this.client, { ...this.#energy, functionName: 'meter', args: [id] });
  meterAt = (market: Hex, number: number) => readContract(this.client, { ...this.#energy, functionName: 'meterAt', args: [market, number] });
  quarter = (market: Hex, number: number) => readContract(this.client, { ...this.#energy, functionName: 'slot', args: [market, number] });
  position = (meter: Hex, day: number) => readContract(this.client, { ...this.#energy, functionName: 'position', args: [meter, day] });
  metered = (meter: Hex, day: number) => readContract(this.client, { ...this.#energy, functionName: 'metered', args: [meter, day] });

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
export type KeyRow = Awaited<ReturnType<Node['keys']>>[number];
export type Reach = Awaited<ReturnType<Node['reach']>>;
export type Guardians = Awaited<ReturnType<Node['guardians']>>;
export type EnergyMarket = Awaited<ReturnType<Node['market']>>;
export type EnergyMeter = Awaited<ReturnType<Node['meter']>>;
export type Recovery = Awaited<ReturnType<Node['recovery']>>;
