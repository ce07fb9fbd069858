//! The grid operator's port: events of an OpenADR 3.1 server become caps and orders of redispatch on the chain, and the server gets an answer.
//!
//! In each round:
//!
//! 1. The log of the market is read ([`log`]), and the server is asked for all events. Where one is away, the round goes on with what is known.
//! 2. [`kept`] takes the events in; a new version counts once, one that is gone counts as taken back.
//! 3. Of slots that have not begun: where the chain's caps are not those that the events want ([`plan`]), they are set. A slot that this port has capped
//!    and no event wants any more gets back what it had before: the zone's own figures, or what the operator had set by itself.
//! 4. Of slots whose gate is not over: the same with orders of redispatch.
//! 5. Reports whose content has changed go to the server ([`answer`]).
//!
//! This module never touches a slot that has begun or that no event was about, and never says anything about a meter.

pub mod answer;
pub mod config;
mod kept;
mod log;
mod plan;
mod vtn;
pub mod wire;

pub use vtn::VtnError;

use super::{
    EnergyError, EnergyNote, Tell,
    audit::{book, zones},
    config::RPC,
    redispatch::{self, Shift},
};
use crate::{
    chain::Chain,
    key,
    node::{Head, Receipt},
};
use alloy_primitives::{B256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use answer::View;
use config::PortFile;
use dure_api::abi::energy::{IEnergy, terms};
use dure_rules::energy::{self, DAY_SLOTS, MODULE, SLOT_MS, SetCaps, Slot, Terms, Zone};
use kept::Kept;
use log::Log;
use plan::Run;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use vtn::Vtn;

/// Reports on slots that were over so long ago are not made anew.
const REPORT_SLOTS: u32 = 2 * DAY_SLOTS;

/// The port of one market.
pub struct Port {
    chain: Chain,
    key: PrivateKeySigner,
    file: PortFile,
    vtn: Vtn,
    kept: Kept,
    /// What was said in the last round, so that an outage is said once.
    said: BTreeSet<String>,
}

/// What the market is, asked once.
struct Market {
    zones: Vec<Zone>,
    terms: Terms,
    targets: BTreeMap<String, u8>,
    names: BTreeMap<u8, String>,
}

/// What is known between two rounds and can be had again.
struct Sight {
    log: Log,
    /// Books of slots, each with the number of clearings that it is after.
    books: BTreeMap<Slot, (usize, IEnergy::Slot)>,
    /// What the chain refused, by event.
    refused: BTreeMap<String, String>,
}

impl Port {
    /// Reads the file and the keys, and finds the node: `rpc`, else the file's, else [`RPC`].
    ///
    /// # Errors
    /// [`EnergyError`].
    pub async fn open(path: &Path, rpc: Option<&str>) -> Result<Self, EnergyError> {
        let file = PortFile::read(path)?;
        let key = key::read_account(&file.key)?;
        let vtn = Vtn::new(file.vtn.clone())?;
        let unkept = |error: std::io::Error| EnergyError::File { path: file.state.clone(), why: error.to_string() };
        std::fs::create_dir_all(&file.state).map_err(unkept)?;
        let kept = Kept::open(file.state.join("port.json")).map_err(unkept)?;
        let chain = Chain::connect(rpc.or(file.rpc.as_deref()).unwrap_or(RPC)).await?;
        Ok(Self { chain, key, file, vtn, kept, said: BTreeSet::new() })
    }

    /// Runs until `stop` ends. Outages of node and server are told and waited out.
    ///
    /// # Errors
    /// What stands against starting: an unknown market or zone, a key that is not the operator's; later a state folder that cannot be written.
    pub async fn run(&mut self, stop: impl Future<Output = ()>, tell: Tell<'_>) -> Result<(), EnergyError> {
        let market = self.market().await?;
        let now = slot_of(self.chain.node.head().await?.time_ms);
        let path = self.file.state.join("log.json");
        let log = Log::open(path, &self.chain, self.file.market, now.saturating_sub(REPORT_SLOTS)).await?;
        let mut sight = Sight { log, books: BTreeMap::new(), refused: BTreeMap::new() };
        let rounds = async {
            loop {
                let mut notes = Vec::new();
                let done = self.round(&market, &mut sight, &mut notes).await;
                let notes: BTreeSet<String> = match done {
                    Ok(()) => notes.into_iter().collect(),
                    Err(EnergyError::Node(error)) => notes.into_iter().chain([error.to_string()]).collect(),
                    Err(other) => return Err(other),
                };
                notes.difference(&self.said).for_each(|note| tell(EnergyNote::of(self.file.market, note.as_str())));
                self.said = notes;
                tokio::time::sleep(self.file.poll()).await;
            }
        };
        tokio::select! {
            () = stop => Ok(()),
            failed = rounds => failed,
        }
    }

    async fn market(&self) -> Result<Market, EnergyError> {
        let market = self.file.market;
        let record = self.chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
        let (operator, account) = (record.operator, self.key.address());
        if operator != account {
            return Err(EnergyError::Operator { market, operator, account });
        }
        let zones = zones(&record);
        let (mut targets, mut names) = (BTreeMap::new(), BTreeMap::new());
        for target in &self.file.targets {
            let number = (0u8..).zip(&zones).find(|(_, zone)| zone.name == target.zone).map(|(number, _)| number);
            let known = || zones.iter().map(|zone| zone.name.as_str()).collect::<Vec<_>>().join(", ");
            let number = number.ok_or_else(|| EnergyError::Zone { market, zone: target.zone.clone(), known: known() })?;
            targets.insert(target.name.clone(), number);
            names.entry(number).or_insert(target.name.clone());
        }
        Ok(Market { zones, terms: terms(&record.terms), targets, names })
    }

    fn save(&self) -> Result<(), EnergyError> {
        self.kept.save().map_err(|error| EnergyError::File { path: self.file.state.clone(), why: error.to_string() })
    }

    async fn round(&mut self, market: &Market, sight: &mut Sight, notes: &mut Vec<String>) -> Result<(), EnergyError> {
        match self.vtn.events().await {
            Ok(events) => {
                notes.extend(self.kept.take(&events, &market.targets));
                self.save()?;
            }
            Err(error) => notes.push(error.to_string()),
        }
        let head = self.chain.node.head().await?;
        let oldest = slot_of(head.time_ms).saturating_sub(REPORT_SLOTS);
        sight.log.chronicle.forget_before(oldest);
        self.hear(sight, &head).await?;
        sight.refused.clear();
        let capped = self.cap(market, sight, &head, notes).await;
        let ordered = self.order(market, sight, &head, notes).await;
        // What one of them did is in the log, whatever became of the other.
        let head = self.chain.node.head().await?;
        self.hear(sight, &head).await?;
        capped?;
        let ordered = ordered?;
        self.look(sight, oldest).await?;
        self.answer(market, sight, &ordered, oldest, notes).await
    }

    async fn hear(&self, sight: &mut Sight, head: &Head) -> Result<(), EnergyError> {
        if sight.log.catch_up(&self.chain, head.height).await? {
            sight.log.save().map_err(|error| EnergyError::File { path: self.file.state.clone(), why: error.to_string() })?;
        }
        Ok(())
    }

    /// Sets the caps that the events want and the chain does not have.
    async fn cap(&mut self, market: &Market, sight: &mut Sight, head: &Head, notes: &mut Vec<String>) -> Result<(), EnergyError> {
        let next = slot_of(head.time_ms) + 1;
        let mut wanted = plan::caps(self.kept.events.values().map(|event| &event.ask), &market.zones);
        wanted.retain(|(_, slot), _| *slot >= next);
        let before = self.kept.caps.clone();
        self.kept.caps.retain(|(_, slot), _| *slot >= next);
        let mut changes = BTreeMap::new();
        for at in wanted.keys().chain(self.kept.caps.keys()).copied().collect::<BTreeSet<_>>() {
            let Some(own) = market.zones.get(usize::from(at.0)) else { continue };
            let now = sight.log.chronicle.cap(at.0, at.1, own);
            // Where the operator has set a stricter cap by itself, an event does not raise it.
            let base = self.kept.caps.get(&at).copied().unwrap_or(now);
            let cap = wanted.get(&at).map_or(base, |cap| (cap.0.min(base.0), cap.1.min(base.1)));
            if now != cap {
                self.kept.caps.insert(at, base);
                changes.insert(at, cap);
            } else if !wanted.contains_key(&at) {
                self.kept.caps.remove(&at); // it has been given back
            }
        }
        if self.kept.caps != before {
            self.save()?;
        }
        for Run { zone, first_slot, slots, up_wh, down_wh } in plan::runs(&changes) {
            let name = market.zones.get(usize::from(zone)).map_or("", |zone| zone.name.as_str());
            let action = SetCaps { market: self.file.market, zone, first_slot, slots, up_wh, down_wh };
            let what = format!("{name}: {} kW up, {} kW down for {slots} slots from {first_slot}", kw(up_wh), kw(down_wh));
            match self.chain.act(&self.key, energy::Action::from(action)).await {
                Ok(receipt) => notes.push(format!("{what}: {}", at(&receipt))),
                Err(error) if error.is_outage() => return Err(error.into()),
                Err(error) => {
                    notes.push(format!("{what}: {error}"));
                    let within = |slot: &Slot| (first_slot..first_slot + u32::from(slots)).contains(slot);
                    let concerned = |(_, event): &(&String, &kept::KeptEvent)| {
                        event.ask.zones.contains(&zone) && event.ask.caps.keys().any(within)
                    };
                    let ids = self.kept.events.iter().filter(concerned).map(|(id, _)| id.clone());
                    sight.refused.extend(ids.map(|id| (id, error.to_string())));
                }
            }
        }
        Ok(())
    }

    /// Orders the redispatch that the events want and the chain does not have. Whose order counts in which slot comes back.
    async fn order(
        &mut self,
        market: &Market,
        sight: &mut Sight,
        head: &Head,
        notes: &mut Vec<String>,
    ) -> Result<BTreeMap<Slot, String>, EnergyError> {
        let wanted = plan::shifts(self.kept.events.iter().map(|(id, event)| (id, &event.ask)));
        let wanted: BTreeMap<Slot, (String, Shift)> =
            wanted.into_iter().map(|(slot, (id, shift))| (slot, (id.to_owned(), shift))).collect();
        self.kept.orders.retain(|slot| *slot > slot_of(head.time_ms));
        for slot in wanted.keys().chain(&self.kept.orders).copied().collect::<BTreeSet<_>>() {
            if !redispatch::is_open(&market.terms, slot, head.time_ms) {
                continue;
            }
            let (shift, last) = (wanted.get(&slot).map(|(_, shift)| *shift), sight.log.chronicle.orders(slot).last());
            let Some(order) = redispatch::change(shift, last) else { continue };
            if self.kept.orders.insert(slot) {
                self.save()?;
            }
            let what = format!("redispatch of {} kW in slot {slot}", kw(order.wh));
            match order.order(&self.chain, &self.key, self.file.market, slot).await {
                Ok(receipt) => notes.push(format!("{what}: {}", at(&receipt))),
                Err(error) if error.is_outage() => return Err(error.into()),
                Err(error) => {
                    notes.push(format!("{what}: {error}"));
                    sight.refused.extend(wanted.get(&slot).map(|(id, _)| (id.clone(), error.to_string())));
                }
            }
        }
        Ok(wanted.into_iter().map(|(slot, (id, _))| (slot, id)).collect())
    }

    /// Reads the books of slots that have been cleared since they were last read.
    async fn look(&self, sight: &mut Sight, oldest: Slot) -> Result<(), EnergyError> {
        let asks = self.kept.events.values().flat_map(|event| event.ask.caps.keys().chain(event.ask.shifts.keys()));
        let slots: BTreeSet<Slot> = asks.copied().filter(|slot| *slot >= oldest).collect();
        sight.books.retain(|slot, _| slots.contains(slot));
        for slot in slots {
            let clearings = sight.log.chronicle.clearings(slot).len();
            if clearings > sight.books.get(&slot).map_or(0, |(clearings, _)| *clearings)
                && let Some(book) = book(&self.chain, self.file.market, slot).await?
            {
                sight.books.insert(slot, (clearings, book));
            }
        }
        Ok(())
    }

    /// Sends the reports that say something new.
    async fn answer(
        &mut self,
        market: &Market,
        sight: &Sight,
        ordered: &BTreeMap<Slot, String>,
        oldest: Slot,
        notes: &mut Vec<String>,
    ) -> Result<(), EnergyError> {
        let ids: Vec<String> = self.kept.events.keys().cloned().collect();
        for id in ids {
            let Some(event) = self.kept.events.get(&id) else { continue };
            let last = event.ask.caps.keys().chain(event.ask.shifts.keys()).max();
            if event.said.is_some() && last.is_some_and(|last| *last < oldest) {
                continue;
            }
            let view = View {
                market: self.file.market,
                client: &self.file.vtn.client_name,
                zones: &market.zones,
                chronicle: &sight.log.chronicle,
                books: &sight.books,
                ordered,
                names: &market.names,
                refused: sight.refused.get(&id).map(String::as_str),
            };
            let report = answer::report(&id, event, &view);
            let content = keccak256(serde_json::to_vec(&report).unwrap_or_default());
            if event.said == Some(content) {
                continue;
            }
            match self.vtn.report(event.report.as_deref(), &report).await {
                Ok(report) => {
                    if let Some(event) = self.kept.events.get_mut(&id) {
                        (event.report, event.said) = (Some(report), Some(content));
                    }
                    self.save()?;
                }
                Err(error) => {
                    notes.push(format!("the report on event {id}: {error}"));
                    // A server that is away is away for every report.
                    if !matches!(error, VtnError::Refused { .. }) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    pub const fn id(&self) -> B256 {
        self.file.market
    }
}

/// Where what was done can be found.
fn at(receipt: &Receipt) -> String {
    format!("block {}, transaction {}", receipt.height, receipt.hash)
}

fn slot_of(time_ms: u64) -> Slot {
    Slot::try_from(time_ms / SLOT_MS).unwrap_or(Slot::MAX)
}

fn kw(wh: u32) -> f64 {
    f64::from(wh) / 250.0
}
