//! The law that stands at the modules' addresses of every chain: `dure-api`'s words on one side, the rules on the other.

use crate::Key;
use crate::modules::{End, Law, Malformed, NotAModule, StaticCallNotAllowed, UnknownSelector};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolError as _;
use dure_api::abi::{self, Ask, CallError};
use dure_rules::credits::{ALLOWANCE, Action as Credits, BALANCE, CREDIT, NONCE, Permit};
use dure_rules::deadlines::{CURSOR, SECOND, SPAN, SPAN_SECONDS};
use dure_rules::recent::{RECENT, WINDOW};
use dure_rules::{Action, Draft, Env, Event, Failure, accounts, is_module};

/// The law of every chain.
pub(crate) const LAW: Law = Law { is_module, call, due: dure_rules::run_due, due_hints, log: abi::event_to_log, hints };

fn call(draft: &mut Draft<'_>, to: Address, data: &[u8], is_static: bool) -> Result<Bytes, End> {
    let answer = match abi::decode(to, data).map_err(refused_call)? {
        Ask::Action(_) if is_static => return Err(End::Reverted(StaticCallNotAllowed {}.abi_encode().into())),
        Ask::Action(action) => {
            let encode = abi::output_encoder(&action);
            dure_rules::apply(draft, action).map(encode)
        }
        // In a draft of its own that nobody adopts: a question cannot change anything.
        Ask::View(question) => question(&mut draft.nested(draft.env.caller)),
    };
    answer.map(Bytes::from).map_err(|failure| match failure {
        Failure::Refused(refusal) => End::Reverted(abi::refusal_to_error(&refusal)),
        Failure::Stopped(stop) => End::Stopped(stop),
    })
}

fn refused_call(error: CallError) -> End {
    let bytes = match error {
        CallError::NotAModule(at) => NotAModule { at }.abi_encode(),
        CallError::UnknownSelector(selector) => UnknownSelector { selector: selector.into() }.abi_encode(),
        CallError::Malformed => Malformed {}.abi_encode(),
    };
    End::Reverted(bytes.into())
}

/// The accounts that were recovered: the key that took code on for one of them (EIP-7702) stands no more, so neither does it.
pub(crate) fn recovered(events: &[Event]) -> impl Iterator<Item = Address> {
    events.iter().filter_map(|event| match event {
        Event::Accounts(accounts::Event::Recovered { account, .. }) => Some(*account),
        _ => None,
    })
}

/// The balances (and the allowance) that moving money touches: with them in advance a block of transfers misses nothing.
fn hints(caller: Address, to: Address, input: &[u8], keys: &mut Vec<Key>) {
    if !abi::is_credit(&to) {
        return;
    }
    let Ok(Ask::Action(Action::Credits(action))) = abi::decode(to, input) else { return };
    match action {
        Credits::Transfer { credit, to, .. } | Credits::TransferWithMemo { credit, to, .. } => {
            keys.extend([caller, to].map(|who| BALANCE.key(&(credit, who))))
        }
        Credits::TransferFrom { credit, from, to, .. } => {
            keys.extend([from, to].map(|who| BALANCE.key(&(credit, who))));
            keys.push(ALLOWANCE.key(&(credit, from, caller)));
        }
        Credits::Approve { credit, spender, .. } => keys.extend([CREDIT.key(&credit), ALLOWANCE.key(&(credit, caller, spender))]),
        Credits::Permit { credit, permit: Permit { owner, spender, .. } } => {
            keys.extend([CREDIT.key(&credit), NONCE.key(&(credit, owner)), ALLOWANCE.key(&(credit, owner, spender))]);
        }
        Credits::Issue { credit, to, .. } => keys.extend([CREDIT.key(&credit), BALANCE.key(&(credit, to))]),
        Credits::Create { .. } | Credits::Redeem { .. } | Credits::Claim { .. } => {}
    }
}

/// The parent's place in the ring of recent blocks, and the wheel of deadlines where the cursor most likely stands.
fn due_hints(env: &Env, keys: &mut Vec<Key>) {
    let second = env.time_ms / 1_000;
    keys.push(CURSOR.key(&()));
    keys.extend([second, second.saturating_add(1)].map(|second| SECOND.key(&second)));
    keys.push(SPAN.key(&(second / SPAN_SECONDS)));
    keys.extend(env.height.checked_sub(1).map(|parent| RECENT.key(&(parent % WINDOW))));
}
