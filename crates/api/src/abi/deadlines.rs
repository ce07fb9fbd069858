//! Deadlines run by themselves: there is nothing to call, only something to see.

use super::logged;
use alloy_primitives::{B256, Log};
use alloy_sol_types::{SolError as _, sol};
use dure_rules::deadlines::{Due, Event, MODULE, Refusal};

sol! {
    /// Deadlines that run at the start of a block.
    #[sol(abi)]
    #[derive(Debug)]
    interface IDeadlines {
        /// What was due could not be done. `kind`: 0 an order, 1 a dispute, 2 an account's recovery, 3 an energy
        /// auction, 4 the readings of an energy market (its id; which slot, the market's slots tell), 5 what its pot shares
        /// for a day, 6 a challenged reading.
        event Failed(uint8 indexed kind, bytes32 indexed id);

        error Full(uint64 atMs);
    }
}

pub(super) fn log(event: &Event) -> Log {
    let Event::Failed { due } = *event;
    let (kind, id): (u8, B256) = match due {
        Due::Order(id) => (0, id),
        Due::Dispute(id) => (1, id),
        Due::Recovery(account) => (2, account.into_word()),
        Due::Auction(id) => (3, id),
        Due::Slot(market, _) => (4, market),
        Due::Sharing(market, _) => (5, market),
        Due::Challenge(id) => (6, id),
    };
    logged(MODULE, &IDeadlines::Failed { kind, id })
}

pub(super) fn error(refusal: &Refusal) -> Vec<u8> {
    let Refusal::Full { at_ms } = *refusal;
    IDeadlines::Full { atMs: at_ms }.abi_encode()
}
