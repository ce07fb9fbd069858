//! Batches of type 0x76 when they run: who signed, what a key authorisation asks of the rules, and the calls. What their bytes
//! are is [`dure_api::batch`].
//!
//! This module never asks a record whether a key may act: that is `crate::signers`, which asks the rules.

mod grant;
#[cfg(test)]
pub(crate) mod making;
mod recover;
pub(crate) mod run;
#[cfg(test)]
mod tests;
mod webauthn;

pub use grant::{Grant, GrantError};
pub use recover::SignerError;
pub(crate) use recover::{Signers, recover};
pub use webauthn::WebAuthnError;
