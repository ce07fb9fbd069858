// What the explorer asks a node: blocks, transactions, receipts, logs, and what their sentences call by name.
import { addresses, creditAddress, interfaceAt, refusalOf, tellCall, tellEvent, type Known, type Refusal, type Voice } from '@dure/sdk';
import { isAddress, isHex, numberToHex, pad, type Address, type Hex } from 'viem';
import { chain } from '../../lib/state/chain.svelte';

export type Log = { address: Address; topics: Hex[]; data: Hex; transactionHash: Hex; blockNumber: Hex; logIndex: Hex; blockTimestamp?: Hex };
export type Transaction = { hash: Hex; from: Address; to: Address | null; input: Hex; nonce: Hex; gas: Hex; type: Hex; blockNumber: Hex | null; transactionIndex: Hex | null };
export type Receipt = { transactionHash: Hex; status: Hex; gasUsed: Hex; contractAddress: Address | null; blockNumber: Hex; logs: Log[] };
export type Block = {
  number: Hex; hash: Hex; parentHash: Hex; timestamp: Hex; timestampMs?: Hex; gasUsed: Hex; gasLimit: Hex; stateRoot: Hex; receiptsRoot: Hex; transactions: Hex[];
};
export type FullBlock = Omit<Block, 'transactions'> & { transactions: Transaction[] };

/** Shops that are known by name. */
const SHOPS_MAX = 500;
/** Events shown at once. */
const EVENTS_SHOWN = 40;
/** Blocks of the list. */
const BLOCKS_SHOWN = 12;
/** Spans that are searched for events, the shortest first; a node answers at most the last one. */
const SPANS = [100, 1_000, 10_000, 99_000];
/** Credits that an account's balance is asked of. */
const CREDITS_MAX = 10;

export const heightOf = (hex: Hex) => Number(BigInt(hex));
export const timeOf = (block: { timestamp: Hex; timestampMs?: Hex }) => (block.timestampMs ? heightOf(block.timestampMs) : heightOf(block.timestamp) * 1_000);

const rpc = <T>(method: string, ...params: unknown[]) => chain.rpc.request<T>(method, params);

// What never changes is asked for once.
const credits: NonNullable<Known['credits']> = {};
const offers: NonNullable<Known['offers']> = {};
const units: NonNullable<Known['units']> = {};

async function remember<V>(table: Record<string, V>, key: string, ask: () => Promise<V>): Promise<void> {
  if (key in table) return;
  await ask().then((value) => (table[key] = value), () => undefined); // it is said without it
}

/** Names, money, offers and units that the sentences of these events and calls need. */
async function knownFor(logs: readonly Log[], calls: readonly Transaction[]): Promise<Known> {
  const silent: Voice = { language: 'en', known: {} };
  const told = [...logs.map((log) => tellEvent(log, silent)), ...calls.map((call) => tellCall(call, silent))];
  const facts = told.flatMap((one) => (one ? [one.facts] : []));
  const money = new Set<string>([addresses.firstCredit, ...[...logs.map(({ address }) => address), ...calls.flatMap(({ to }) => to ?? [])].filter((at) => interfaceAt(at)?.name === 'credit')]);
  const sold = new Set(facts.flatMap(({ offer }) => (isHex(offer) ? [offer] : [])));
  const slots = new Map(facts.flatMap(({ device, slot, level }) => (isHex(device) && typeof slot === 'number' && level !== undefined ? [[`${device.toLowerCase()}:${slot}`, { device, slot }]] : [])));
  const [shops] = await Promise.all([
    chain.node.shops(SHOPS_MAX),
    ...[...money].map((credit) => remember(credits, credit.toLowerCase(), () => chain.node.credit(credit as Address))),
    ...[...sold].map((id) => remember(offers, id.toLowerCase(), async () => (await chain.node.offer(id)).terms)),
    ...[...slots].map(([key, { device, slot }]) => remember(units, key, async () => (await chain.node.slot(device, slot)).unit)),
  ]);
  const people = Object.fromEntries([...shops.map(({ account, name }) => [account.toLowerCase(), name]), ...[...chain.people].map(([address, { name }]) => [address, name])]);
  return { people, credits: { ...credits }, credit: addresses.firstCredit, offers: { ...offers }, units: { ...units } };
}

const newestFirst = (a: Log, b: Log) => heightOf(b.blockNumber) - heightOf(a.blockNumber) || heightOf(b.logIndex) - heightOf(a.logIndex);

/** The newest events that match, however far back they are. */
async function newestLogs(filters: object[]): Promise<Log[]> {
  const height = heightOf(await rpc<Hex>('eth_blockNumber'));
  let found: Log[] = [];
  for (const span of SPANS) {
    const fromBlock = numberToHex(Math.max(0, height - span));
    // More events than a node answers in so many blocks: the span before this one had enough to show.
    const all = await Promise.all(filters.map((filter) => rpc<Log[]>('eth_getLogs', { ...filter, fromBlock, toBlock: 'latest' }).catch(() => undefined)));
    if (all.includes(undefined)) break;
    const distinct = new Map(all.flatMap((logs) => logs ?? []).map((log) => [`${log.blockNumber}:${log.logIndex}`, log]));
    found = [...distinct.values()].sort(newestFirst).slice(0, EVENTS_SHOWN);
    if (found.length === EVENTS_SHOWN || span > height) break;
  }
  return found;
}

export async function lately() {
  const logs = await newestLogs([{}]);
  const height = heightOf(await rpc<Hex>('eth_blockNumber'));
  const heights = Array.from({ length: Math.min(BLOCKS_SHOWN, height + 1) }, (_, back) => height - back);
  const [blocks, known] = await Promise.all([Promise.all(heights.map((at) => rpc<Block>('eth_getBlockByNumber', numberToHex(at), false))), knownFor(logs, [])]);
  return { logs, blocks, known };
}

export async function block(height: number) {
  const at = numberToHex(height);
  const [found, receipts] = await Promise.all([rpc<FullBlock | null>('eth_getBlockByNumber', at, true), rpc<Receipt[] | null>('eth_getBlockReceipts', at)]);
  if (!found) return null;
  const logs = (receipts ?? []).flatMap((receipt) => receipt.logs);
  return { block: found, receipts: receipts ?? [], known: await knownFor(logs, found.transactions) };
}

export async function transaction(hash: Hex) {
  const [found, receipt] = await Promise.all([rpc<Transaction | null>('eth_getTransactionByHash', hash), rpc<Receipt | null>('eth_getTransactionReceipt', hash)]);
  if (!found) return null;
  const [known, why, made] = await Promise.all([
    knownFor(receipt?.logs ?? [], [found]),
    receipt?.status === '0x0' ? whyRefused(found) : undefined,
    found.blockNumber ? rpc<Block>('eth_getBlockByNumber', found.blockNumber, false) : undefined,
  ]);
  return { transaction: found, receipt, known, why, timeMs: made && timeOf(made) };
}

/** Runs it again on the state before its block, for the reason that a receipt does not carry. */
async function whyRefused({ from, to, input, blockNumber }: Transaction): Promise<Refusal | undefined> {
  if (!to || !blockNumber) return undefined;
  const before = numberToHex(Math.max(0, heightOf(blockNumber) - 1));
  return chain.node.dryRun(from, [{ to, data: input }], before).then(() => undefined, (failure: unknown) => refusalOf(failure, to));
}

export async function account(address: Address) {
  const topic = pad(address);
  const topics = [[null, topic], [null, null, topic], [null, null, null, topic]];
  const numbers = Array.from({ length: CREDITS_MAX }, (_, at) => creditAddress(at + 1));
  const [record, code, logs, balances] = await Promise.all([
    chain.node.account(address),
    rpc<Hex>('eth_getCode', address, 'latest'),
    newestLogs(topics.map((topics) => ({ topics }))),
    Promise.all(numbers.map((credit) => chain.node.balance(credit, address).then((minor) => ({ credit, minor }), () => undefined))),
  ]);
  const known = await knownFor(logs, []);
  const money = await Promise.all(
    balances.flatMap((one) => (one && one.minor > 0n ? [one] : [])).map(async (one) => ({ ...one, ...(await chain.node.credit(one.credit)) })),
  );
  return { record, code, logs, money, known };
}

/** Where a text of a person leads: a height, a hash, an address, an order or a name. */
export async function find(text: string): Promise<string | undefined> {
  const asked = text.trim();
  const digits = asked.replaceAll(/[\s,.#]/g, '');
  if (/^\d{1,15}$/.test(digits)) return (await rpc<Block | null>('eth_getBlockByNumber', numberToHex(BigInt(digits)), false)) ? `/explorer/block/${digits}` : undefined;
  if (isAddress(asked, { strict: false })) return `/explorer/account/${asked}`;
  if (isHex(asked) && asked.length === 66) {
    const [order, sent, made, devices] = await Promise.all([
      chain.node.order(asked), rpc<Transaction | null>('eth_getTransactionByHash', asked), rpc<Block | null>('eth_getBlockByHash', asked, false), chain.node.devices(10_000),
    ]);
    if (order) return `/orders/${asked}`;
    if (sent) return `/explorer/tx/${asked}`;
    if (made) return `/explorer/block/${heightOf(made.number)}`;
    return devices.some(({ id }) => id === asked.toLowerCase()) ? `/devices/${asked}` : undefined;
  }
  const shops = await chain.node.shops(SHOPS_MAX);
  const named = [...[...chain.people.values()], ...shops.map(({ account, name }) => ({ address: account, name }))];
  const person = named.find(({ name }) => name.toLowerCase() === asked.toLowerCase());
  return person && `/explorer/account/${person.address}`;
}
