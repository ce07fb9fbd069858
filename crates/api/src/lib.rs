//! What clients, gateways and the chain say to each other: the Solidity interfaces of the institutions with their
//! conversions, the JSON twins of records, and a typed client.
//!
//! This crate never decides a rule and never opens a socket but in [`client`].

pub mod abi;
