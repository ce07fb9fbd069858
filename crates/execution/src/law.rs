//! The law that stands at the modules' addresses of every chain: the ABI on one side, the rules on the other.

use crate::modules::{End, Law, UnknownSelector};
use crate::{Key, Transaction};
use alloy_primitives::{Address, Bytes, FixedBytes, Log};
use alloy_sol_types::SolError as _;
use dure_rules::{Draft, Event};

/// The law of every chain.
pub(crate) const LAW: Law = Law { is_module, call, due: dure_rules::run_due, log, hints };

/// Whether a module stands at `address`: `0xd00e`, 16 zero bytes and a number, or, for a credit, `0xd00ec0`, 13 zero bytes and
/// a number. So many fixed bytes that nobody finds a key for such an address.
pub fn is_module(address: &Address) -> bool {
    let bytes = address.as_slice();
    bytes[..2] == [0xd0, 0x0e] && bytes[3..16].iter().all(|b| *b == 0) && match bytes[2] {
        0x00 => bytes[16..18] == [0, 0],
        0xc0 => true,
        _ => false,
    }
}

fn call(_draft: &mut Draft<'_>, _to: Address, data: &[u8], _is_static: bool) -> Result<Bytes, End> {
    let selector = FixedBytes::<4>::left_padding_from(data.get(..4).unwrap_or_default());
    Err(End::Reverted(UnknownSelector { selector }.abi_encode().into()))
}

fn log(_event: &Event) -> Log {
    Log::default()
}

fn hints(_transaction: &Transaction, _keys: &mut Vec<Key>) {}
