//! The program of one meter: brings its signed readings, bids for its owner, sets the battery so that the meter shows what was traded.
//!
//! - Upon its start: puts the meter in where the chain does not know it, and fills the purse.
//! - Upon a message of the household's broker: [`super::house`] says what follows; the battery is told.
//! - Upon the end of a slot: its reading goes into the outbox, and from there to the chain when that takes it.
//! - Before each gate, and after it: [`super::trader`].
//!
//! This module never bids beyond the supplier's prices, and never invents a reading: where the source says nothing, nothing is sent, and the registers
//! of the next one repair it.

use super::{
    EnergyError, EnergyNote, Tell,
    agent::Profile,
    bids::SealedBids,
    config::{MeterFile, RPC, Way, client},
    drive::drive,
    history::History,
    house::{Aim, House, Origin, Pack},
    listen::listen,
    lookout::Lookout,
    outbox::Outbox,
    registers::Registers,
    sunspec::State,
    trader::Trader,
};
use crate::{
    chain::Chain,
    config::ConfigError,
    key::{self, DeviceSigner},
    node::NodeError,
};
use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{self, MODULE, MeterId, RegisterMeter, Terms, meter_id, possession_prehash};
use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// A chain whose newest block was first seen longer ago says no more what time it is.
const CLOCK_MAX: Duration = Duration::from_secs(2);

/// The market's terms, the nano-units in a minor unit of its credit, and a zone.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub terms: Terms,
    pub nano_per_minor: u64,
    /// The meter's own.
    pub zone: u8,
}

/// The meter's way to the chain.
pub(super) struct Desk {
    pub file: MeterFile,
    pub meter: MeterId,
    pub lookout: Arc<Lookout>,
    owner: PrivateKeySigner,
    /// A reading was put into the outbox.
    pub wake: Notify,
    /// What a SunSpec battery is to be set to, W; none: it is left to itself.
    pub wanted: watch::Sender<Option<i64>>,
    house: Mutex<House>,
}

impl Desk {
    pub fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn account(&self) -> alloy_primitives::Address {
        self.owner.address()
    }

    pub async fn act(&self, action: impl Into<energy::Action>) -> Result<(), NodeError> {
        self.lookout.chain.act(&self.owner, action.into()).await.map(|_| ())
    }

    pub async fn view<C: alloy_sol_types::SolCall>(&self, call: C) -> Result<C::Return, NodeError> {
        self.lookout.chain.view_at(MODULE, call).await
    }

    /// Of what cannot be kept in the state folder.
    pub fn unkept(&self, error: impl ToString) -> EnergyError {
        EnergyError::File { path: self.file.state.clone(), why: error.to_string() }
    }

    /// By what the battery is to be set.
    pub fn aim(&self) -> Aim {
        let sight = self.lookout.sight();
        let silent = sight.borrow().since.elapsed() >= self.file.silence_max();
        let (rule, export_w) = (self.file.fallback, self.file.fallback_export_w());
        if silent { Aim::Local { rule, export_w } } else { Aim::Position }
    }

    /// The chain's time, where blocks come.
    pub fn clock_ms(&self) -> Option<u64> {
        let sight = self.lookout.sight();
        let sight = sight.borrow();
        (sight.since.elapsed() < CLOCK_MAX).then_some(sight.head.time_ms)
    }
}

/// One meter and its owner's account.
pub struct MeterProgram {
    desk: Desk,
    trader: Trader,
}

impl MeterProgram {
    /// Reads the file and the keys, and finds the node: `rpc`, else the file's, else [`RPC`].
    ///
    /// # Errors
    /// [`EnergyError`].
    pub async fn open(path: &Path, rpc: Option<&str>) -> Result<Self, EnergyError> {
        let file = MeterFile::read(path)?;
        let url = rpc.or(file.rpc.as_deref()).unwrap_or(RPC);
        let lookout = Lookout::start(Chain::connect(url).await?).await?;
        Self::with(file, lookout)
    }

    /// As [`Self::open`], with a look at the chain that other programs share. The file's paths are taken as they are, its `rpc` is not.
    ///
    /// # Errors
    /// [`EnergyError`].
    pub fn with(file: MeterFile, lookout: Arc<Lookout>) -> Result<Self, EnergyError> {
        let problems = file.problems();
        if !problems.is_empty() {
            let what = problems.join("; ");
            return Err(ConfigError { path: file.key, what, hint: None }.into());
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
        let origin = match (&file.profile, &file.meter) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path).map_err(|error| wrong(path, error.to_string()))?;
                Origin::Profile(Profile::parse(&text).map_err(|error| wrong(path, error.to_string()))?)
            }
            (None, Some(source)) => Origin::Head(source.clone()),
            (None, None) => return Err(wrong(&file.key, "neither `profile` nor [meter]".into())),
        };
        let meter = meter_id(&signer.public());
        let unkept = |error: std::io::Error| wrong(&file.state, error.to_string());
        std::fs::create_dir_all(&file.state).map_err(unkept)?;
        let outbox = Outbox::open(file.state.join("outbox.json"), meter).map_err(unkept)?;
        let bids = SealedBids::open(file.state.join("sealed.json")).map_err(unkept)?;
        let mut house = House::new(meter, lookout.chain.chain_id, signer, origin, file.limits_wh(), outbox);
        if file.profile.is_none() {
            house.history = History::open(file.state.join("history.csv")).map_err(unkept)?;
        }
        house.pack = file.battery.clone().map(Pack::new);
        let desk =
            Desk { file, meter, lookout, owner, wake: Notify::new(), wanted: watch::Sender::new(None), house: Mutex::new(house) };
        let trader = Trader::new(bids, desk.file.market);
        Ok(Self { desk, trader })
    }

    pub const fn id(&self) -> B256 {
        self.desk.meter
    }

    /// Runs until `stop` ends. Outages of node and broker are told and waited out.
    ///
    /// # Errors
    /// What stands against starting: an unknown market or zone, a refusal of the registration.
    pub async fn run(&mut self, stop: impl Future<Output = ()>, tell: Tell<'_>) -> Result<(), EnergyError> {
        let Self { desk, trader } = self;
        let rules = set_up(desk, tell).await?;
        let Some(mqtt) = &desk.file.mqtt else {
            tokio::select! {
                () = stop => {}
                () = trader.follow(desk, &rules, tell) => {}
            }
            return Ok(());
        };
        let way = desk.file.battery.as_ref().and_then(|battery| battery.way());
        let driving = async {
            let Some(Way::SunSpec { address, unit }) = &way else { return std::future::pending().await };
            let read = |state: &State| {
                if let Some(pack) = &mut desk.house().pack {
                    pack.read(state.stored_permille, state.ac_power_w);
                }
            };
            drive(address, *unit, desk.wanted.subscribe(), read, |what| tell(EnergyNote::of(desk.meter, what))).await;
        };
        let login = mqtt.login(&client(desk.meter));
        tokio::select! {
            () = driving => {}
            () = trader.follow(desk, &rules, tell) => {}
            () = listen(desk, &login, stop, tell) => {}
        }
        Ok(())
    }
}

async fn set_up(desk: &Desk, tell: Tell<'_>) -> Result<Rules, EnergyError> {
    let (market, id) = (desk.file.market, desk.meter);
    let record = desk.view(IEnergy::marketCall { id: market }).await?;
    let names: Vec<&str> = record.zones.iter().map(|zone| zone.name.as_str()).collect();
    let Some(zone) = names.iter().position(|name| *name == desk.file.zone) else {
        return Err(EnergyError::Zone { market, zone: desk.file.zone.clone(), known: names.join(", ") });
    };
    let zone = u8::try_from(zone).unwrap_or(u8::MAX);
    match desk.view(IEnergy::meterCall { id }).await {
        Ok(meter) => {
            let registers = Registers { import_wh: meter.importWh, export_wh: meter.exportWh };
            desk.house().known(meter.readUntil, registers, meter.counter);
        }
        Err(NodeError::Reverted(_)) => {
            let action = {
                let house = desk.house();
                let key = house.signer.public();
                let possession = house.signer.sign(&possession_prehash(house.chain_id, desk.account(), market, &key));
                let (import_max_wh, export_max_wh) = house.limits_wh;
                RegisterMeter { market, zone, key, import_max_wh, export_max_wh, possession }
            };
            desk.act(action).await?;
            let what = format!("put into zone {}; the operator {} has to attest it", desk.file.zone, record.operator);
            tell(EnergyNote::of(id, what));
        }
        Err(other) => return Err(other.into()),
    }
    Ok(Rules { terms: dure_api::abi::energy::terms(&record.terms), nano_per_minor: record.nanoPerMinor.max(1), zone })
}
