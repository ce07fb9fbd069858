// Who the person is, and everything that is signed in their name.
import { hexToBigInt, numberToHex, type Address, type Hex } from 'viem';
import type { Call } from '../api/node';
import type { RpcRefusal } from '../api/rpc';
import type { Receipt } from '../api/types';
import { same } from '../domain/order';
import * as injected from '../wallets/injected';
import type { Passkey } from '../wallets/passkey';
import { chain } from './chain.svelte';
import { onOtherTab, remember, remembered } from './prefs.svelte';

type Account = { kind: 'passkey'; passkey: Passkey } | { kind: 'wallet'; address: Address; wallet: string };

/** A transaction was taken into a block and refused there; `data` says why where running it again says so. */
export class Reverted extends Error {
  constructor(
    readonly data: unknown,
    /** Whom the refused call went to, where that is known. */
    readonly to?: string,
  ) {
    super('the transaction was refused');
  }
}

const PASSKEYS_MAX = 50;
/** Waiting for a block: the node answers in milliseconds, a block comes within a second. */
const LOOK_AGAIN_MS = 60;
const FINAL_MAX_MS = 30_000;
/** Room above the estimate, percent: what others do in between may make a call a little dearer. */
const GAS_ROOM_PERCENT = 10n;

class Session {
  #account = $state.raw<Account | undefined>(remembered('account'));
  passkeys = $state.raw<Passkey[]>(remembered('passkeys') ?? []);
  wallets = $state.raw<injected.Wallet[]>([]);

  constructor() {
    onOtherTab<Account>('account', (now) => (this.#account = now));
    onOtherTab<Passkey[]>('passkeys', (now) => (this.passkeys = now ?? []));
    injected.discover((wallet) => (this.wallets = [...this.wallets, wallet]));
  }

  get address(): Address | undefined {
    if (this.#account?.kind !== 'passkey') return this.#account?.address;
    return this.#account.passkey.of ?? this.#account.passkey.address;
  }

  /** The key that signs: the account's own address, or an access key of it. */
  get key(): Address | undefined {
    return this.#account?.kind === 'passkey' ? this.#account.passkey.address : this.#account?.address;
  }

  get kind(): 'passkey' | 'wallet' | undefined {
    return this.#account?.kind;
  }

  get name(): string | undefined {
    if (this.#account?.kind === 'passkey') return this.#account.passkey.name || undefined;
    const wallet = this.#account?.wallet;
    return this.wallets.find(({ id }) => id === wallet)?.name;
  }

  is(address: Address | string | null | undefined): boolean {
    return same(this.address, address);
  }

  async signUp(name: string): Promise<void> {
    const { create } = await import('../wallets/passkey');
    this.#enter(await create(name));
  }

  async signIn(): Promise<void> {
    const { find } = await import('../wallets/passkey');
    this.#enter(await find(this.passkeys, isKnown));
  }

  /** A passkey for an account that is another key's, or for this one beside its first: made and kept, nobody is signed in with it. */
  async makeKey(name: string): Promise<Passkey> {
    const { create } = await import('../wallets/passkey');
    const passkey = await create(name);
    this.#keep(passkey);
    return passkey;
  }

  /** From now on this browser's passkey `key` acts for `account`, which has let it in. */
  actFor(account: Address, key: Address): void {
    const passkey = this.passkeys.find(({ address }) => same(address, key));
    if (!passkey) throw new Error('this browser does not have that passkey');
    const { of: _, ...own } = passkey;
    this.#enter(same(account, key) ? own : { ...own, of: account });
  }

  async connect(wallet: injected.Wallet): Promise<void> {
    this.#set({ kind: 'wallet', address: await injected.connect(wallet), wallet: wallet.id });
  }

  /** The passkey stays on the device; signing in again needs no more than a fingerprint. */
  signOut(): void {
    this.#set(undefined);
  }

  /** Signs `calls`, sends them and waits until they are final. Refusals are thrown, before anything is signed where that can be known. */
  async send(calls: Call[]): Promise<Receipt> {
    const account = this.#account;
    const from = this.address;
    if (!account || !from) throw new Error('nobody is signed in');
    if (account.kind === 'passkey') return this.#final(from, calls, await signedByPasskey(account.passkey, from, calls));
    await chain.node.dryRun(from, calls.slice(0, 1));
    const wallet = this.wallets.find(({ id }) => id === account.wallet);
    if (!wallet) throw new Error('the wallet is not there any more');
    await injected.useChain(wallet, chain.chainId);
    if (calls.length > 1 && (await injected.canBatch(wallet, from, chain.chainId)))
      return this.#final(from, calls, await injected.sendBatch(wallet, from, chain.chainId, calls));
    let receipt: Receipt | undefined;
    for (const call of calls) receipt = await this.#final(from, [call], await injected.sendOne(wallet, from, call));
    return receipt!;
  }

  async #final(from: Address, calls: Call[], hash: Hex): Promise<Receipt> {
    const until = performance.now() + FINAL_MAX_MS;
    while (performance.now() < until) {
      const receipt = await chain.node.receipt(hash);
      if (receipt?.status === '0x1') return receipt;
      if (receipt) throw await whyReverted(from, calls, receipt);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    throw new Error(`transaction ${hash} is in no block after ${FINAL_MAX_MS / 1_000} s`);
  }

  #keep(passkey: Passkey): void {
    const others = (remembered<Passkey[]>('passkeys') ?? this.passkeys).filter(({ id }) => id !== passkey.id);
    this.passkeys = [passkey, ...others].slice(0, PASSKEYS_MAX);
    remember('passkeys', this.passkeys);
  }

  #enter(passkey: Passkey): void {
    this.#keep(passkey);
    this.#set({ kind: 'passkey', passkey });
  }

  #set(account: Account | undefined): void {
    this.#account = account;
    remember('account', account);
  }
}

/** An account that has done something, or was given something. */
async function isKnown(address: Address): Promise<boolean> {
  const [{ nonce }, devices, orders] = await Promise.all([chain.node.account(address), chain.node.devices(10_000), chain.node.orders(1, address)]);
  return nonce > 0 || orders.length > 0 || devices.some(({ owner }) => same(owner, address));
}

/** One transaction of type 0x76 for all calls. The estimate runs them together, so a refusal of any is known before the fingerprint. */
async function signedByPasskey(passkey: Passkey, from: Address, calls: Call[]): Promise<Hex> {
  const [{ sign }, gas, nonce] = await Promise.all([
    import('../wallets/passkey'),
    chain.node.estimate(from, calls, passkey.of && passkey.address),
    chain.rpc.request<Hex>('eth_getTransactionCount', [from, 'pending']),
  ]);
  const batch = { chainId: chain.chainId, nonce: Number(nonce), gas: (gas * (100n + GAS_ROOM_PERCENT)) / 100n, calls };
  return chain.node.sendRaw(await sign(passkey, batch));
}

/** Runs it again on the state before its block, for the reason that a receipt does not carry. */
async function whyReverted(from: Address, calls: Call[], receipt: Receipt): Promise<Reverted> {
  try {
    await chain.node.dryRun(from, calls, numberToHex(hexToBigInt(receipt.blockNumber) - 1n));
    return new Reverted(undefined);
  } catch (failure) {
    const { data, to } = failure as RpcRefusal;
    return new Reverted(data, to);
  }
}

export const session = new Session();
