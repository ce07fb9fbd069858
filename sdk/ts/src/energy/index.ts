/**
 * Checks that a clearing of an energy market is the best one: of a book and a certificate (`checkCertificate`), or of an auction of a running chain from
 * proven records and transactions alone (`checkAuction`). The same as crates/rules/src/energy/clearing, which docs/energy.md explains. What is trusted
 * is the chain's anchor.
 */
export { type Best, type Shown, checkAuction } from './auction.js';
export { NotBorsh } from './borsh.js';
export { type Cleared, checkCertificate } from './check.js';
export { type Flaw, type FlawFacts, Flawed, flawWords } from './flaw.js';
export { ARCS_MAX, type Arc, type Network, type Use, boundNano, networkOf, welfareNano, zoneNode } from './network.js';
export { type Ask, type EnergyEvent, type FactsOf, type Said, energyEvent, eventsOf, saidLogs } from './events.js';
export { Memory, type Source, inTurn } from './prover.js';
export { NotShown, type Piece, type Reason, type ReasonFacts } from './reasons.js';
export {
  type Auction, type Battery, type Bid, type Book, type Caps, type Certificate, DAY_SLOTS, type Extreme, type Free, type Market, type Meter, type OpenBid, type Order, type Redispatch, SLOT_MS, type SlotBook, type Terms, type Zone,
  auctionId, certificateHash, decodeAuction, decodeBid, decodeBook, decodeCaps, decodeCertificate, decodeMarket, decodeMeter, decodeSlot, subjects,
} from './records.js';
