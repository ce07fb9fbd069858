//! Where arbiters rule.

use super::{Ask, CallError, logged, parse};
use alloy_primitives::{Bytes, Log};
use alloy_sol_types::{SolCall as _, SolError as _, SolValue as _, sol};
use dure_rules::disputes::{Action, DISPUTE, Event, MODULE, Refusal, Stage};

sol! {
    /// Disputes: a percent of what is contested goes to the claimant.
    #[sol(abi)]
    #[derive(Debug)]
    interface IDisputes {
        struct Dispute {
            bytes32 id;
            address module;
            address claimant;
            address respondent;
            address arbiter;
            address fallbackArbiter;
            uint8 defaultPercent;
            /// 0: the pinned arbiter decides, 1: the fallback.
            uint8 stage;
            uint64 deadlineMs;
            uint64 endMs;
        }

        event Opened(
            bytes32 indexed dispute, address indexed claimant, address indexed respondent,
            address module, address arbiter, uint64 deadlineMs
        );
        event PassedOn(bytes32 indexed dispute, address indexed fallbackArbiter, uint64 deadlineMs);
        event Ruled(bytes32 indexed dispute, address indexed by, uint8 percent, bool byDefault);
        event Closed(bytes32 indexed dispute);

        error UnknownDispute(bytes32 dispute);
        error NotYourTurn(address caller, address turn);
        error BadPercent(uint8 percent);
        error NotDue(uint64 deadlineMs);

        function rule(bytes32 dispute, uint8 percent) external;
        function runDeadline(bytes32 dispute) external;
        function get(bytes32 dispute) external view returns (Dispute memory);
    }
}

pub(super) fn decode(data: &[u8]) -> Result<Ask, CallError> {
    use IDisputes::IDisputesCalls as C;
    let act = |action: Action| Ask::Action(action.into());
    Ok(match parse::<C>(data)? {
        C::rule(c) => act(Action::Rule { dispute: c.dispute, percent: c.percent }),
        C::runDeadline(c) => act(Action::RunDeadline { dispute: c.dispute }),
        C::get(c) => Ask::View(Box::new(move |d| {
            let dispute = c.dispute;
            let record = DISPUTE.get(d, &dispute)?.ok_or(Refusal::UnknownDispute { dispute })?;
            let answer = IDisputes::Dispute {
                id: record.id,
                module: record.module,
                claimant: record.claimant,
                respondent: record.respondent,
                arbiter: record.arbiter,
                fallbackArbiter: record.fallback,
                defaultPercent: record.default_percent,
                stage: match record.stage {
                    Stage::Pinned => 0,
                    Stage::Fallback => 1,
                },
                deadlineMs: record.deadline_ms,
                endMs: record.end_ms,
            };
            Ok(answer.abi_encode())
        })),
    })
}

pub(super) fn encode(action: &Action) -> Bytes {
    match *action {
        Action::Rule { dispute, percent } => IDisputes::ruleCall { dispute, percent }.abi_encode(),
        Action::RunDeadline { dispute } => IDisputes::runDeadlineCall { dispute }.abi_encode(),
    }
    .into()
}

pub(super) fn log(event: &Event) -> Log {
    match *event {
        Event::Opened { dispute, module, claimant, respondent, arbiter, deadline_ms } => {
            let opened = IDisputes::Opened { dispute, claimant, respondent, module, arbiter, deadlineMs: deadline_ms };
            logged(MODULE, &opened)
        }
        Event::PassedOn { dispute, fallback, deadline_ms } => {
            logged(MODULE, &IDisputes::PassedOn { dispute, fallbackArbiter: fallback, deadlineMs: deadline_ms })
        }
        Event::Ruled { dispute, by, percent, by_default } => {
            logged(MODULE, &IDisputes::Ruled { dispute, by, percent, byDefault: by_default })
        }
        Event::Closed { dispute } => logged(MODULE, &IDisputes::Closed { dispute }),
    }
}

pub(super) fn error(refusal: &Refusal) -> Vec<u8> {
    match *refusal {
        Refusal::UnknownDispute { dispute } => IDisputes::UnknownDispute { dispute }.abi_encode(),
        Refusal::NotYourTurn { caller, turn } => IDisputes::NotYourTurn { caller, turn }.abi_encode(),
        Refusal::BadPercent { percent } => IDisputes::BadPercent { percent }.abi_encode(),
        Refusal::NotDue { deadline_ms } => IDisputes::NotDue { deadlineMs: deadline_ms }.abi_encode(),
    }
}
