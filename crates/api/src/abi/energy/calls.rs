//! Calldata to actions and back.

use super::IEnergy::{self, IEnergyCalls as C};
use super::views;
use crate::abi::keys::{bytes64, key, key_parts};
use crate::abi::{Ask, CallError, amount, parse};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall as _;
use dure_rules::credits::CreditId;
use dure_rules::energy::*;

/// What calldata to the energy institution asks for.
///
/// # Errors
/// `UnknownSelector`; `Malformed`.
pub(in crate::abi) fn decode(data: &[u8]) -> Result<Ask, CallError> {
    let action: Action = match parse::<C>(data)? {
        C::openMarket(c) => OpenMarket {
            name: c.name,
            credit: CreditId(c.credit),
            supplier: c.supplier,
            zones: c.zones.into_iter().map(zone).collect(),
            terms: terms(&c.terms),
        }
        .into(),
        C::setCaps(c) => {
            SetCaps { market: c.market, zone: c.zone, first_slot: c.firstSlot, slots: c.slots, up_wh: c.upWh, down_wh: c.downWh }
                .into()
        }
        C::orderRedispatch(c) => OrderRedispatch {
            market: c.market,
            slot: c.slot,
            deficit: c.deficit,
            surplus: c.surplus,
            wh: c.wh,
            limit_micro: c.limitMicro,
        }
        .into(),
        C::registerMeter(c) => RegisterMeter {
            market: c.market,
            zone: c.zone,
            key: key(c.keyType, &c.publicKey)?,
            import_max_wh: c.importMaxWh,
            export_max_wh: c.exportMaxWh,
            possession: bytes64(&c.possession)?,
        }
        .into(),
        C::attestMeter(c) => AttestMeter { meter: c.meter, attested: c.attested }.into(),
        C::deposit(c) => Deposit { market: c.market, amount: amount(c.amount) }.into(),
        C::withdraw(c) => Withdraw { market: c.market, amount: amount(c.amount) }.into(),
        C::commit(c) => Commit {
            market: c.market,
            first_slot: c.firstSlot,
            slots: c.slots,
            meter: c.meter,
            seal: c.seal,
            held_nano: amount(c.heldNano),
        }
        .into(),
        C::reveal(c) => Reveal { auction: c.auction, meter: c.meter, salt: c.salt, bid: c.bid.into() }.into(),
        C::announce(c) => Announce { auction: c.auction, hash: c.hash, bytes: c.size }.into(),
        C::submit(c) => Submit { auction: c.auction, part: c.part.into() }.into(),
        C::relayReadings(c) => {
            let readings = c.readings.into_iter().map(reading).collect::<Result<_, _>>()?;
            RelayReadings { readings }.into()
        }
        C::challengeReading(c) => ChallengeReading { meter: c.meter, slot: c.slot, by: c.by, net_wh: c.netWh }.into(),
        C::answerChallenge(c) => AnswerChallenge { meter: c.meter, slot: c.slot, net_wh: c.netWh }.into(),
        C::runAuction(c) => RunAuction { auction: c.auction }.into(),
        C::runSlot(c) => RunSlot { market: c.market, slot: c.slot }.into(),
        C::runSharing(c) => RunSharing { market: c.market, day: c.day }.into(),
        C::runChallenge(c) => RunChallenge { meter: c.meter, slot: c.slot }.into(),
        view => return views::decode(view).map(Ask::View).ok_or(CallError::Malformed),
    };
    Ok(Ask::Action(action.into()))
}

/// The calldata that asks for `action`.
pub(in crate::abi) fn encode(action: &Action) -> Bytes {
    let wide = U256::from::<u128>;
    match action.clone() {
        Action::OpenMarket(a) => IEnergy::openMarketCall {
            name: a.name,
            credit: a.credit.0,
            supplier: a.supplier,
            zones: views::zones(a.zones),
            terms: views::terms(&a.terms),
        }
        .abi_encode(),
        Action::SetCaps(a) => IEnergy::setCapsCall {
            market: a.market,
            zone: a.zone,
            firstSlot: a.first_slot,
            slots: a.slots,
            upWh: a.up_wh,
            downWh: a.down_wh,
        }
        .abi_encode(),
        Action::OrderRedispatch(a) => IEnergy::orderRedispatchCall {
            market: a.market,
            slot: a.slot,
            deficit: a.deficit,
            surplus: a.surplus,
            wh: a.wh,
            limitMicro: a.limit_micro,
        }
        .abi_encode(),
        Action::RegisterMeter(a) => {
            let (key_type, public_key) = key_parts(&a.key);
            IEnergy::registerMeterCall {
                market: a.market,
                zone: a.zone,
                keyType: key_type,
                publicKey: public_key,
                importMaxWh: a.import_max_wh,
                exportMaxWh: a.export_max_wh,
                possession: a.possession.into(),
            }
            .abi_encode()
        }
        Action::AttestMeter(a) => IEnergy::attestMeterCall { meter: a.meter, attested: a.attested }.abi_encode(),
        Action::Deposit(a) => IEnergy::depositCall { market: a.market, amount: wide(a.amount) }.abi_encode(),
        Action::Withdraw(a) => IEnergy::withdrawCall { market: a.market, amount: wide(a.amount) }.abi_encode(),
        Action::Commit(a) => IEnergy::commitCall {
            market: a.market,
            firstSlot: a.first_slot,
            slots: a.slots,
            meter: a.meter,
            seal: a.seal,
            heldNano: wide(a.held_nano),
        }
        .abi_encode(),
        Action::Reveal(a) => {
            IEnergy::revealCall { auction: a.auction, meter: a.meter, salt: a.salt, bid: a.bid.into() }.abi_encode()
        }
        Action::Announce(a) => IEnergy::announceCall { auction: a.auction, hash: a.hash, size: a.bytes }.abi_encode(),
        Action::Submit(a) => IEnergy::submitCall { auction: a.auction, part: a.part.into() }.abi_encode(),
        Action::RelayReadings(a) => IEnergy::relayReadingsCall { readings: a.readings.iter().map(signed).collect() }.abi_encode(),
        Action::ChallengeReading(a) => {
            IEnergy::challengeReadingCall { meter: a.meter, slot: a.slot, by: a.by, netWh: a.net_wh }.abi_encode()
        }
        Action::AnswerChallenge(a) => IEnergy::answerChallengeCall { meter: a.meter, slot: a.slot, netWh: a.net_wh }.abi_encode(),
        Action::RunAuction(a) => IEnergy::runAuctionCall { auction: a.auction }.abi_encode(),
        Action::RunSlot(a) => IEnergy::runSlotCall { market: a.market, slot: a.slot }.abi_encode(),
        Action::RunSharing(a) => IEnergy::runSharingCall { market: a.market, day: a.day }.abi_encode(),
        Action::RunChallenge(a) => IEnergy::runChallengeCall { meter: a.meter, slot: a.slot }.abi_encode(),
    }
    .into()
}

fn zone(z: IEnergy::Zone) -> Zone {
    Zone { name: z.name, parent: z.parent, up_wh: z.upWh, down_wh: z.downWh, fee_micro: z.feeMicro }
}

/// The terms as the rules have them.
pub fn terms(t: &IEnergy::Terms) -> Terms {
    Terms {
        retail_micro: t.retailMicro,
        feed_in_micro: t.feedInMicro,
        technical_micro: t.technicalMicro,
        day_gate_ms: t.dayGateMs,
        slot_gate_ms: t.slotGateMs,
        reveal_ms: t.revealMs,
        solve_ms: t.solveMs,
        reading_ms: t.readingMs,
        deposit_nano: t.depositNano,
        bond_nano: t.bondNano,
        reward_max_nano: t.rewardMaxNano,
        share_permille: t.sharePermille,
        reserve_nano: t.reserveNano,
        challenge_ms: t.challengeMs,
        answer_ms: t.answerMs,
        challenge_nano: t.challengeNano,
        arbiter: t.arbiter,
        fallback: t.fallbackArbiter,
    }
}

fn reading(r: IEnergy::Reading) -> Result<SignedReading, CallError> {
    let signature = bytes64(&r.signature)?;
    let IEnergy::Reading { meter, slot, importWh: import_wh, exportWh: export_wh, counter, .. } = r;
    Ok(SignedReading { reading: Reading { meter, slot, import_wh, export_wh, counter }, signature })
}

fn signed(SignedReading { reading, signature }: &SignedReading) -> IEnergy::Reading {
    IEnergy::Reading {
        meter: reading.meter,
        slot: reading.slot,
        importWh: reading.import_wh,
        exportWh: reading.export_wh,
        counter: reading.counter,
        signature: Bytes::copy_from_slice(signature),
    }
}
