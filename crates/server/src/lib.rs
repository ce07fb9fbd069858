//! One port: JSON-RPC over HTTP and WebSocket, and the console.
//!
//! This crate never decides what a transaction may do, never touches a disk, and knows the node only as a [`Backend`].

mod backend;
mod connection;
mod documents;
mod doors;
mod eth;
mod filters;
mod gate;
mod http;
mod key_authorization;
mod orders;
mod page;
mod passkeys;
mod powers;
mod subscribe;
mod transaction;

pub use backend::{
    Account, Anchor, Backend, BackendError, Finality, Follows, LOGS_MAX, Network, NewBlock, ProofRequest, RECORDS_MAX, Validator,
};
pub use doors::{Allowance, Counts};
pub use http::{Limits, Serving, serve};
pub use key_authorization::{RpcKeyAuthorization, RpcKeySignature, RpcLimit, RpcScope, RpcSelector};
pub use passkeys::{NoOrigin, PASSKEY_ORIGINS_MAX, PasskeyOrigin};
pub use transaction::{BatchCall, BatchTransaction, CallRequest, EcdsaSignature, RequestedCall, RpcReceipt, RpcTransaction};
