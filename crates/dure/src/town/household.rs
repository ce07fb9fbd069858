//! A household: a machine that washes by its routine and says over MQTT how much detergent is left; people who open the door,
//! pour in what came, and approve where they want to be asked.

use super::{
    Town,
    routine::{Dice, Load, Routine},
    world::World,
};
use crate::say::Problem;
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::{
    chain::Chain,
    home::{self, HomeError, config, filter::Kind, pairing, setup},
    key::{self, DeviceSigner},
    mqtt::Mqtt,
    seal::DeliveryAddress,
};
use dure_rules::{
    Gtin,
    bounds::{DAY_MS, HOUR_MS},
    credits::CreditId,
    orders::{Action, ApproveOrder, MandateTerms, Mode},
};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// What a tank holds, millilitres.
const TANK_ML: u64 = 2_000;
/// At or below it the machine asks for more.
pub const LOW_ML: u64 = 300;
/// At or above it the tank was filled.
const FILLED_ML: u64 = 1_200;
/// Detergent in a pack, millilitres, and its GTIN. Prefix 952 is GS1's for examples.
pub const PACK_ML: u64 = 1_500;
pub const PACK_GTIN: &str = "9521000000018";
const MODEL_GTIN: &str = "9521000000025";
/// Between two readings, wall time.
const READ_AGAIN: Duration = Duration::from_millis(500);
/// The mandate, minor units: dearest litre, dearest pack, a month's money.
const LITRE_MAX: u128 = 600;
const PACK_MAX: u128 = 900;
const MONTH_MAX: u128 = 3_600;

/// What is physically there. Kept on the disk: a tank does not fill up by a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tank {
    level_ml: u64,
    /// Packs in the cupboard.
    packs: u32,
    /// When somebody pours the next one in.
    pour_ms: u64,
}

/// A home with a machine in it: what its gateway and the machine need, whoever the owner is.
pub struct Home {
    pub name: String,
    pub people: u64,
    pub relay: PrivateKeySigner,
    pub washer: DeviceSigner,
    pub salt: B256,
    /// Where parcels go.
    pub address: String,
    /// Who answers the gateway's questions by itself; `None` where a person does.
    pub approves: Option<PrivateKeySigner>,
    pub folder: PathBuf,
    /// Which dice are thrown here.
    pub stream: u64,
    /// What is in the tank at the first start, millilitres.
    pub begins_ml: u64,
}

/// Lives until the task is dropped.
///
/// # Errors
/// What the node or the folder says at setting up.
pub async fn live(town: Arc<Town>, door: usize) -> Result<(), Problem> {
    let household = town.people.households[door].clone();
    let chain = Chain::connect(&town.rpc).await?;
    // The first two have run low, so that there is something to see at once; the others follow door by door.
    let begins_ml = if door < 2 {
        LOW_ML - 20
    } else {
        LOW_ML + 25 * door as u64 + Dice::new(town.people.seed, 2_000 + door as u64).between(0, 50)
    };
    let home = Home {
        name: household.name.to_owned(),
        people: household.people,
        relay: household.relay.clone(),
        washer: household.washer.clone(),
        salt: household.salt,
        address: format!("{} household, Example Street {}, Dure Town", household.name, door + 1),
        approves: Some(household.owner.clone()),
        folder: town.folder.join(household.name),
        stream: door as u64,
        begins_ml,
    };
    let address = home.write_files()?;
    let reliable = town.people.shops.iter().filter(|shop| shop.sketch.forgets_percent == 0);
    let mandate = MandateTerms {
        mode: if household.asks { Mode::Confirm } else { Mode::Auto },
        credit: CreditId::nth(crate::chain::CREDIT),
        shops: if household.careful { reliable.map(|shop| shop.key.address()).collect() } else { Vec::new() },
        gtins: vec![gtin(PACK_GTIN)?],
        unit_price_max: LITRE_MAX,
        order_max: PACK_MAX,
        period_ms: 30 * DAY_MS,
        period_amount_max: MONTH_MAX,
        period_count_max: 6,
        interval_min_ms: HOUR_MS,
        arbiters: town.people.arbiters.iter().map(|arbiter| arbiter.address()).collect(),
        default_refund_min_percent: 50,
        evidence_settles: true,
        address_commitment: address.commitment(),
        expires_ms: chain.node.head().await?.time_ms + 360 * DAY_MS,
    };
    let plan = setup::Plan {
        model: gtin(MODEL_GTIN)?,
        slot: 0,
        unit: "mL".into(),
        capacity: TANK_ML,
        threshold: LOW_ML,
        rearm: FILLED_ML,
        mandate,
    };
    let device = setup::set_up(&chain, &household.owner, &household.washer, &plan).await?;
    home.run(&town, chain, device).await
}

impl Home {
    /// The gateway's key files and the delivery address, made at the first start.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write_files(&self) -> Result<DeliveryAddress, Problem> {
        std::fs::create_dir_all(&self.folder).map_err(Problem::unreachable)?;
        if !self.folder.join("washer.key").exists() {
            self.washer.write(&self.folder.join("washer.key")).map_err(HomeError::from)?;
        }
        if !self.folder.join("relay.key").exists() {
            key::write_account(&self.folder.join("relay.key"), &self.relay).map_err(HomeError::from)?;
        }
        let file = self.folder.join("address.txt");
        std::fs::write(&file, format!("{}\n{}\n", self.salt, self.address)).map_err(Problem::unreachable)?;
        Ok(home::read_address(&file)?)
    }

    /// The gateway and the machine, until the task is dropped.
    ///
    /// # Errors
    /// What ends the gateway.
    pub async fn run(&self, town: &Arc<Town>, chain: Chain, device: B256) -> Result<(), Problem> {
        let (told, name) = (town.clone(), self.name.clone());
        let say = move |note: home::Note| told.note(&name, &note.what);
        let machine = Machine::new(town, chain, self, device)?;
        tokio::select! {
            ended = home::run(self.gateway(town, device), std::future::pending(), &say) => Ok(ended?),
            () = machine.run() => Ok(()),
        }
    }

    /// The configuration that a household would have in its `home.toml`.
    fn gateway(&self, town: &Town, device: B256) -> config::Home {
        let slot = config::Slot {
            number: 0,
            name: "Detergent".into(),
            input: Kind::Level,
            topic: topic(&self.name),
            field: Some("/detergent_ml".into()),
            usage_topic: None,
            percent: false,
            drop_percent_per_hour: 50,
        };
        let device = config::Device {
            name: self.name.to_lowercase(),
            key: self.folder.join("washer.key"),
            id: device,
            address: self.folder.join("address.txt"),
            owner: None,
            slots: vec![slot],
        };
        let mqtt = Mqtt {
            broker: town.broker.to_string(),
            user: Some(super::broker::USER.into()),
            password: Some(town.password.clone()),
            client: Some(format!("dure-home-{}", self.name.to_lowercase())),
            discovery: None,
        };
        config::Home {
            rpc: town.rpc.clone(),
            state: self.folder.join("state"),
            relay: self.folder.join("relay.key"),
            mqtt,
            devices: vec![device],
        }
    }
}

fn gtin(text: &str) -> Result<Gtin, Problem> {
    text.parse().map_err(|error| Problem::fault(format!("{text}: {error}")))
}

/// The town's washing machine as an owner's console is told of it.
///
/// # Errors
/// A fault of this program.
pub fn for_pairing(town_arbiters: Vec<Address>, address: &DeliveryAddress) -> Result<pairing::Machine, Problem> {
    Ok(pairing::Machine {
        name: "Washing machine".into(),
        model: gtin(MODEL_GTIN)?,
        slot: pairing::Slot {
            number: 0,
            name: "Detergent".into(),
            unit: "mL".into(),
            capacity: TANK_ML,
            threshold: LOW_ML,
            rearm: FILLED_ML,
            gtins: vec![PACK_GTIN.into()],
        },
        arbiters: town_arbiters,
        address_commitment: address.commitment(),
        credit: CreditId::nth(crate::chain::CREDIT).0,
        simulated: true,
    })
}

fn topic(name: &str) -> String {
    format!("town/{}/washer", name.to_lowercase())
}

/// The machine itself, with the people around it.
struct Machine {
    town: Arc<Town>,
    world: Arc<World>,
    chain: Chain,
    name: String,
    approves: Option<PrivateKeySigner>,
    device: B256,
    tank: Tank,
    file: PathBuf,
    routine: Routine,
    dice: Dice,
    approve: Option<(B256, u64)>,
}

impl Machine {
    fn new(town: &Arc<Town>, chain: Chain, home: &Home, device: B256) -> Result<Self, Problem> {
        let dice = Dice::new(town.people.seed, 1_000 + home.stream);
        let file = home.folder.join("tank.json");
        let tank = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| Problem::unreachable(format!("{}: {error}", file.display())))?
            }
            Err(_) => Tank { level_ml: home.begins_ml, packs: 0, pour_ms: 0 },
        };
        let routine = Routine::new(town.people.seed, home.stream, home.people);
        let (name, approves) = (home.name.clone(), home.approves.clone());
        Ok(Self {
            town: town.clone(),
            world: town.world.clone(),
            chain,
            name,
            approves,
            device,
            tank,
            file,
            routine,
            dice,
            approve: None,
        })
    }

    async fn run(mut self) {
        let name = self.name.clone();
        let mut options = MqttOptions::new(format!("washer-{name}"), self.town.broker.ip().to_string(), self.town.broker.port());
        options.set_credentials(super::broker::USER, &self.town.password);
        let (client, events) = AsyncClient::new(options, 64);
        let state_topic = format!("dure/{}/0/state", name.to_lowercase());
        let (tell, mut states) = tokio::sync::watch::channel(Value::Null);
        let hear = tokio::spawn(listen(client.clone(), events, state_topic, tell));
        let mut next = self.routine.next_load(self.world.now_ms());
        loop {
            tokio::time::sleep(READ_AGAIN).await;
            let before = self.tank.clone();
            self.live_until(self.world.now_ms(), &mut next);
            if self.tank != before {
                let kept = serde_json::to_vec(&self.tank)
                    .map_err(std::io::Error::from)
                    .and_then(|bytes| std::fs::write(&self.file, bytes));
                if let Err(error) = kept {
                    self.town.note(&name, &format!("{}: {error}", self.file.display()));
                }
            }
            // Sensors round and shake.
            let shown = self.tank.level_ml.saturating_sub(self.dice.between(0, 8));
            let reading = serde_json::json!({ "detergent_ml": shown }).to_string();
            let _ = client.try_publish(topic(&name), QoS::AtMostOnce, false, reading); // full: the next one follows
            let state = states.borrow_and_update().clone();
            self.look_at(&state).await;
            if hear.is_finished() {
                return;
            }
        }
    }

    /// Washes, takes in parcels, pours.
    fn live_until(&mut self, now_ms: u64, next: &mut Load) {
        while next.at_ms <= now_ms {
            // Without detergent nobody washes.
            self.tank.level_ml =
                if self.tank.level_ml < next.dose_ml { self.tank.level_ml } else { self.tank.level_ml - next.dose_ml };
            *next = self.routine.next_load(next.at_ms);
        }
        let came = self.world.take_parcels(self.device);
        if came > 0 {
            self.tank.packs += came;
            self.tank.pour_ms = now_ms + self.dice.between(0, 6 * HOUR_MS);
        }
        if self.tank.packs > 0 && now_ms >= self.tank.pour_ms && self.tank.level_ml + PACK_ML <= TANK_ML {
            self.tank.packs -= 1;
            self.tank.level_ml += PACK_ML;
        }
    }

    /// What the gateway's screen says: a code for the courier, or a question.
    async fn look_at(&mut self, state: &Value) {
        let Some(order) = state["order"]["id"].as_str().and_then(|id| id.parse::<B256>().ok()) else { return };
        if let Some(code) = state["code"].as_str() {
            self.world.know_code(order, code);
        }
        let Some(owner) = self.approves.clone().filter(|_| state["order"]["state"] == "PendingApproval") else { return };
        let now_ms = self.world.now_ms();
        let (asked, at_ms) = *self.approve.get_or_insert((order, now_ms + self.dice.between(HOUR_MS / 2, 6 * HOUR_MS)));
        if asked != order {
            self.approve = None;
        } else if now_ms >= at_ms {
            if let Err(error) = self.chain.act(&owner, Action::from(ApproveOrder { order })).await {
                self.town.note(&self.name, &format!("the approval was not taken: {error}"));
            }
            self.approve = Some((order, now_ms + HOUR_MS));
        }
    }
}

/// Hears what the gateway says, for as long as the machine is there.
async fn listen(client: AsyncClient, mut events: EventLoop, topic: String, tell: tokio::sync::watch::Sender<Value>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let _ = client.try_subscribe(topic.clone(), QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::Publish(published))) => {
                if let Ok(state) = serde_json::from_slice(&published.payload) {
                    let _ = tell.send(state); // an error says that the machine is gone
                }
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
        if tell.is_closed() {
            return;
        }
    }
}
