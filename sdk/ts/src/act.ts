/** Asking and acting through one function of a module. */
import type { Abi, Account, Address, Chain, Client, Hash, TransactionReceipt, Transport } from 'viem';
import { TransactionReceiptNotFoundError } from 'viem';
import { getTransactionReceipt, readContract, simulateContract, writeContract } from 'viem/actions';
import { type Refusal, refusalOf } from './refusal.js';
import { tellRefusal } from './sentences/tell.js';

export type AnyClient = Client<Transport, Chain | undefined, Account | undefined>;

/** A module said no. The message is the sentence in English; `tellRefusal` says it in others. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  constructor(
    readonly refusal: Refusal,
    override readonly cause?: unknown,
  ) {
    super(tellRefusal(refusal, { language: 'en', known: {} }));
  }
}

/** What came of an action, once it is final. */
export interface Done<Result> {
  hash: Hash;
  result: Result;
  receipt: TransactionReceipt;
}
export interface AskOptions {
  /** Who asks, where that matters; else the client's account. */
  account?: Account | Address;
  /** At this height; else at the newest. */
  blockNumber?: bigint;
}
export interface ActOptions {
  account?: Account | Address;
  nonce?: number;
  gas?: bigint;
}
/** One function of one institution. */
export interface Target {
  address: Address;
  abi: Abi;
  functionName: string;
  args: readonly unknown[];
}

const refused = (error: unknown, { address }: Target): unknown => {
  const refusal = refusalOf(error, address);
  return refusal === undefined ? error : new RefusedError(refusal, error);
};

const optional = <V>(key: string, value: V | undefined) => (value === undefined ? {} : { [key]: value });

export async function ask(client: AnyClient, target: Target, { account, blockNumber }: AskOptions = {}): Promise<unknown> {
  const from = account ?? client.account;
  try {
    return await readContract(client, { ...target, ...optional('account', from), ...optional('blockNumber', blockNumber) });
  } catch (error) {
    throw refused(error, target);
  }
}

/** Tries the action on the newest state, sends it, and waits until it is final. */
export async function act(client: AnyClient, target: Target, options: ActOptions = {}): Promise<Done<unknown>> {
  const account = options.account ?? client.account;
  if (account === undefined) throw new Error('no account is given; hint: createClient({ account, … }), or { account } beside the facts');
  const request = { ...target, account, chain: client.chain, ...optional('nonce', options.nonce), ...optional('gas', options.gas) };
  const attempt = () => simulateContract(client, request).catch((error: unknown) => Promise.reject(refused(error, target)));
  const { result } = await attempt();
  const hash = await writeContract(client, request).catch((error: unknown) => Promise.reject(refused(error, target)));
  const receipt = await final(client, hash);
  if (receipt.status === 'reverted') {
    // It was good when it was tried, and the state moved: say what stands against it now.
    await attempt();
    throw new Error(`transaction ${hash} failed; it would succeed now`);
  }
  return { hash, result, receipt };
}

/** Between two looks for a receipt, milliseconds: blocks come several times a second. */
const LOOK_AGAIN_MS = 50;
/** How long a receipt is waited for, milliseconds. */
const FINAL_MAX_MS = 60_000;

/** The receipt of a transaction, as soon as there is one: there is no reorganisation to wait for. */
export async function final(client: AnyClient, hash: Hash): Promise<TransactionReceipt> {
  const end = Date.now() + FINAL_MAX_MS;
  while (Date.now() < end) {
    try {
      return await getTransactionReceipt(client, { hash });
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error(`transaction ${hash} is not in a block after ${FINAL_MAX_MS / 1_000} s; hint: it waits for its nonce or its account's allowance`);
}

