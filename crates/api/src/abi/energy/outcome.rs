//! Events to logs, refusals to errors.

use super::IEnergy as I;
use crate::abi::logged;
use alloy_primitives::{I256, Log, U256};
use alloy_sol_types::SolError as _;
use dure_rules::energy::{Event, MODULE, Refusal};

pub(in crate::abi) fn log(event: &Event) -> Log {
    let wide = U256::from::<u128>;
    let signed = |nano: i128| I256::try_from(nano).unwrap_or_default();
    match event.clone() {
        Event::MarketOpened { market, operator, name } => logged(MODULE, &I::MarketOpened { market, operator, name }),
        Event::CapsSet { market, zone, first_slot, slots, up_wh, down_wh } => {
            logged(MODULE, &I::CapsSet { market, zone, firstSlot: first_slot, slots, upWh: up_wh, downWh: down_wh })
        }
        Event::RedispatchOrdered { auction, market, slot, deficit, surplus, wh, limit_micro } => {
            let limit = limit_micro;
            logged(MODULE, &I::RedispatchOrdered { auction, market, slot, deficit, surplus, wh, limitMicro: limit })
        }
        Event::Redispatched { auction, wh, nano } => logged(MODULE, &I::Redispatched { auction, wh, nano: wide(nano) }),
        Event::MeterRegistered { market, meter, owner, zone } => {
            logged(MODULE, &I::MeterRegistered { market, meter, owner, zone })
        }
        Event::MeterAttested { meter, attested } => logged(MODULE, &I::MeterAttested { meter, attested }),
        Event::Deposited { market, account, amount } => logged(MODULE, &I::Deposited { market, account, amount: wide(amount) }),
        Event::Withdrawn { market, account, amount } => logged(MODULE, &I::Withdrawn { market, account, amount: wide(amount) }),
        Event::Committed { auction, market, meter, first_slot, slots } => {
            logged(MODULE, &I::Committed { auction, market, meter, firstSlot: first_slot, slots })
        }
        Event::Revealed { auction, meter } => logged(MODULE, &I::Revealed { auction, meter }),
        Event::NotRevealed { auction, meter } => logged(MODULE, &I::NotRevealed { auction, meter }),
        Event::StageBegan { auction, stage, until_ms } => {
            logged(MODULE, &I::StageBegan { auction, stage: stage as u8, untilMs: until_ms })
        }
        Event::Announced { auction, solver, bytes } => logged(MODULE, &I::Announced { auction, solver, size: bytes }),
        Event::CertificateRefused { auction, solver, flaw } => logged(MODULE, &I::CertificateRefused { auction, solver, flaw }),
        Event::CertificateAccepted { auction, solver, welfare_nano } => {
            logged(MODULE, &I::CertificateAccepted { auction, solver, welfareNano: signed(welfare_nano) })
        }
        Event::Cleared { auction, market, first_slot, slots, by, welfare_nano, reward_nano } => {
            let (welfare, reward) = (signed(welfare_nano), wide(reward_nano));
            let cleared =
                I::Cleared { auction, market, by, firstSlot: first_slot, slots, welfareNano: welfare, rewardNano: reward };
            logged(MODULE, &cleared)
        }
        Event::MeterRead { meter, slot } => logged(MODULE, &I::MeterRead { meter, slot }),
        Event::ReadingChallenged { meter, slot, by, net_wh } => {
            logged(MODULE, &I::ReadingChallenged { meter, slot, by, netWh: net_wh })
        }
        Event::ChallengeEnded { meter, slot, net_wh, owner_nano } => {
            logged(MODULE, &I::ChallengeEnded { meter, slot, netWh: net_wh, ownerNano: signed(owner_nano) })
        }
        Event::Corrected { meter, slot, nano } => logged(MODULE, &I::Corrected { meter, slot, nano: signed(nano) }),
        Event::SlotSettled { market, slot, supplier_nano, pot_nano } => {
            let (supplier, pot) = (signed(supplier_nano), signed(pot_nano));
            logged(MODULE, &I::SlotSettled { market, slot, supplierNano: supplier, potNano: pot })
        }
        Event::RentShared { market, day, nano, capacity_wh } => {
            logged(MODULE, &I::RentShared { market, day, nano, capacityWh: capacity_wh })
        }
    }
}

pub(in crate::abi) fn error(refusal: &Refusal) -> Vec<u8> {
    let wide = U256::from::<u128>;
    match *refusal {
        Refusal::UnknownMarket { market } => I::UnknownMarket { market }.abi_encode(),
        Refusal::UnknownMeter { meter } => I::UnknownMeter { meter }.abi_encode(),
        Refusal::UnknownAuction { auction } => I::UnknownAuction { auction }.abi_encode(),
        Refusal::UnknownCommitment { auction, meter } => I::UnknownCommitment { auction, meter }.abi_encode(),
        Refusal::UnknownSubmission { auction, solver } => I::UnknownSubmission { auction, solver }.abi_encode(),
        Refusal::UnknownSlot { market, slot } => I::UnknownSlot { market, slot }.abi_encode(),
        Refusal::UnknownDay { market, day } => I::UnknownDay { market, day }.abi_encode(),
        Refusal::UnknownChallenge { meter, slot } => I::UnknownChallenge { meter, slot }.abi_encode(),
        Refusal::NotGridOperator { caller } => I::NotGridOperator { caller }.abi_encode(),
        Refusal::NotOperator { caller, operator } => I::NotOperator { caller, operator }.abi_encode(),
        Refusal::NotOwner { caller, owner } => I::NotOwner { caller, owner }.abi_encode(),
        Refusal::NotNeighbour { caller } => I::NotNeighbour { caller }.abi_encode(),
        Refusal::AlreadyRegistered => I::AlreadyRegistered {}.abi_encode(),
        Refusal::AlreadyDone => I::AlreadyDone {}.abi_encode(),
        Refusal::OutOfBounds { field } => I::OutOfBounds { field: field as u8 }.abi_encode(),
        Refusal::NotAttested { meter } => I::NotAttested { meter }.abi_encode(),
        Refusal::BadSignature => I::BadSignature {}.abi_encode(),
        Refusal::WrongStage { stage } => I::WrongStage { stage: stage as u8 }.abi_encode(),
        Refusal::NotOpen { from_ms, until_ms } => I::NotOpen { fromMs: from_ms, untilMs: until_ms }.abi_encode(),
        Refusal::NotChallengeable { from_ms, until_ms } => {
            I::NotChallengeable { fromMs: from_ms, untilMs: until_ms }.abi_encode()
        }
        Refusal::AnswerOver { until_ms } => I::AnswerOver { untilMs: until_ms }.abi_encode(),
        Refusal::NotRead { meter, slot } => I::NotRead { meter, slot }.abi_encode(),
        Refusal::NotDue { until_ms } => I::NotDue { deadlineMs: until_ms }.abi_encode(),
        Refusal::Full { max } => I::Full { max }.abi_encode(),
        Refusal::SealDiffers => I::SealDiffers {}.abi_encode(),
        Refusal::BadBid => I::BadBid {}.abi_encode(),
        Refusal::HoldTooSmall { have_nano, want_nano } => {
            I::HoldTooSmall { haveNano: wide(have_nano), wantNano: wide(want_nano) }.abi_encode()
        }
        Refusal::PurseInsufficient { have_nano, want_nano } => {
            let have = I256::try_from(have_nano).unwrap_or_default();
            I::PurseInsufficient { haveNano: have, wantNano: wide(want_nano) }.abi_encode()
        }
        Refusal::StaleCounter { last, given } => I::StaleCounter { last, given }.abi_encode(),
        Refusal::SlotOutOfTurn { slot, read_until, now } => I::SlotOutOfTurn { slot, readUntil: read_until, now }.abi_encode(),
        Refusal::BeingSettled { slot } => I::BeingSettled { slot }.abi_encode(),
        Refusal::Implausible { meter, max_wh } => I::Implausible { meter, maxWh: max_wh }.abi_encode(),
        Refusal::TooSoon { height } => I::TooSoon { height }.abi_encode(),
        Refusal::NotAsAnnounced => I::NotAsAnnounced {}.abi_encode(),
    }
}
