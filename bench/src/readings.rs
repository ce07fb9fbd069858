//! A day of many meters, replayed as fast as the chain takes it: each meter's register at the end of each quarter of an hour, signed by the meter's own
//! P-256 key, sixty-four to a transaction. All signing is done before the clock starts.

use crate::{
    Fallible,
    http::{Connection, send_raw},
    load::{self, Figures, Plan},
    peers::{Peer, test_key},
    transfers::{sign, wait},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, keccak256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall as _;
use dure_api::abi::energy::IEnergy;
use dure_gateways::key::DeviceSigner;
use dure_rules::{
    Action,
    bounds::{DAY_MS, HOUR_MS},
    credits::CreditId,
    energy::{
        self, AttestMeter, DAY_SLOTS, MeterId, OpenMarket, READINGS_MAX, Reading, RegisterMeter, RelayReadings, SLOT_MS,
        SignedReading, Slot, Terms, Zone, market_id, meter_id, possession_prehash, reading_prehash,
    },
    roles::{self, Role},
};
use std::time::Duration;

const NAME: &str = "Load";
const SET_UP_GAS: u64 = 2_000_000;
/// Sixty-four readings take 2.2 million. Much more would leave room in the block: a transaction is offered by what it may take.
const GAS_LIMIT: u64 = 3_000_000;
/// Long enough for anything here.
const SECONDS_MAX: Duration = Duration::from_secs(1_800);

/// What came of it.
pub struct Replayed {
    pub meters: usize,
    pub readings: usize,
    pub figures: Figures,
    /// Of all transactions as they were sent, and what the folder grew by.
    pub sent_bytes: usize,
    pub disk_bytes: u64,
}

/// # Errors
/// Where the node refuses.
pub async fn run(peer: &Peer, count: usize, slots: Slot, connections: usize) -> Fallible<Replayed> {
    let meters: Vec<DeviceSigner> = (0..count).map(meter).collect();
    let market = open(peer).await?;
    let attested = register(peer, &meters, market, connections).await?;
    let first = slot_now(peer).await?;
    let shares = signed(peer, &meters, &attested, first, slots, connections)?;
    let sent_bytes = shares.iter().flatten().map(|raw| raw.len()).sum();
    // No reading of a slot that has not ended.
    while slot_now(peer).await? <= first + slots {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let before = peer.disk_bytes()?;
    let plan = Plan { seconds: SECONDS_MAX, per_second: None };
    let figures = load::run(peer, shares.into_iter().map(Vec::into_iter).collect(), plan).await?;
    let mut connection = Connection::open(peer.address).await?;
    // A reading that was refused would have left its meter behind.
    for meter in &meters {
        let id = meter_id(&meter.public());
        let call =
            serde_json::json!([{ "to": energy::MODULE, "data": Bytes::from(IEnergy::meterCall { id }.abi_encode()) }, "latest"]);
        let answer: Bytes = serde_json::from_value(connection.ask("eth_call", call).await?)?;
        let until = IEnergy::meterCall::abi_decode_returns(&answer)?.readUntil;
        if until != first + slots {
            return Err(format!("meter {id} was read until slot {until}, expected {}", first + slots).into());
        }
    }
    let readings = count * slots as usize;
    Ok(Replayed { meters: count, readings, figures, sent_bytes, disk_bytes: peer.disk_bytes()?.saturating_sub(before) })
}

fn meter(index: usize) -> DeviceSigner {
    DeviceSigner::from_words("p256", keccak256(format!("dure-bench meter {index}")).as_slice()).expect("a valid key")
}

/// The first of the accounts is made an operator, because its allowance is no matter here, and opens a market.
async fn open(peer: &Peer) -> Fallible<B256> {
    let mut connection = Connection::open(peer.address).await?;
    let (issuer, operator) = (test_key(0)?, &peer.accounts[0]);
    let until_ms = u64::from(slot_now(peer).await?) * SLOT_MS + 30 * DAY_MS;
    let grant = roles::Action::Grant { role: Role::GridOperator, to: operator.address(), until_ms };
    let zones = vec![Zone { name: "All".into(), parent: 0, up_wh: 1_000_000, down_wh: 1_000_000, fee_micro: 0 }];
    let terms = Terms {
        retail_micro: 320_000,
        feed_in_micro: 80_000,
        technical_micro: 4_000_000,
        day_gate_ms: 12 * HOUR_MS,
        slot_gate_ms: HOUR_MS,
        reveal_ms: HOUR_MS / 4,
        solve_ms: HOUR_MS / 4,
        reading_ms: 7 * DAY_MS,
        deposit_nano: 1,
        bond_nano: 1,
        reward_max_nano: 1,
        share_permille: 0,
        reserve_nano: 0,
        challenge_ms: 0,
        answer_ms: 0,
        challenge_nano: 0,
        arbiter: Address::ZERO,
        fallback: Address::ZERO,
    };
    let credit = CreditId::nth(1);
    let opening = OpenMarket { name: NAME.into(), credit, supplier: Address::repeat_byte(0xaa), zones, terms };
    for (key, action) in [(&issuer, Action::from(grant)), (operator, energy::Action::from(opening).into())] {
        let raw = act(key, peer.chain_id, 0, action, SET_UP_GAS)?;
        connection.post(send_raw(&raw)).await??;
        wait(&mut connection, keccak256(&raw)).await?;
    }
    Ok(market_id(operator.address(), credit, NAME))
}

/// Meters put in by the other accounts, and attested by the operator. Gives how many transactions each account has sent.
async fn register(peer: &Peer, meters: &[DeviceSigner], market: B256, connections: usize) -> Fallible<Vec<u64>> {
    let owners = &peer.accounts[1..];
    let mut nonces = vec![0; peer.accounts.len()];
    nonces[0] = 1;
    let mut shares: Vec<Vec<Bytes>> = vec![Vec::new(); owners.len()];
    for (index, meter) in meters.iter().enumerate() {
        let at = index % owners.len();
        let (owner, key) = (&owners[at], meter.public());
        let possession = meter.sign(&possession_prehash(peer.chain_id, owner.address(), market, &key));
        let put_in = RegisterMeter { market, zone: 0, key, import_max_wh: 5_000, export_max_wh: 5_000, possession };
        shares[at].push(act(owner, peer.chain_id, nonces[at + 1], energy::Action::from(put_in).into(), SET_UP_GAS)?);
        nonces[at + 1] += 1;
    }
    let plan = Plan { seconds: SECONDS_MAX, per_second: None };
    let put_in = load::run(peer, shares.into_iter().map(Vec::into_iter).collect(), plan).await?;
    eprintln!("  {}: {} meters put in: {}", peer.name, meters.len(), put_in.sentence());
    let mut attest = Vec::new();
    for meter in meters {
        let action = AttestMeter { meter: meter_id(&meter.public()), attested: true };
        attest.push(act(&peer.accounts[0], peer.chain_id, nonces[0], energy::Action::from(action).into(), SET_UP_GAS)?);
        nonces[0] += 1;
    }
    let attested = load::run(peer, vec![attest.into_iter()], plan).await?;
    eprintln!("  {}: and attested: {}; {connections} connections bring their readings", peer.name, attested.sentence());
    Ok(nonces)
}

/// Each connection has an account and meters of its own, whose readings it brings in order.
fn signed(
    peer: &Peer,
    meters: &[DeviceSigner],
    nonces: &[u64],
    first: Slot,
    slots: Slot,
    connections: usize,
) -> Fallible<Vec<Vec<Bytes>>> {
    let accounts = peer.accounts.iter().zip(nonces).skip(1).take(connections).enumerate();
    let share = |(number, (account, nonce)): (usize, (&PrivateKeySigner, &u64))| -> Fallible<Vec<Bytes>> {
        let own: Vec<(MeterId, &DeviceSigner)> =
            meters.iter().skip(number).step_by(connections).map(|meter| (meter_id(&meter.public()), meter)).collect();
        let mut nonce = *nonce;
        let mut all = Vec::new();
        for slot in first..first + slots {
            for batch in own.chunks(READINGS_MAX as usize) {
                let readings = batch.iter().map(|(id, meter)| reading(peer.chain_id, *id, meter, slot, slot - first)).collect();
                all.push(act(account, peer.chain_id, nonce, energy::Action::from(RelayReadings { readings }).into(), GAS_LIMIT)?);
                nonce += 1;
            }
        }
        Ok(all)
    };
    let share = &share;
    std::thread::scope(|scope| {
        let threads: Vec<_> = accounts.map(|one| scope.spawn(move || share(one))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread that signs ended")?).collect()
    })
}

/// A house that draws some 300 Wh a slot and delivers 200 at noon.
fn reading(chain_id: u64, id: MeterId, meter: &DeviceSigner, slot: Slot, passed: Slot) -> SignedReading {
    let noon = passed.saturating_sub(DAY_SLOTS / 2);
    let reading = Reading {
        meter: id,
        slot,
        import_wh: u64::from(passed) * 300,
        export_wh: u64::from(noon) * 200,
        counter: u64::from(slot),
    };
    let signature = meter.sign(&reading_prehash(chain_id, &meter.public(), &reading));
    SignedReading { reading, signature }
}

fn act(key: &PrivateKeySigner, chain_id: u64, nonce: u64, action: Action, gas_limit: u64) -> Fallible<Bytes> {
    let (to, data) = dure_api::abi::encode(&action);
    sign(key, chain_id, nonce, TxKind::Call(to), data, gas_limit)
}

/// On a connection of its own: a node ends one on which nothing was asked for half a minute, and signing takes longer.
async fn slot_now(peer: &Peer) -> Fallible<Slot> {
    let mut connection = Connection::open(peer.address).await?;
    let block = connection.ask("eth_getBlockByNumber", serde_json::json!(["latest", false])).await?;
    let seconds: alloy_primitives::U64 = serde_json::from_value(block["timestamp"].clone())?;
    Ok(Slot::try_from(seconds.to::<u64>() * 1_000 / SLOT_MS)?)
}
