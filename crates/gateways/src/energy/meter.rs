//! The program of one meter: brings its signed readings, and bids for its owner.
//!
//! Upon its start: puts the meter in where the chain does not know it, and fills the purse. Upon each quarter of an hour: a reading of the registers. Before each gate: a
//! sealed bid for the rest of the forecast ([`super::agent`]); after it: opens it. What is sealed is kept in a file first, so that a restart loses no deposit.
//!
//! This module never bids beyond the supplier's prices, and never invents a reading: where the source says nothing, nothing is sent, and the registers
//! of the next one repair it.

use super::agent::{Profile, bid};
use super::{EnergyError, EnergyNote, Tell, market::wh};
use crate::{
    chain::Chain,
    config::{all_problems, read},
    key::{self, DeviceSigner},
    node::NodeError,
};
use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{
    self, Bid, Commit, DAY_SLOTS, Deposit, MODULE, Reading, RegisterMeter, RelayReadings, Reveal, SLOT_MS, SignedReading, Slot,
    Stage, Terms, auction_id, cost_nano, meter_id, open_ms, possession_prehash, reading_prehash, seal,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path, path::PathBuf, time::Duration};

/// Between two looks at the chain.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Sealed bids that wait to be opened, at most; each waits for less than an hour.
const SEALED_MAX: usize = 1_024;

/// `meter.toml`. Paths in it are relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterFile {
    #[serde(default = "default_rpc")]
    pub rpc: String,
    /// Key file of the owner's account.
    pub key: PathBuf,
    /// The meter's own key; made where there is none.
    pub meter_key: PathBuf,
    /// What was sealed and is not opened yet.
    #[serde(default = "default_sealed")]
    pub sealed: PathBuf,
    pub market: B256,
    /// The zone's name.
    pub zone: String,
    /// What the connection draws and delivers at most, kW.
    pub import_kw: f64,
    pub export_kw: f64,
    /// The purse is filled up to this, minor units of the market's credit, when less than half is free.
    pub purse: u64,
    /// A day's profile for a simulated meter: 96 lines `import_wh,export_wh`.
    pub profile: PathBuf,
}

fn default_rpc() -> String {
    "http://localhost:8545".into()
}
fn default_sealed() -> PathBuf {
    "sealed.json".into()
}

/// A bid that was sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sealed {
    salt: B256,
    /// borsh of the bid, hex.
    bid: String,
}

/// One meter and its owner's account.
pub struct MeterProgram {
    file: MeterFile,
    chain: Chain,
    owner: PrivateKeySigner,
    signer: DeviceSigner,
    profile: Profile,
    limits_wh: (u32, u32),
    sealed: BTreeMap<B256, Sealed>,
    /// The newest slot that was bid for.
    bid_until: Slot,
}

impl MeterProgram {
    /// Reads the file and the keys, and finds the node.
    ///
    /// # Errors
    /// [`EnergyError`].
    pub async fn open(path: &Path) -> Result<Self, EnergyError> {
        let mut file: MeterFile = read(path)?;
        let mut problems = Vec::new();
        let limits_wh = (wh(file.import_kw, "import_kw", &mut problems), wh(file.export_kw, "export_kw", &mut problems));
        all_problems(path, problems)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for one in [&mut file.key, &mut file.meter_key, &mut file.sealed, &mut file.profile] {
            *one = folder.join(&*one);
        }
        let owner = key::read_account(&file.key)?;
        let signer = if file.meter_key.exists() {
            DeviceSigner::read(&file.meter_key)?
        } else {
            let fresh = DeviceSigner::random();
            fresh.write(&file.meter_key)?;
            fresh
        };
        let wrong = |path: &Path, why: String| EnergyError::File { path: path.to_owned(), why };
        let text = std::fs::read_to_string(&file.profile).map_err(|error| wrong(&file.profile, error.to_string()))?;
        let profile = Profile::parse(&text).map_err(|error| wrong(&file.profile, error.to_string()))?;
        let sealed = match std::fs::read(&file.sealed) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(&file.sealed, error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(wrong(&file.sealed, error.to_string())),
        };
        let chain = Chain::connect(&file.rpc).await?;
        Ok(Self { file, chain, owner, signer, profile, limits_wh, sealed, bid_until: 0 })
    }

    pub fn id(&self) -> B256 {
        meter_id(&self.signer.public())
    }

    /// Runs until `stop` ends. Outages of the node are told and waited out.
    ///
    /// # Errors
    /// What stands against starting: an unknown market or zone, a refusal of the registration.
    pub async fn run(&mut self, stop: impl Future<Output = ()>, tell: Tell<'_>) -> Result<(), EnergyError> {
        let terms = self.set_up(tell).await?;
        let mut said = None;
        let mut look = tokio::time::interval(LOOK_AGAIN);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                _ = look.tick() => {}
            }
            let told = self.round(&terms, tell).await.err().map(|error| error.to_string());
            if let Some(what) = told.clone().filter(|_| told != said) {
                tell(EnergyNote::of(self.id(), what));
            }
            said = told;
        }
    }

    async fn set_up(&mut self, tell: Tell<'_>) -> Result<Terms, EnergyError> {
        let (market, id) = (self.file.market, self.id());
        let record = self.chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
        let names: Vec<&str> = record.zones.iter().map(|zone| zone.name.as_str()).collect();
        let Some(zone) = names.iter().position(|name| *name == self.file.zone) else {
            return Err(EnergyError::Zone { market, zone: self.file.zone.clone(), known: names.join(", ") });
        };
        match self.chain.view_at(MODULE, IEnergy::meterCall { id }).await {
            Ok(_) => {}
            Err(NodeError::Reverted(_)) => {
                let (key, owner) = (self.signer.public(), self.owner.address());
                let possession = self.signer.sign(&possession_prehash(self.chain.chain_id, owner, market, &key));
                let zone = u8::try_from(zone).unwrap_or(u8::MAX);
                let (import_max_wh, export_max_wh) = self.limits_wh;
                self.act(RegisterMeter { market, zone, key, import_max_wh, export_max_wh, possession }).await?;
                tell(EnergyNote::of(
                    id,
                    format!("put into zone {}; the operator {} has to attest it", self.file.zone, record.operator),
                ));
            }
            Err(other) => return Err(other.into()),
        }
        Ok(dure_api::abi::energy::terms(&record.terms))
    }

    async fn round(&mut self, terms: &Terms, tell: Tell<'_>) -> Result<(), EnergyError> {
        let id = self.id();
        let now_ms = self.chain.node.head().await?.time_ms;
        let meter = self.chain.view_at(MODULE, IEnergy::meterCall { id }).await?;
        let now_slot = Slot::try_from(now_ms / SLOT_MS).unwrap_or(Slot::MAX);
        if let Some(slot) = now_slot.checked_sub(1).filter(|slot| *slot >= meter.readUntil) {
            self.read(slot, meter.counter).await?;
        }
        if !meter.attested {
            return Ok(());
        }
        self.open_sealed(tell).await?;
        self.fill_purse(tell).await?;
        // The newest slot whose gate has not closed.
        let first = Slot::try_from((now_ms + terms.slot_gate_ms) / SLOT_MS).unwrap_or(Slot::MAX).saturating_add(1);
        if first > self.bid_until {
            self.seal_bid(terms, first, now_ms, tell).await?;
            self.bid_until = first;
        }
        Ok(())
    }

    async fn read(&self, slot: Slot, last_counter: u64) -> Result<(), EnergyError> {
        let (import_wh, export_wh) = self.profile.registers(slot);
        let counter = u64::from(slot).max(last_counter.saturating_add(1));
        let reading = Reading { meter: self.id(), slot, import_wh, export_wh, counter };
        let signature = self.signer.sign(&reading_prehash(self.chain.chain_id, &self.signer.public(), &reading));
        self.act(RelayReadings { readings: vec![SignedReading { reading, signature }] }).await?;
        Ok(())
    }

    async fn seal_bid(&mut self, terms: &Terms, slot: Slot, now_ms: u64, tell: Tell<'_>) -> Result<(), EnergyError> {
        let (meter, market, account) = (self.id(), self.file.market, self.owner.address());
        let open = open_ms(terms, slot, 1).is_some_and(|(from, until)| (from..until).contains(&now_ms));
        let position = self.chain.view_at(MODULE, IEnergy::positionCall { meter, day: slot / DAY_SLOTS }).await?;
        let traded = position.netWh.get((slot % DAY_SLOTS) as usize).copied().unwrap_or(0);
        let Some(bid) =
            bid(terms, self.profile.forecast_wh(slot), traded.into()).filter(|_| open && self.sealed.len() < SEALED_MAX)
        else {
            return Ok(());
        };
        let auction = auction_id(market, slot, 1);
        if self.sealed.contains_key(&auction) {
            // Sealed before a restart: another salt would lose this one, and with it the deposit.
            return Ok(());
        }
        let (bytes, salt) = (bid.to_bytes(), B256::from(key::random_bytes()));
        self.sealed.insert(auction, Sealed { salt, bid: hex::encode(&bytes) });
        self.keep()?;
        let held_nano = cost_nano(&bid).saturating_add(terms.deposit_nano.into());
        let seal = seal(auction, meter, account, salt, &bytes);
        if let Err(error) = self.act(Commit { market, first_slot: slot, slots: 1, meter, seal, held_nano }).await {
            // Refused, it is not on the chain; after an outage it may be.
            if matches!(error, NodeError::Reverted(_)) {
                self.sealed.remove(&auction);
                self.keep()?;
            }
            return Err(error.into());
        }
        tell(EnergyNote::of(auction, told(&bid, slot)));
        Ok(())
    }

    /// Opens what may be opened; forgets what is over.
    async fn open_sealed(&mut self, tell: Tell<'_>) -> Result<(), EnergyError> {
        let before = self.sealed.len();
        for (id, sealed) in self.sealed.clone() {
            let stage = match self.chain.view_at(MODULE, IEnergy::auctionCall { id }).await {
                Ok(auction) => auction.stage,
                Err(NodeError::Reverted(_)) => Stage::Cleared as u8, // it was never sealed on the chain
                Err(other) => return Err(other.into()),
            };
            if stage == Stage::Open as u8 {
                continue;
            }
            if stage == Stage::Revealing as u8 {
                let bid = hex::decode(&sealed.bid).unwrap_or_default();
                match self.act(Reveal { auction: id, meter: self.id(), salt: sealed.salt, bid }).await {
                    Err(error) if error.is_outage() => return Err(error.into()),
                    Err(error) => tell(EnergyNote::of(id, format!("not opened: {error}"))),
                    Ok(()) => {}
                }
            }
            self.sealed.remove(&id);
        }
        if self.sealed.len() < before { self.keep() } else { Ok(()) }
    }

    async fn fill_purse(&self, tell: Tell<'_>) -> Result<(), EnergyError> {
        let (market, account) = (self.file.market, self.owner.address());
        let purse = self.chain.view_at(MODULE, IEnergy::purseCall { market, account }).await?;
        let record = self.chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
        let nano: i128 = purse.nano.try_into().unwrap_or(0);
        let free = nano.saturating_sub_unsigned(purse.heldNano.saturating_to());
        let per_minor = i128::from(record.nanoPerMinor.max(1));
        let wanted = i128::from(self.file.purse).saturating_mul(per_minor);
        if free.saturating_mul(2) >= wanted {
            return Ok(());
        }
        let amount = u128::try_from(wanted.saturating_sub(free) / per_minor).unwrap_or(0);
        self.act(Deposit { market, amount }).await?;
        tell(EnergyNote::of(market, format!("put {amount} minor units into the purse")));
        Ok(())
    }

    /// Writes what is sealed beside the file and puts it in its place, so that a cut never leaves half of it.
    fn keep(&self) -> Result<(), EnergyError> {
        let wrong = |error: std::io::Error| EnergyError::File { path: self.file.sealed.clone(), why: error.to_string() };
        let beside = self.file.sealed.with_extension("new");
        std::fs::write(&beside, serde_json::to_vec(&self.sealed).unwrap_or_default()).map_err(wrong)?;
        std::fs::rename(&beside, &self.file.sealed).map_err(wrong)
    }

    async fn act(&self, action: impl Into<energy::Action>) -> Result<(), NodeError> {
        self.chain.act(&self.owner, action.into()).await.map(|_| ())
    }
}

fn told(bid: &Bid, slot: Slot) -> String {
    let order = bid.orders.first();
    let wh = order.map_or(0, |order| order.wh);
    let what = if order.is_some_and(|order| order.buys) { "buys" } else { "sells" };
    format!("{what} {wh} Wh of slot {slot}, sealed")
}
