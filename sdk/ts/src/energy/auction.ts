/**
 * Whether the clearing of an auction is the best one, decided here from proven records and transactions alone.
 *
 * The state drops bids when an auction is cleared, but what people sent stays in blocks: each bid is read from the transaction that opened it, the
 * certificate from those that brought it. Where to look is asked of the node, which may say what it likes: what it says is proven or refused, and the
 * counts in the auction's record show whether something is missing. The order of the bids alone is taken from the node's logs: in another one the
 * certificate does not fit, and if it did, it would show the same.
 */
import { type Hex as Bytes, concatBytes, decodeFunctionData, hexToBytes, numberToHex } from 'viem';
import { addresses, energyAbi } from '../generated/index.js';
import type { Hex } from '../proof/index.js';
import { NotBorsh } from './borsh.js';
import { type Cleared, checkCertificate } from './check.js';
import { type Ask, type EnergyEvent, type FactsOf, type Said, energyEvent, eventsOf, saidLogs } from './events.js';
import { Flawed } from './flaw.js';
import { freeLines } from './lines.js';
import { type Network, networkOf, zoneNode } from './network.js';
import { type Done, Prover, type Source } from './prover.js';
import { NotShown } from './reasons.js';
import { carry, reserve } from './redispatch.js';
import { type Auction, type Book, type Market, type OpenBid, type Redispatch, type SlotBook, certificateHash, decodeAuction, decodeBid, decodeCertificate, decodeMarket, decodeMeter, decodeSlot, subjects } from './records.js';

/** What was proven of an auction that is cleared. */
export interface Shown {
  id: Hex;
  auction: Auction;
  market: Market;
  /** In the order in which they were sealed. */
  bids: OpenBid[];
  /** How many records and transactions were proven. */
  records: number;
  /** The best clearing, where somebody showed one; without it the chain cleared each slot by itself, or nothing was traded. */
  best: Best | undefined;
}
export interface Best {
  solver: Hex;
  book: Book;
  network: Network;
  cleared: Cleared;
  /** Slots of the market that were traded again later, so that people pay another price than this one. */
  tradedAgain: number[];
}

const CLEARED = 3;
/** Blocks in which earlier parts of a certificate are looked for. */
const PARTS_BLOCKS_MAX = 2_000;

type CallName = 'reveal' | 'announce' | 'submit';

/** What each call of a function of the institution says, among the calls that a transaction makes by itself. */
function callsOf(done: Done, name: CallName): readonly unknown[][] {
  return done.calls.flatMap(({ to, data }) => {
    if (to !== addresses.energy) return [];
    try {
      const { functionName, args } = decodeFunctionData({ abi: energyAbi, data });
      return functionName === name ? [[...args]] : [];
    } catch {
      return []; // no function of it
    }
  });
}

/** Proves everything that a clearing depends on, and checks it. Throws `NotShown`; whatever `source.ask` throws goes through. */
export const checkAuction = (auction: Hex, source: Source): Promise<Shown> => checkBy(new Prover(source), source.ask, auction.toLowerCase() as Hex);

/** The same with a prover that is there. */
export async function checkBy(prover: Prover, ask: Ask, id: Hex): Promise<Shown> {
  prover.plan(2);
  const auction = await prover.record('auction', subjects.auction(id), decodeAuction);
  if (!auction) throw new NotShown('Missing', { what: 'auction' });
  if (auction.stage !== CLEARED) throw new NotShown('NotCleared', { stage: auction.stage });
  const market = await prover.lasting('market', subjects.market(auction.market), decodeMarket);
  if (!market) throw new NotShown('Record', { piece: 'market', words: 'there is none' });
  const said = await logsOf(ask, id, auction);
  const bids = await openBids(prover, id, auction, said);
  const best = auction.accepted && (await bestOf(prover, ask, { id, auction, market, bids, said, solver: auction.accepted }));
  return { id, auction, market, bids, records: prover.proven, best };
}

/** Everything that the node tells of the auction, by name. */
type SaidOf = <N extends EnergyEvent['name']>(name: N) => (Said & { facts: FactsOf<N> })[];

async function logsOf(ask: Ask, id: Hex, { commitments }: Auction): Promise<SaidOf> {
  const names = ['Committed', 'Revealed', 'StageBegan', 'RedispatchOrdered', 'Announced', 'CertificateAccepted', 'Cleared'] as const;
  const committed = (logs: Said[]): number => new Set(eventsOf(logs, 'Committed').map(({ meter }) => meter)).size;
  const logs = await saidLogs(ask, names, [id], (found) => committed(found) >= commitments);
  return (name) =>
    logs.flatMap((log) => {
      const event = energyEvent(log);
      return event?.name === name ? [{ ...log, facts: event.facts as never }] : [];
    });
}

/** The bids as they were opened, each proven, and as many as the record and the clearing count. */
async function openBids(prover: Prover, id: Hex, auction: Auction, said: SaidOf): Promise<OpenBid[]> {
  const [ending] = said('Cleared').slice(-1);
  if (!ending) throw new NotShown('Missing', { what: 'clearing' });
  const order = new Map<Hex, number>();
  for (const { facts } of said('Committed')) if (!order.has(facts.meter)) order.set(facts.meter, order.size);
  if (order.size < auction.commitments) throw new NotShown('Missing', { what: 'commitment' });
  const revealed = said('Revealed');
  prover.plan(1);
  const [bids, end] = await Promise.all([
    prover.each(revealed, async ({ transactionHash, facts }) => openBid(await prover.done(transactionHash), id, facts.meter)),
    prover.done(ending.transactionHash),
  ]);
  if (!eventsOf(end.logs, 'Cleared').some((event) => event.auction === id)) throw new NotShown('Missing', { what: 'clearing' });
  const unopened = eventsOf(end.logs, 'NotRevealed').filter((event) => event.auction === id).length;
  const count = (what: 'bids' | 'orders' | 'batteries', expected: number, found: number): void => {
    if (expected !== found) throw new NotShown('Counts', { what, expected, found });
  };
  // Every sealed bid was opened or told in the clearing's own receipt not to have been.
  count('bids', auction.commitments - unopened, new Set(bids.map(({ meter }) => meter)).size);
  count('orders', auction.orders, bids.reduce((sum, { bid }) => sum + bid.orders.length, 0));
  count('batteries', auction.batteries, bids.filter(({ bid }) => bid.battery).length);
  const zones = await prover.each(bids, async ({ meter }) => {
    const record = await prover.lasting('meter', subjects.meter(meter), decodeMeter);
    if (record?.market !== auction.market) throw new NotShown('Record', { piece: 'meter', words: 'it is not of this market' });
    return record.zone;
  });
  const open = bids.map((bid, place) => ({ ...bid, zone: zones[place]! }));
  return open.sort((a, b) => (order.get(a.meter) ?? 0) - (order.get(b.meter) ?? 0));
}

/** The bid of `meter` out of the transaction that opened it. */
function openBid(done: Done, id: Hex, meter: Hex): Omit<OpenBid, 'zone'> {
  if (!eventsOf(done.logs, 'Revealed').some((event) => event.auction === id && event.meter === meter)) {
    throw new NotShown('Record', { piece: 'transaction', words: 'it opened no such bid' });
  }
  const call = callsOf(done, 'reveal').find(([auction, of]) => auction === id && of === meter);
  if (!call) throw new NotShown('InContract', { what: 'bid' });
  return { meter, bid: decoded('transaction', () => decodeBid(hexToBytes(call[3] as Bytes))) };
}

function decoded<T>(piece: 'transaction', act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof NotBorsh) throw new NotShown('Record', { piece, words: error.message });
    throw error;
  }
}

interface Of {
  id: Hex;
  auction: Auction;
  market: Market;
  bids: OpenBid[];
  said: SaidOf;
  solver: Hex;
}

async function bestOf(prover: Prover, ask: Ask, of: Of): Promise<Best> {
  const { id, auction, market, bids, solver } = of;
  const [certificate, asked, { freeWh: lines, tradedLater }] = await Promise.all([
    certificateOf(prover, ask, of),
    redispatchOf(prover, of),
    freeLines(prover, ask, { id, auction, market, began: of.said('StageBegan').find(({ facts }) => facts.stage === 2) }),
  ]);
  const shift = asked && lines[0] && reserve(market.zones, asked, lines[0]);
  const freeWh = shift ? [shift.free, ...lines.slice(1)] : lines;
  // Slots that were traded before are refused above.
  const book: Book = { terms: market.terms, zones: market.zones, freeWh, rootWh: freeWh.map(() => 0), redispatch: shift?.order, bids };
  const network = networkOf(book);
  let cleared: Cleared;
  try {
    cleared = checkCertificate(network, decodeCertificate(certificate));
  } catch (error) {
    if (error instanceof NotBorsh) throw new NotShown('Flaw', { flaw: 'NoCertificate', facts: {} });
    if (error instanceof Flawed) throw new NotShown('Flaw', { flaw: error.flaw, facts: error.facts } as never);
    throw error;
  }
  if (cleared.welfareNano !== auction.welfareNano) throw new NotShown('Worth', { expected: auction.welfareNano, found: cleared.welfareNano });
  return { solver, book, network, cleared, tradedAgain: await pricesPaid(prover, { auction, book, network, cleared, tradedLater }) };
}

/** What the operator asked last, as the node tells its orders; one that it does not tell is missed as an arc, and the certificate does not fit. */
async function redispatchOf(prover: Prover, { id, said }: Of): Promise<Redispatch | undefined> {
  const last = said('RedispatchOrdered').at(-1);
  if (!last) return undefined;
  prover.plan(1);
  const order = eventsOf((await prover.done(last.transactionHash)).logs, 'RedispatchOrdered').filter((event) => event.auction === id).at(-1);
  if (!order) throw new NotShown('Record', { piece: 'transaction', words: 'it ordered no such redispatch' });
  const { deficit, surplus, wh, limitMicro } = order;
  return wh === 0 ? undefined : { deficit, surplus, wh, limitMicro: Number(limitMicro) };
}

/** The bytes that the solver announced and handed in. */
async function certificateOf(prover: Prover, ask: Ask, { id, said, solver }: Of): Promise<Uint8Array> {
  const announced = said('Announced').find(({ facts }) => facts.solver.toLowerCase() === solver);
  const accepted = said('CertificateAccepted').find(({ facts }) => facts.solver.toLowerCase() === solver);
  if (!announced) throw new NotShown('Missing', { what: 'announcement' });
  if (!accepted) throw new NotShown('Missing', { what: 'certificate' });
  const [first, last] = await prover.each([announced, accepted], ({ transactionHash }) => prover.done(transactionHash));
  const isOurs = (event: { auction: Hex; solver: Hex }): boolean => event.auction === id && event.solver.toLowerCase() === solver;
  const size = eventsOf(first!.logs, 'Announced').find(isOurs)?.size;
  if (size === undefined) throw new NotShown('Missing', { what: 'announcement' });
  if (!eventsOf(last!.logs, 'CertificateAccepted').some(isOurs)) throw new NotShown('Missing', { what: 'certificate' });
  const hash = callsOf(first!, 'announce').find(([auction]) => auction === id)?.[1];
  if (hash === undefined) throw new NotShown('InContract', { what: 'announcement' });
  const partsOf = (done: Done): Uint8Array[] => callsOf(done, 'submit').flatMap(([auction, part]) => (auction === id ? [hexToBytes(part as Bytes)] : []));
  let parts = partsOf(last!);
  if (parts.length === 0) throw new NotShown('InContract', { what: 'certificate' });
  if (concatBytes(parts).length < size) {
    const hashes = await earlierParts(ask, id, solver, announced.height, accepted);
    parts = [...(await prover.each(hashes, (hash) => prover.done(hash))).flatMap(partsOf), ...parts];
  }
  const bytes = concatBytes(parts);
  if (certificateHash(id, solver, bytes) !== hash) throw new NotShown('OtherCertificate', {});
  return bytes;
}

/** Transactions that may have brought the parts before the last one, which lead to no event. */
async function earlierParts(ask: Ask, id: Hex, solver: Hex, from: number, last: Said): Promise<Hex[]> {
  if (last.height - from > PARTS_BLOCKS_MAX) throw new NotShown('Missing', { what: 'certificate' });
  type Sent = { hash: Hex; from: Hex; input: Hex; calls?: { input?: Hex; data?: Hex }[] };
  const found: Hex[] = [];
  for (let height = from; height <= last.height; height += 1) {
    const block = (await ask('eth_getBlockByNumber', [numberToHex(height), true])) as { transactions: Sent[] } | null;
    const mentions = ({ input, calls }: Sent): boolean => [input, ...(calls ?? []).map((call) => call.input ?? call.data)].some((data) => data?.includes(id.slice(2)));
    const ours = (block?.transactions ?? []).filter((sent) => sent.from.toLowerCase() === solver && sent.hash !== last.transactionHash && mentions(sent));
    found.push(...ours.map(({ hash }) => hash));
  }
  return found;
}

interface Paid {
  auction: Auction;
  book: Book;
  network: Network;
  cleared: Cleared;
  /** Transactions in which other auctions cleared these slots later, by slot. */
  tradedLater: Map<number, Hex>;
}

/** Holds what people pay for each slot, and what its record has on the lines, to the certificate; gives the slots that were traded again. */
async function pricesPaid(prover: Prover, { auction, book, network, cleared, tradedLater }: Paid): Promise<number[]> {
  const lines = lineFlows(book, network, cleared);
  const traded = tradedZones(book, network, cleared, lines);
  const places = book.freeWh.map((_, slot) => slot);
  const again = await prover.each(places, async (place) => {
    const slot = auction.firstSlot + place;
    const record = await prover.record('slot', subjects.slot(auction.market, slot), decodeSlot);
    if (!record) throw new NotShown('Record', { piece: 'slot', words: 'there is none' });
    const differs = difference(record, book, cleared, lines, traded[place]!, slot, place);
    if (!differs) return [];
    const later = tradedLater.get(slot);
    if (!later) throw differs;
    prover.plan(1);
    const within = ({ market, firstSlot, slots }: { market: Hex; firstSlot: number; slots: number }): boolean => market === auction.market && firstSlot <= slot && slot < firstSlot + slots;
    if (!eventsOf((await prover.done(later)).logs, 'Cleared').some(within)) throw differs;
    return [slot];
  });
  return again.flat();
}

/** What the certificate has over each zone's line towards its parent, slot by slot. */
function lineFlows({ freeWh, zones, redispatch }: Book, { arcs }: Network, { flowWh }: Cleared): number[][] {
  const lines = freeWh.map(() => zones.map(() => 0));
  for (const [at, { use }] of arcs.entries()) {
    if (use.kind === 'up') lines[use.slot]![use.zone]! += flowWh[at]!;
    if (use.kind === 'down') lines[use.slot]![use.zone]! -= flowWh[at]!;
    if (use.kind === 'redispatch' && redispatch) carry(zones, redispatch, flowWh[at]!, lines[0]!);
  }
  return lines;
}

/** Where anything was bought, sold or stored, or went over a line: elsewhere a price says nothing, and what it was before stands. */
function tradedZones({ freeWh, zones, bids }: Book, { arcs }: Network, { flowWh }: Cleared, lines: number[][]): boolean[][] {
  const traded = freeWh.map(() => zones.map(() => false));
  for (const [at, { use }] of arcs.entries()) {
    if (!flowWh[at]) continue;
    if (use.kind === 'order') traded[bids[use.bid]!.bid.orders[use.order]!.slot]![bids[use.bid]!.zone] = true;
    if (use.kind === 'charge' || use.kind === 'discharge') traded[use.slot]![bids[use.bid]!.zone] = true;
  }
  for (const [slot, flows] of lines.entries()) {
    for (const [zone, wh] of flows.entries()) if (wh !== 0) traded[slot]![zone] = traded[slot]![zones[zone]!.parent] = true;
  }
  return traded;
}

function difference(record: SlotBook, book: Book, { priceMicro }: Cleared, lines: number[][], traded: boolean[], slot: number, place: number): NotShown | undefined {
  for (const zone of book.zones.keys()) {
    const [expected, found] = [priceMicro[zoneNode(book, place, zone)]!, record.priceMicro[zone] ?? 0];
    if (traded[zone] && expected !== found) return new NotShown('Price', { slot, zone, expected, found });
    const [expectedWh, foundWh] = [lines[place]![zone]!, record.flowWh[zone] ?? 0];
    if (expectedWh !== foundWh) return new NotShown('Line', { slot, zone, expected: expectedWh, found: foundWh });
  }
  return undefined;
}
