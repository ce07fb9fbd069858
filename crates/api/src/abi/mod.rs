//! Solidity's view of the institutions: `sol!` interfaces, and conversions between calldata, logs and errors on one side
//! and actions, events and refusals on the other.
//!
//! Decoding is strict: calldata that is not the canonical encoding of a function's arguments is [`CallError::Malformed`].
//!
//! This module never decides a rule: a number that is too large for the rules is handed on as the largest there is, and
//! refused there by name.

pub mod accounts;
pub mod credits;
pub mod deadlines;
pub mod disputes;
pub mod energy;
mod keys;
pub mod module;
mod names;
pub mod orders;
pub mod roles;

pub use names::documents;

use alloy_primitives::{Address, Bytes, Log, U256};
use alloy_sol_types::{SolEvent, SolValue as _};
use dure_rules::{Action, Amount, Draft, Event, Failure, Output, Refusal};

/// Why calldata asks for nothing that an institution knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("no institution stands at {0}")]
    NotAModule(Address),
    #[error("the institution has no function with selector {}", hex::encode(.0))]
    UnknownSelector([u8; 4]),
    #[error("the calldata is not the ABI encoding of the function's arguments")]
    Malformed,
}

/// What calldata asks for.
#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack, taken apart at once")]
pub enum Ask {
    /// Something that changes records.
    Action(Action),
    /// A question: the ABI encoding of the answer.
    View(View),
}

/// A question, to be put to records. Writes nothing.
pub type View = Box<dyn FnOnce(&mut Draft<'_>) -> Result<Vec<u8>, Failure>>;

/// What calldata to `to` asks for.
///
/// # Errors
/// [`CallError`].
pub fn decode(to: Address, data: &[u8]) -> Result<Ask, CallError> {
    match to {
        dure_rules::credits::REGISTRY => credits::decode_registry(data),
        dure_rules::roles::MODULE => roles::decode(data),
        dure_rules::accounts::MODULE => accounts::decode(data),
        dure_rules::disputes::MODULE => disputes::decode(data),
        dure_rules::energy::MODULE => energy::decode(data),
        dure_rules::orders::MODULE => orders::decode(data),
        _ if is_credit(&to) => credits::decode(dure_rules::credits::CreditId(to), data),
        _ => Err(CallError::NotAModule(to)),
    }
}

/// Where an action is sent, and the calldata that asks for it.
pub fn encode(action: &Action) -> (Address, Bytes) {
    match action {
        Action::Accounts(action) => (dure_rules::accounts::MODULE, accounts::encode(action)),
        Action::Credits(action) => credits::encode(action),
        Action::Roles(action) => (dure_rules::roles::MODULE, roles::encode(action)),
        Action::Disputes(action) => (dure_rules::disputes::MODULE, disputes::encode(action)),
        Action::Energy(action) => (dure_rules::energy::MODULE, energy::encode(action)),
        Action::Orders(action) => (dure_rules::orders::MODULE, orders::encode(action)),
        Action::Deadlines(never) => match *never {},
    }
}

/// How what this action answers is encoded. What a device asked for answers with bytes, because it depends on what it said.
pub fn output_encoder(action: &Action) -> fn(Output) -> Vec<u8> {
    match action {
        Action::Orders(dure_rules::orders::Action::RelayDevice(_)) => |output| Bytes::from(encode_output(output)).abi_encode(),
        _ => encode_output,
    }
}

fn encode_output(output: Output) -> Vec<u8> {
    match output {
        Output::None => Vec::new(),
        Output::Id(id) => id.abi_encode(),
        Output::Yes(yes) => yes.abi_encode(),
    }
}

/// The log of an event, under the address of the institution it happened in.
pub fn event_to_log(event: &Event) -> Log {
    match event {
        Event::Accounts(event) => accounts::log(event),
        Event::Credits(event) => credits::log(event),
        Event::Roles(event) => roles::log(event),
        Event::Deadlines(event) => deadlines::log(event),
        Event::Disputes(event) => disputes::log(event),
        Event::Energy(event) => energy::log(event),
        Event::Orders(event) => orders::log(event),
    }
}

/// A refusal as a Solidity custom error, its facts included.
pub fn refusal_to_error(refusal: &Refusal) -> Bytes {
    match refusal {
        Refusal::Accounts(refusal) => accounts::error(refusal),
        Refusal::Credits(refusal) => credits::error(refusal),
        Refusal::Roles(refusal) => roles::error(refusal),
        Refusal::Deadlines(refusal) => deadlines::error(refusal),
        Refusal::Disputes(refusal) => disputes::error(refusal),
        Refusal::Energy(refusal) => energy::error(refusal),
        Refusal::Orders(refusal) => orders::error(refusal),
    }
    .into()
}

/// File name and JSON ABI of every interface, as kept in the repository's `abi/` and served by a node.
pub fn json() -> Vec<(&'static str, String)> {
    vec![
        ("accounts", pretty(accounts::IAccounts::abi::contract())),
        ("credit", pretty(credits::ICredit::abi::contract())),
        ("credits", pretty(credits::ICredits::abi::contract())),
        ("deadlines", pretty(deadlines::IDeadlines::abi::contract())),
        ("disputes", pretty(disputes::IDisputes::abi::contract())),
        ("energy", pretty(energy::IEnergy::abi::contract())),
        ("module", pretty(module::IModule::abi::contract())),
        ("orders", pretty(orders::IOrders::abi::contract())),
        ("roles", pretty(roles::IRoles::abi::contract())),
    ]
}

fn pretty(abi: alloy_sol_types::private::alloy_json_abi::JsonAbi) -> String {
    serde_json::to_string_pretty(&abi).unwrap_or_default() + "\n"
}

/// `0xd00ec0…` and a number.
pub fn is_credit(address: &Address) -> bool {
    dure_rules::is_module(address) && address.0[2] == 0xc0
}

/// Numbers beyond the rules' range become the largest there is, which every rule refuses or takes for "everything".
pub(crate) fn amount(value: U256) -> Amount {
    value.saturating_to()
}

pub(crate) fn logged<E: SolEvent>(address: Address, event: &E) -> Log {
    Log { address, data: event.encode_log_data() }
}

/// The interface's call for this calldata.
pub(crate) fn parse<C: alloy_sol_types::SolInterface>(data: &[u8]) -> Result<C, CallError> {
    let selector = data.first_chunk::<4>().ok_or(CallError::Malformed)?;
    if !C::valid_selector(*selector) {
        return Err(CallError::UnknownSelector(*selector));
    }
    let call = C::abi_decode_validate(data).map_err(|_| CallError::Malformed)?;
    // The decoder forgives missing padding and odd offsets; one meaning has one encoding here.
    if call.abi_encode() == data { Ok(call) } else { Err(CallError::Malformed) }
}

#[cfg(test)]
mod tests;
