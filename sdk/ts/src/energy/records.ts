/** What the energy institution keeps and is sent, as crates/rules/src/energy/records.rs writes it. Energy in Wh, prices in micro-units per kWh. */
import { type Reader, whole } from './borsh.js';
import { concatBytes, hexToBytes, keccak256, numberToBytes, stringToBytes } from 'viem';
import type { Hex } from '../proof/bytes.js';

/** Quarters of an hour of a day (UTC), and how long one is. */
export const DAY_SLOTS = 96;
export const SLOT_MS = 900_000;

/** Would sell, or buy, up to so much in one slot (counted from the auction's first) at no worse than this. */
export interface Order {
  slot: number;
  buys: boolean;
  wh: number;
  limitMicro: number;
}
/** A battery that may be charged and discharged as is best for all. */
export interface Battery {
  chargeWh: number;
  dischargeWh: number;
  capacityWh: number;
  initialWh: number;
  wearMicro: number;
  finalMicro: number;
}
export interface Bid {
  orders: Order[];
  battery: Battery | undefined;
}
export interface Zone {
  name: string;
  parent: number;
  upWh: number;
  downWh: number;
  feeMicro: number;
}
export interface Terms {
  retailMicro: number;
  feedInMicro: number;
  technicalMicro: number;
}
/** One of the two extreme prices of a node, and the last edge of the path that shows it. */
export interface Extreme {
  priceMicro: number;
  arc: number;
  depth: number;
}
export interface Certificate {
  highest: Extreme[];
  lowest: Extreme[];
  openWh: number[];
}
/** A bid that was opened. */
export interface OpenBid {
  meter: Hex;
  zone: number;
  bid: Bid;
}
/** Towards the parent and from it, Wh. */
export type Free = readonly [upWh: number, downWh: number];
/** What the operator asks of an auction of one slot: it buys in the one zone and sells as much in the other, for at most so much between their prices. */
export interface Redispatch {
  deficit: number;
  surplus: number;
  wh: number;
  limitMicro: number;
}
/** Everything that a clearing depends on. */
export interface Book {
  terms: Terms;
  zones: Zone[];
  /** What is free on each zone's line beside what a redispatch may need, for each slot and in it each zone. */
  freeWh: Free[][];
  /** What earlier auctions have put over the root's line, for each slot: to the grid, below 0 from it. */
  rootWh: number[];
  redispatch: Redispatch | undefined;
  bids: OpenBid[];
}
export interface Market {
  name: string;
  operator: Hex;
  supplier: Hex;
  credit: Hex;
  zones: Zone[];
  terms: Terms;
  meters: number;
}
export interface Meter {
  market: Hex;
  owner: Hex;
  zone: number;
}
export interface Auction {
  market: Hex;
  firstSlot: number;
  slots: number;
  /** 0 open, 1 revealing, 2 solving, 3 cleared. */
  stage: number;
  commitments: number;
  orders: number;
  batteries: number;
  accepted: Hex | undefined;
  welfareNano: bigint;
}
/** What the operator lets a line carry on one day, for each of its slots. */
export interface Caps {
  upWh: number[];
  downWh: number[];
}
export interface SlotBook {
  priceMicro: number[];
  flowWh: number[];
}

const ORDER_BYTES = 14;
const EXTREME_BYTES = 16;

const order = (from: Reader): Order => ({ slot: from.u8(), buys: from.bool(), wh: from.u32(), limitMicro: from.price() });
const battery = (from: Reader): Battery => ({
  chargeWh: from.u32(), dischargeWh: from.u32(), capacityWh: from.u32(), initialWh: from.u32(), wearMicro: from.price(), finalMicro: from.price(),
});
const bid = (from: Reader): Bid => ({ orders: from.list(ORDER_BYTES, () => order(from)), battery: from.option(() => battery(from)) });
const extreme = (from: Reader): Extreme => ({ priceMicro: from.nearly(), arc: from.u32(), depth: from.u32() });
const zone = (from: Reader): Zone => ({ name: from.text(), parent: from.u8(), upWh: from.u32(), downWh: from.u32(), feeMicro: from.u32() });
const zones = (from: Reader): Zone[] => from.list(17, () => zone(from));

const redispatch = (from: Reader): Redispatch => ({ deficit: from.u8(), surplus: from.u8(), wh: from.u32(), limitMicro: from.price() });

/** The prices; gates, times, bonds, shares and arbiters play no part in a clearing. */
function terms(from: Reader): Terms {
  const prices = { retailMicro: from.price(), feedInMicro: from.price(), technicalMicro: from.price() };
  from.hex(8 * 8 + 2 + 4 * 8 + 2 * 20);
  return prices;
}

/** Each throws `NotBorsh`. */
export const decodeBid = (bytes: Uint8Array): Bid => whole(bytes, bid);

export const decodeCertificate = (bytes: Uint8Array): Certificate =>
  whole(bytes, (from) => {
    const extremes = (): Extreme[] => from.list(EXTREME_BYTES, () => extreme(from));
    return { highest: extremes(), lowest: extremes(), openWh: from.list(4, from.u32) };
  });

/** What the view `book(auction)` gives. */
export const decodeBook = (bytes: Uint8Array): Book =>
  whole(bytes, (from) => ({
    terms: terms(from),
    zones: zones(from),
    freeWh: from.list(4, () => from.list(8, (): Free => [from.u32(), from.u32()])),
    rootWh: from.list(8, () => from.price()),
    redispatch: from.option(() => {
      from.hex(32); // its auction
      return redispatch(from);
    }),
    bids: from.list(94, () => {
      from.hex(32 + 4); // its auction, and its number
      const meter = from.hex(32);
      from.hex(20); // the account
      return { meter, zone: from.u8(), bid: bid(from) };
    }),
  }));

export const decodeMarket = (bytes: Uint8Array): Market =>
  whole(bytes, (from) => {
    from.hex(32);
    const named = { name: from.text(), operator: from.hex(20), supplier: from.hex(20), credit: from.hex(20) };
    from.u64();
    const market = { ...named, zones: zones(from), terms: terms(from), meters: from.u32() };
    from.u64();
    return market;
  });

export const decodeMeter = (bytes: Uint8Array): Meter =>
  whole(bytes, (from) => {
    from.hex(32);
    const market = from.hex(32);
    from.u32();
    const owner = from.hex(20);
    from.hex(65);
    const meter = { market, owner, zone: from.u8() };
    from.hex(4 + 4 + 1 + 8 + 4 + 8 + 8);
    return meter;
  });

export const decodeAuction = (bytes: Uint8Array): Auction =>
  whole(bytes, (from) => {
    from.hex(32);
    const of = { market: from.hex(32), firstSlot: from.u32(), slots: from.u8(), stage: from.u8() };
    from.u64(); // until_ms and half_ms
    from.u64();
    const counts = { commitments: from.u32(), orders: from.u32(), batteries: from.u32() };
    from.u32();
    return { ...of, ...counts, accepted: from.option(() => from.hex(20)), welfareNano: from.i128() };
  });

export const decodeCaps = (bytes: Uint8Array): Caps =>
  whole(bytes, (from) => {
    from.hex(32 + 1 + 4);
    const all = (): number[] => from.times(DAY_SLOTS, from.u32);
    return { upWh: all(), downWh: all() };
  });

export const decodeSlot = (bytes: Uint8Array): SlotBook =>
  whole(bytes, (from) => {
    from.hex(32 + 4 + 1 + 4);
    const book = { priceMicro: from.list(8, () => from.price()), flowWh: from.list(8, () => from.price()) };
    from.i128();
    from.hex(4 + 16 + 8); // what was shifted
    for (let side = 0; side < 2; side += 1) from.list(8, from.u64);
    from.i128();
    return book;
  });

const little = (value: number, size: number): Uint8Array => numberToBytes(value, { size }).reverse();
const id = (...parts: Uint8Array[]): Uint8Array => concatBytes(parts);

/** Tables of records: the tag, and the borsh form of what a key is made of, as `dure_getProof` asks for them. */
export const subjects = {
  market: (market: Hex) => ({ tag: 0x50, id: id(hexToBytes(market)) }),
  caps: (market: Hex, zone: number, day: number) => ({ tag: 0x51, id: id(hexToBytes(market), little(zone, 1), little(day, 4)) }),
  meter: (meter: Hex) => ({ tag: 0x52, id: id(hexToBytes(meter)) }),
  auction: (auction: Hex) => ({ tag: 0x55, id: id(hexToBytes(auction)) }),
  slot: (market: Hex, slot: number) => ({ tag: 0x5b, id: id(hexToBytes(market), little(slot, 4)) }),
};

/** keccak256("dure.auction" ‖ market ‖ first slot, 4 bytes ‖ slots, 1 byte). */
export const auctionId = (market: Hex, firstSlot: number, slots: number): Hex =>
  keccak256(id(stringToBytes('dure.auction'), hexToBytes(market), little(firstSlot, 4), little(slots, 1)));

/** What binds a certificate to who worked it out. */
export const certificateHash = (auction: Hex, solver: Hex, certificate: Uint8Array): Hex =>
  keccak256(id(stringToBytes('dure.certificate'), hexToBytes(auction), hexToBytes(solver), certificate));
