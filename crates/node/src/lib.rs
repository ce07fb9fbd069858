//! A node of the chain: agreement, storage, pool, pacing, genesis, and what older heights are asked from.
//!
//! It is the only one that imports commonware. This crate never decides what a transaction may do (`dure-rules` and
//! `dure-execution` do), speaks JSON only to nodes that it follows (`dure-server` answers in it), and has no rule that depends on the runtime it runs in: the
//! same [`app`] runs on disk and in the deterministic simulation.

pub mod app;
mod asked;
pub mod block;
pub mod chain;
pub mod disk;
pub mod engine;
pub mod execute;
pub mod finality;
mod follow;
pub mod genesis;
pub mod gossip;
pub mod history;
pub mod network;
pub mod pacer;
pub mod pacing;
pub mod pool;
pub mod prove;
pub mod read;
pub mod relay;
pub mod replay;
pub mod serve;
pub mod state;
pub mod sync;
mod trunk;
pub mod upstreams;
mod wire;
