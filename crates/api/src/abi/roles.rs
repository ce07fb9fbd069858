//! Roles by number: 1 member, 2 maker, 3 arbiter, 4 carrier, 5 grid operator.

use super::{Ask, CallError, logged, parse};
use alloy_primitives::{Bytes, Log};
use alloy_sol_types::{SolCall as _, SolError as _, SolValue as _, sol};
use dure_rules::roles::{self, Action, Event, MODULE, Refusal, Role};

sol! {
    /// Who is recognised as what, by whom, until when. Roles: 1 member, 2 maker, 3 arbiter, 4 carrier, 5 grid operator.
    #[sol(abi)]
    #[derive(Debug)]
    interface IRoles {
        event Granted(uint8 indexed role, address indexed holder, address indexed issuer, uint64 untilMs);
        event Ended(uint8 indexed role, address indexed holder);

        error NotIssuerOfRole(uint8 role, address caller);
        error BadUntil(uint64 untilMs, uint64 minMs, uint64 maxMs);
        error HeldFromOther(address issuer);
        error NotHeld(uint8 role, address holder);

        function grant(uint8 role, address to, uint64 untilMs) external;
        function revoke(uint8 role, address from) external;
        function renounce(uint8 role) external;
        /// Whether the role is held now.
        function has(uint8 role, address who) external view returns (bool);
    }
}

pub(super) fn decode(data: &[u8]) -> Result<Ask, CallError> {
    use IRoles::IRolesCalls as C;
    let role = |number| Role::from_number(number).ok_or(CallError::Malformed);
    let act = |action: Action| Ask::Action(action.into());
    Ok(match parse::<C>(data)? {
        C::grant(c) => act(Action::Grant { role: role(c.role)?, to: c.to, until_ms: c.untilMs }),
        C::revoke(c) => act(Action::Revoke { role: role(c.role)?, from: c.from }),
        C::renounce(c) => act(Action::Renounce { role: role(c.role)? }),
        C::has(c) => {
            let role = role(c.role)?;
            Ask::View(Box::new(move |d| {
                let now = d.env.time_ms;
                Ok(roles::has(d, role, c.who, now)?.abi_encode())
            }))
        }
    })
}

pub(super) fn encode(action: &Action) -> Bytes {
    match *action {
        Action::Grant { role, to, until_ms } => IRoles::grantCall { role: role as u8, to, untilMs: until_ms }.abi_encode(),
        Action::Revoke { role, from } => IRoles::revokeCall { role: role as u8, from }.abi_encode(),
        Action::Renounce { role } => IRoles::renounceCall { role: role as u8 }.abi_encode(),
    }
    .into()
}

pub(super) fn log(event: &Event) -> Log {
    match *event {
        Event::Granted { role, holder, issuer, until_ms } => {
            logged(MODULE, &IRoles::Granted { role: role as u8, holder, issuer, untilMs: until_ms })
        }
        Event::Ended { role, holder } => logged(MODULE, &IRoles::Ended { role: role as u8, holder }),
    }
}

pub(super) fn error(refusal: &Refusal) -> Vec<u8> {
    match *refusal {
        Refusal::NotIssuerOfRole { role, caller } => IRoles::NotIssuerOfRole { role: role as u8, caller }.abi_encode(),
        Refusal::BadUntil { until_ms, min_ms, max_ms } => {
            IRoles::BadUntil { untilMs: until_ms, minMs: min_ms, maxMs: max_ms }.abi_encode()
        }
        Refusal::HeldFromOther { issuer } => IRoles::HeldFromOther { issuer }.abi_encode(),
        Refusal::NotHeld { role, holder } => IRoles::NotHeld { role: role as u8, holder }.abi_encode(),
    }
}
