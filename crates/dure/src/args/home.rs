//! `dure home`: the gateway of a household.

use super::{
    dev::stopped,
    keys,
    remote::{self, Remote},
};
use crate::say::{Problem, help, line};
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use clap::Subcommand;
use dure_gateways::{
    chain::Chain,
    home::{self, HomeError, Note, config, setup},
    key::{self, DeviceSigner, random_bytes},
    seal::DeliveryAddress,
};
use dure_rules::{
    Gtin,
    bounds::DAY_MS,
    credits::CreditId,
    orders::{MandateTerms, Mode},
};
use serde_json::json;
use std::path::PathBuf;

/// Run the gateway between your machines (MQTT) and the chain: it watches levels and orders inside your limits.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure home init --owner test/1 --topic washer/detergent --gtin 9521000000018 --address 'Example Street 1' \\\n      --arbiter 0x… --unit mL --capacity 2000 --threshold 300 --rearm 1200 --order-max 900 --month-max 3600\n  dure home                            runs what home.toml describes\n  dure home check                      reads home.toml and says what the chain knows of it\n\nHome Assistant finds the devices by itself (MQTT discovery). The delivery code of an order is shown on the broker:\ngive the broker a password.")
)]
pub struct Home {
    /// The gateway's file.
    #[arg(long, value_name = "FILE", default_value = "home.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a device known: keys, slot, mandate, and the gateway's file.
    Init(Box<Init>),
    /// Read the file and ask the chain about each slot.
    Check,
}

/// Money is in minor units of the credit.
#[derive(clap::Args)]
struct Init {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    folder: keys::Folder,
    /// Whose device it is: a name from `dure keys list`, or test/0 to test/9.
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// What you call the device.
    #[arg(long, default_value = "washer")]
    name: String,
    /// What it consumes.
    #[arg(long, value_name = "NAME", default_value = "Detergent")]
    slot_name: String,
    /// Where its level comes on the broker.
    #[arg(long)]
    topic: String,
    /// The broker, HOST:PORT.
    #[arg(long, default_value = "localhost:1883")]
    broker: String,
    /// UCUM code of the level.
    #[arg(long, default_value = "mL")]
    unit: String,
    /// Largest level.
    #[arg(long)]
    capacity: u64,
    /// At or below it an order is made.
    #[arg(long)]
    threshold: u64,
    /// At or above it the slot was filled.
    #[arg(long)]
    rearm: u64,
    /// What may be bought; give it more than once for more.
    #[arg(long, required = true)]
    gtin: Vec<Gtin>,
    /// The model's GTIN, where it has one.
    #[arg(long, default_value = "9521000000025")]
    model: Gtin,
    /// Dearest order.
    #[arg(long, value_name = "MINOR")]
    order_max: u128,
    /// Dearest for 1,000 of the unit; without it only --order-max limits the price.
    #[arg(long, value_name = "MINOR")]
    unit_price_max: Option<u128>,
    /// Most money in thirty days.
    #[arg(long, value_name = "MINOR")]
    month_max: u128,
    /// Most orders in thirty days.
    #[arg(long, default_value_t = 4)]
    month_count: u32,
    /// Who may rule in a dispute; give it more than once, the one you want first.
    #[arg(long, required = true, value_name = "ADDRESS")]
    arbiter: Vec<Address>,
    /// Only from these shops; any shop with a bond where none is given.
    #[arg(long, value_name = "ADDRESS")]
    shop: Vec<Address>,
    /// Whether the device orders by itself, asks you, or only tells.
    #[arg(long, value_enum, default_value_t = HowMuch::Auto)]
    mode: HowMuch,
    /// The credit to pay with.
    #[arg(long, value_name = "ADDRESS")]
    credit: Option<Address>,
    /// Where parcels go. Only the shop of an order can read it.
    #[arg(long)]
    address: String,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HowMuch {
    Auto,
    Confirm,
    Notify,
}

impl Home {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        super::dev::log();
        remote::block_on(async {
            match self.command {
                Some(Command::Init(init)) => init.run(&self.config, json).await,
                Some(Command::Check) => check(&config::Home::read(&self.config)?, json).await,
                None => {
                    let say = move |note: Note| tell(&note, json);
                    let until = async {
                        let _ = stopped().await; // an error means that no signal can be heard: then nothing stops it but kill
                    };
                    Ok(home::run(config::Home::read(&self.config)?, until, &say).await?)
                }
            }
        })
    }
}

fn tell(note: &Note, json: bool) {
    if json {
        line(note);
    } else if note.device.is_empty() {
        println!("{}", note.what);
    } else {
        println!("{}: {}", note.device, note.what);
    }
}

async fn check(home: &config::Home, json: bool) -> Result<(), Problem> {
    let chain = Chain::connect(&home.rpc).await?;
    key::read_account(&home.relay).map_err(HomeError::from)?;
    for device in &home.devices {
        DeviceSigner::read(&device.key).map_err(HomeError::from)?;
        home::read_address(&device.address)?;
        for slot in &device.slots {
            let known = home::check(&chain, device.id, slot.number).await?;
            if json {
                line(&json!({ "device": device.name, "slot": slot.number, "chain": known }));
            } else {
                println!("{} slot {} ({}): {known}", device.name, slot.number, slot.name);
            }
        }
    }
    Ok(())
}

impl Init {
    async fn run(&self, file: &std::path::Path, json: bool) -> Result<(), Problem> {
        if file.exists() {
            return Err(Problem::refused(format!("{} exists", file.display())).hint("name another file with --config FILE"));
        }
        let folder = file.parent().unwrap_or(std::path::Path::new(""));
        let owner = self.folder.open(&self.owner)?;
        let chain = Chain::connect(&self.remote.rpc).await?;
        let signer = DeviceSigner::random();
        let relay = PrivateKeySigner::random();
        let salt = B256::from(random_bytes());
        let address = DeliveryAddress { salt, text: self.address.trim().to_owned() };
        let (key_file, relay_file) = (format!("{}.key", self.name), format!("{}-relay.key", self.name));
        let address_file = format!("{}-address.txt", self.name);
        signer.write(&folder.join(&key_file)).map_err(HomeError::from)?;
        key::write_account(&folder.join(&relay_file), &relay).map_err(HomeError::from)?;
        let unwritten = |error: std::io::Error| Problem::unreachable(format!("{}: {error}", folder.display()));
        std::fs::write(folder.join(&address_file), format!("{salt}\n{}\n", address.text)).map_err(unwritten)?;
        let now_ms = chain.node.head().await?.time_ms;
        let device = setup::set_up(&chain, &owner, &signer, &self.plan(&address, now_ms)).await?;
        let text = format!(
            "rpc = {rpc:?}\nrelay = {relay_file:?}\n\n[mqtt]\nbroker = {broker:?}\n# user = \"\"\n# password = \"\"\n\n\
             [[device]]\nname = {name:?}\nkey = {key_file:?}\nid = \"{device}\"\naddress = {address_file:?}\n\n\
             [[device.slot]]\nnumber = 0\nname = {slot:?}\ntopic = {topic:?}\n",
            rpc = self.remote.rpc,
            broker = self.broker,
            name = self.name,
            slot = self.slot_name,
            topic = self.topic,
        );
        std::fs::write(file, text).map_err(unwritten)?;
        if json {
            line(&json!({ "device": device, "config": file }));
        } else {
            println!("device {device}\nwrote {}. Run it: dure home --config {}", file.display(), file.display());
        }
        Ok(())
    }

    fn plan(&self, address: &DeliveryAddress, now_ms: u64) -> setup::Plan {
        setup::Plan {
            model: self.model,
            slot: 0,
            unit: self.unit.clone(),
            capacity: self.capacity,
            threshold: self.threshold,
            rearm: self.rearm,
            mandate: MandateTerms {
                mode: match self.mode {
                    HowMuch::Auto => Mode::Auto,
                    HowMuch::Confirm => Mode::Confirm,
                    HowMuch::Notify => Mode::Notify,
                },
                credit: self.credit.map_or(CreditId::nth(crate::chain::CREDIT), CreditId),
                shops: self.shop.clone(),
                gtins: self.gtin.clone(),
                unit_price_max: self.unit_price_max.unwrap_or(dure_rules::bounds::AMOUNT_MAX),
                order_max: self.order_max,
                period_ms: 30 * DAY_MS,
                period_amount_max: self.month_max,
                period_count_max: self.month_count,
                interval_min_ms: 0,
                arbiters: self.arbiter.clone(),
                default_refund_min_percent: 0,
                evidence_settles: true,
                address_commitment: address.commitment(),
                expires_ms: now_ms.saturating_add(360 * DAY_MS),
            },
        }
    }
}
