//! The program: broker on one side, node on the other.

use super::{
    book::Book,
    config::Home,
    discovery::{Topics, announcement, status_topic},
    filter::{Counter, Filter, Kind, Reading, Seen, Shape},
    mind::{Intent, decide},
    relay::Relay,
    slot::{Machine, Pen, View, view},
};
use crate::{
    chain::{Chain, Offers},
    key::{self, DeviceSigner, KeyError},
    mqtt::{Broker, Heard, Will},
    node::NodeError,
    seal::{DeliveryAddress, SealError},
};
use alloy_primitives::B256;
use dure_rules::orders::{ApproveOrder, CancelOrder, DeviceBody};
use std::{path::Path, time::Duration};

/// Between two looks at the chain.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// After a refusal, consensus time.
const REFUSED_AGAIN_MS: u64 = 10 * 60_000;

/// Why the gateway does not start, or an order is not made.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("{path}: {why}")]
    File { path: String, why: String },
    #[error("the counters cannot be kept: {0}")]
    Book(#[from] std::io::Error),
    #[error("no offer can be placed: {0}")]
    NoOffer(String),
    #[error("the code of order {0} is not known here: another gateway made it")]
    Code(B256),
}

/// Something that a person may want to read.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Note {
    pub device: String,
    pub slot: Option<u8>,
    pub what: String,
}

struct SlotRun {
    machine: usize,
    config: super::config::Slot,
    topics: Topics,
    filter: Filter,
    view: Option<View>,
    retry_ms: u64,
    problem: Option<String>,
    shown: String,
}

struct Running<'a> {
    config: Home,
    chain: Option<Chain>,
    relay: Relay,
    machines: Vec<Machine>,
    slots: Vec<SlotRun>,
    book: Book,
    offers: Offers,
    broker: Broker,
    tell: &'a (dyn Fn(Note) + Send + Sync),
}

/// Runs until `stop` ends. Outages of broker and node are told and waited out.
///
/// # Errors
/// What stands against starting: keys, addresses, the state folder.
pub async fn run(config: Home, stop: impl Future<Output = ()>, tell: &(dyn Fn(Note) + Send + Sync)) -> Result<(), HomeError> {
    let relay = Relay::read(&config.relay)?;
    let mut book = Book::open(&config.state)?;
    let mut machines = Vec::new();
    let mut slots = Vec::new();
    for (index, device) in config.devices.iter().enumerate() {
        let owner = device.owner.as_deref().map(key::read_account).transpose()?;
        let (signer, address) = (DeviceSigner::read(&device.key)?, read_address(&device.address)?);
        machines.push(Machine { config: device.clone(), signer, address, owner });
        for slot in &device.slots {
            let counter = book.slot(&device.name, slot.number).counter;
            slots.push(SlotRun::new(index, slot.clone(), &device.name, counter));
        }
    }
    let status = status_topic(config.client());
    let will = Will { topic: &status, text: "offline", retain: true };
    let (broker, mut heard) = Broker::connect(&config.mqtt.login(config.client()), Some(will));
    let offers = Offers::default();
    let mut running = Running { config, chain: None, relay, machines, slots, book, offers, broker, tell };
    let mut look = tokio::time::interval(LOOK_AGAIN);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(heard) = heard.recv() => running.heard(heard).await,
            _ = look.tick() => running.look().await,
        }
    }
    running.broker.close(Some(will)).await;
    Ok(())
}

/// Salt in hex on the first line, the address below.
///
/// # Errors
/// [`HomeError::File`].
pub fn read_address(path: &Path) -> Result<DeliveryAddress, HomeError> {
    let failed = |why: String| HomeError::File { path: path.display().to_string(), why };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let (salt, address) =
        text.split_once('\n').ok_or_else(|| failed("expected the salt in the first line, the address below".into()))?;
    let salt = salt.trim().parse().map_err(|_| failed("the first line is no salt: 32 bytes in hex".into()))?;
    Ok(DeliveryAddress { salt, text: address.trim().to_owned() })
}

impl SlotRun {
    fn new(machine: usize, config: super::config::Slot, device: &str, counter: Counter) -> Self {
        let nothing = Shape { capacity: 0, threshold: 0, rearm: 0, drop_per_hour_max: 0 };
        let filter = Filter::new(config.input, nothing, counter);
        let topics = Topics::new(device, config.number);
        Self { machine, config, topics, filter, view: None, retry_ms: 0, problem: None, shown: String::new() }
    }

    /// What a message on `topic` says, in the slot's unit.
    fn reading(&self, topic: &str, payload: &[u8]) -> Option<Reading> {
        let total = self.config.usage_topic.as_deref() == Some(topic)
            || (self.config.input == Kind::Usage && self.config.usage_topic.is_none() && self.config.topic == topic);
        if !total && self.config.topic != topic {
            return None;
        }
        let text = std::str::from_utf8(payload).ok()?.trim();
        let value = match &self.config.field {
            Some(field) => {
                let json: serde_json::Value = serde_json::from_str(text).ok()?;
                let found = json.pointer(field)?;
                found.as_str().map_or_else(|| found.to_string(), str::to_owned)
            }
            None => text.to_owned(),
        };
        if self.config.input == Kind::BinaryLow {
            return match value.to_ascii_lowercase().as_str() {
                "on" | "true" | "1" | "low" | "poor" => Some(Reading::Low(true)),
                "off" | "false" | "0" | "ok" => Some(Reading::Low(false)),
                _ => None,
            };
        }
        let number: f64 = value.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
        if total {
            return Some(Reading::Used(number as u64));
        }
        let capacity = self.view.as_ref()?.slot.capacity;
        Some(Reading::Level(if self.config.percent { (number * capacity as f64 / 100.0) as u64 } else { number as u64 }))
    }
}

impl Running<'_> {
    fn tell(&self, machine: usize, slot: Option<u8>, what: impl Into<String>) {
        let device = self.machines.get(machine).map_or_else(String::new, |machine| machine.config.name.clone());
        (self.tell)(Note { device, slot, what: what.into() });
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Connected => self.greet(),
            Heard::Lost(why) => {
                (self.tell)(Note { device: String::new(), slot: None, what: format!("the broker is away: {why}") });
                self.slots.iter_mut().for_each(|slot| slot.filter.sample_again());
            }
            Heard::Message { topic, payload, retained } => {
                if topic == format!("{}/status", self.config.discovery()) {
                    if payload == b"online" {
                        self.announce();
                    }
                    return;
                }
                for index in 0..self.slots.len() {
                    self.message(index, &topic, &payload, retained).await;
                }
            }
        }
    }

    /// A fresh connection knows nothing: subscribe, announce, say everything again.
    fn greet(&mut self) {
        for slot in &mut self.slots {
            slot.filter.sample_again();
            slot.shown.clear();
            let Topics { pause, test, filled, approve, cancel, .. } = &slot.topics;
            let buttons = [pause, test, filled, approve, cancel].map(String::as_str);
            for topic in buttons.into_iter().chain([slot.config.topic.as_str()]).chain(slot.config.usage_topic.as_deref()) {
                self.broker.subscribe(topic);
            }
        }
        if !self.config.discovery().is_empty() {
            self.broker.subscribe(&format!("{}/status", self.config.discovery()));
        }
        self.announce();
        (self.tell)(Note {
            device: String::new(),
            slot: None,
            what: format!("connected to the broker at {}", self.config.mqtt.broker),
        });
    }

    fn announce(&self) {
        let (client, discovery) = (self.config.client(), self.config.discovery());
        if !discovery.is_empty() {
            for machine in &self.machines {
                let (topic, payload) = announcement(discovery, client, &machine.config);
                self.broker.publish(&topic, &payload.to_string(), true);
            }
        }
        self.broker.publish(&status_topic(client), "online", true);
    }

    async fn message(&mut self, index: usize, topic: &str, payload: &[u8], retained: bool) {
        let slot = &self.slots[index];
        if topic == slot.config.topic || slot.config.usage_topic.as_deref() == Some(topic) {
            // What the broker kept is of unknown age, so it is no sample.
            if let Some(reading) = slot.reading(topic, payload).filter(|_| !retained) {
                self.read(index, reading).await;
            }
            return;
        }
        let (machine, number, topics) = (slot.machine, slot.config.number, slot.topics.clone());
        if topic == topics.pause && !retained {
            let paused = payload.eq_ignore_ascii_case(b"ON");
            self.book.slot(&self.machines[machine].config.name, number).paused = paused;
            let kept = self.book.save();
            self.tell(machine, Some(number), if paused { "ordering is paused here" } else { "ordering goes on" });
            self.settle(index, kept.map_err(HomeError::from));
        } else if topic == topics.filled && !retained {
            let amount = std::str::from_utf8(payload).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
            self.slots[index].filter.filled(amount);
        } else if topic == topics.test && !retained {
            let outcome = self.test(index).await;
            self.settle(index, outcome);
        } else if (topic == topics.approve || topic == topics.cancel) && !retained {
            let outcome = self.press(index, topic == topics.approve).await;
            self.settle(index, outcome);
        }
        self.show(index);
    }

    async fn read(&mut self, index: usize, reading: Reading) {
        let Some(now_ms) = self.slots[index].view.as_ref().map(|view| view.now_ms) else { return };
        let slot = &mut self.slots[index];
        let before = slot.filter.counter;
        let seen = slot.filter.take(now_ms, reading);
        let (machine, number, counter) = (slot.machine, slot.config.number, slot.filter.counter);
        match seen {
            Seen::Waiting => {}
            Seen::Doubtful { dropped, plausible } => {
                slot.problem =
                    Some(format!("the level fell by {dropped}, at most {plausible} is plausible: waiting for more readings"));
            }
            Seen::Level(_) => {}
        }
        if counter != before {
            self.book.slot(&self.machines[machine].config.name, number).counter = counter;
            let kept = self.book.save();
            self.settle(index, kept.map_err(HomeError::from));
        }
        if matches!(seen, Seen::Level(_)) {
            self.think(index).await;
        }
        self.show(index);
    }

    /// Asks the chain how things stand, and thinks about every slot.
    async fn look(&mut self) {
        if self.chain.is_none() {
            match Chain::connect(&self.config.rpc).await {
                Ok(chain) => self.chain = Some(chain),
                Err(error) => return self.slots.iter_mut().for_each(|slot| slot.problem = Some(error.to_string())),
            }
        }
        for index in 0..self.slots.len() {
            self.refresh(index).await;
            self.think(index).await;
            self.show(index);
        }
    }

    async fn refresh(&mut self, index: usize) {
        let Some(chain) = &self.chain else { return };
        let slot = &mut self.slots[index];
        match view(chain, self.machines[slot.machine].config.id, slot.config.number).await {
            Ok(view) => {
                slot.filter.reshape(view.shape(&slot.config));
                slot.view = Some(view);
                if slot.retry_ms == 0 {
                    slot.problem = None;
                }
            }
            Err(error) => {
                if error.is_outage() {
                    slot.filter.sample_again();
                }
                slot.view = None;
                slot.problem = Some(error.to_string());
            }
        }
    }

    async fn think(&mut self, index: usize) {
        let (Some(chain), slot) = (&self.chain, &mut self.slots[index]) else { return };
        let Some(view) = slot.view.clone().filter(|view| view.now_ms >= slot.retry_ms) else { return };
        slot.retry_ms = 0;
        let (machine, number) = (slot.machine, slot.config.number);
        let name = self.machines[machine].config.name.clone();
        let Some(facts) = view.facts(&slot.filter, &mut self.book, &name, number) else { return };
        let intent = decide(&facts);
        let mut pen = Pen { chain, relay: &mut self.relay, machine: &self.machines[machine], book: &mut self.book, slot: number };
        let level = facts.level;
        let (said, outcome) = match (intent, &view.order) {
            (Intent::Nothing, _) | (Intent::Evidence, None) => return,
            (Intent::Tell, _) => {
                (format!("told the chain that the level is {level}"), pen.say(DeviceBody::Level { level }).await)
            }
            (Intent::Evidence, Some((order, _))) => {
                let outcome = pen.say(DeviceBody::Evidence { level, order: *order }).await;
                self.book.slot(&name, number).signed(*order, level, String::new).evident = true;
                (format!("the level rose to {level}: evidence of delivery"), outcome)
            }
            (Intent::Order, _) => match pen.order(&view, &mut self.offers, level).await {
                Ok(order) => (format!("level {level}: ordered, {order}"), Ok(())),
                Err(error) => (String::new(), Err(error)),
            },
        };
        if outcome.is_ok() {
            self.tell(machine, Some(number), said);
        }
        self.settle(index, outcome);
        self.refresh(index).await;
    }

    /// Says by whom the chain was told, where that changed; remembers what failed, says it once, and waits before the next attempt.
    fn settle(&mut self, index: usize, outcome: Result<(), HomeError>) {
        for note in self.relay.take_notes() {
            self.tell(self.slots[index].machine, Some(self.slots[index].config.number), note);
        }
        let Err(error) = outcome else { return };
        let outage = matches!(&error, HomeError::Node(node) if node.is_outage());
        let slot = &mut self.slots[index];
        if outage {
            slot.filter.sample_again();
        } else {
            slot.retry_ms = slot.view.as_ref().map_or(0, |view| view.now_ms).saturating_add(REFUSED_AGAIN_MS);
        }
        let (text, machine, number) = (error.to_string(), slot.machine, slot.config.number);
        if slot.problem.replace(text.clone()).as_ref() != Some(&text) {
            self.tell(machine, Some(number), text);
        }
    }

    /// A test order: goes the whole way and moves nothing.
    async fn test(&mut self, index: usize) -> Result<(), HomeError> {
        let (Some(chain), slot) = (&self.chain, &self.slots[index]) else { return Ok(()) };
        let Some(view) = &slot.view else { return Ok(()) };
        let (machine, number) = (slot.machine, slot.config.number);
        let mut pen = Pen { chain, relay: &mut self.relay, machine: &self.machines[machine], book: &mut self.book, slot: number };
        let level = slot.filter.level().unwrap_or(view.slot.level);
        // Asked as if it were low: whether it is, everybody sees.
        let (offer, terms) = pen.choose(view, &mut self.offers, level.min(view.slot.threshold)).await?;
        pen.say(DeviceBody::Test { level, offer }).await?;
        let total = terms.terms.price + terms.terms.tax + terms.terms.shipping;
        self.tell(machine, Some(number), format!("test passed: a low level would order from {} for {total}", terms.shop));
        Ok(())
    }

    /// Approve or cancel, with the key that the owner gave for it.
    async fn press(&mut self, index: usize, approve: bool) -> Result<(), HomeError> {
        let (Some(chain), slot) = (&self.chain, &self.slots[index]) else { return Ok(()) };
        let (Some(owner), Some((order, _))) =
            (&self.machines[slot.machine].owner, slot.view.as_ref().and_then(|view| view.order.as_ref()))
        else {
            return Ok(());
        };
        let order = *order;
        let action: dure_rules::orders::Action =
            if approve { ApproveOrder { order }.into() } else { CancelOrder { order }.into() };
        chain.act(owner, action).await?;
        self.tell(
            slot.machine,
            Some(slot.config.number),
            format!("{} order {order}", if approve { "approved" } else { "cancelled" }),
        );
        Ok(())
    }

    /// Publishes what the household sees, where it changed.
    fn show(&mut self, index: usize) {
        let slot = &self.slots[index];
        let Some(view) = &slot.view else { return };
        let name = &self.machines[slot.machine].config.name;
        let text = view.json(&slot.filter, &mut self.book, name, slot.config.number, slot.problem.as_deref()).to_string();
        if text != slot.shown && self.broker.publish(&slot.topics.state, &text, true) {
            self.slots[index].shown = text;
        }
    }
}
