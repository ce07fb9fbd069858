//! What clients, gateways and the chain say to each other: the Solidity interfaces of the institutions with their
//! conversions, and the bytes of a batch (type 0x76).
//!
//! This crate never decides a rule, never checks a signature and never opens a socket.

pub mod abi;
pub mod batch;
