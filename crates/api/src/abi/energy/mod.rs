//! Energy: calldata ↔ actions, events → logs, refusals → errors.

mod calls;
mod interface;
mod outcome;
mod views;

pub use calls::terms;
pub use interface::IEnergy;

pub(super) use calls::{decode, encode};
pub(super) use outcome::{error, log};
