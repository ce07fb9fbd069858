//! The home gateway, `dure home`: from a sensor on the household's MQTT broker to an order on the chain.
//!
//! - Upon a reading: filter it ([`filter`]); three that agree make a level.
//! - Upon a level: decide ([`mind`]) what to say to the chain: order, evidence of delivery, a filled slot, or nothing.
//! - Upon an order: choose the cheapest offer whose preview says yes, seal the address to its shop, keep code and sequence
//!   number on disk, then send.
//! - Upon anything to say: in the owner's name where the owner let the gateway's key in, else from its own account ([`relay`]).
//! - Upon a break of broker, node or power: forget the readings, sample again. Nothing is replayed: whether an order is
//!   wanted is asked of the level and of the chain anew, and the chain knows one order a low level only.
//! - Upon `online` from Home Assistant, and upon every connection: announce the devices again.

mod book;
pub mod config;
mod discovery;
pub mod filter;
pub mod mind;
pub mod pairing;
mod relay;
mod run;
pub mod setup;
mod slot;

pub use book::Book;
pub use relay::{Standing, standing};
pub use run::{HomeError, Note, read_address, run};
pub use slot::check;
