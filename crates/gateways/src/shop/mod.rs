//! The shop adapter, `dure shop`: what a shop runs beside its till.
//!
//! - Upon start: become a shop and publish the offers of `shop.toml`, where the chain does not have them yet.
//! - Upon an order: accept, ship, claim, answer by the rules of the file ([`rules`]), or leave it to a person's hand.
//! - Upon a break: look again. The program keeps nothing: the chain is its memory.
//!
//! It never ships before the cancel time (the chain refuses it), and shows an address only to who asks for it.

pub mod config;
pub mod rules;
mod run;

pub use run::{Desk, ShopError, ShopNote, run};
