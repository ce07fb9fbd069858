//! What clients, gateways and the chain say to each other: the Solidity interfaces of the institutions with their
//! conversions.
//!
//! This crate never decides a rule and never opens a socket.

pub mod abi;
