//! A machine as a person describes it, and the files that its gateway needs.

use crate::say::Problem;
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::{
    home::{HomeError, pairing},
    key::{self, DeviceSigner, random_bytes},
    seal::DeliveryAddress,
};
use dure_rules::{Gtin, credits::CreditId};
use std::path::Path;

/// What it is, what it consumes and where it says so.
#[derive(clap::Args)]
pub struct Machine {
    /// What you call the device.
    #[arg(long, default_value = "washer")]
    pub name: String,
    /// What it consumes.
    #[arg(long, value_name = "NAME", default_value = "Detergent")]
    pub slot_name: String,
    /// Where its level comes on the broker.
    #[arg(long)]
    pub topic: String,
    /// The broker, HOST:PORT.
    #[arg(long, default_value = "localhost:1883")]
    pub broker: String,
    /// UCUM code of the level.
    #[arg(long, default_value = "mL")]
    pub unit: String,
    /// Largest level.
    #[arg(long)]
    pub capacity: u64,
    /// At or below it an order is made.
    #[arg(long)]
    pub threshold: u64,
    /// At or above it the slot was filled.
    #[arg(long)]
    pub rearm: u64,
    /// What may be bought; give it more than once for more.
    #[arg(long, required = true)]
    pub gtin: Vec<Gtin>,
    /// The model's GTIN, where it has one.
    #[arg(long, default_value = "9521000000025")]
    pub model: Gtin,
    /// Who may rule in a dispute; give it more than once, the one you want first.
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub arbiter: Vec<Address>,
    /// The credit to pay with.
    #[arg(long, value_name = "ADDRESS")]
    credit: Option<Address>,
    /// Where parcels go. Only the shop of an order can read it.
    #[arg(long)]
    address: String,
}

/// Keys and address of a gateway, on the disk already.
pub struct Files {
    pub signer: DeviceSigner,
    /// The gateway's own.
    pub relay: PrivateKeySigner,
    pub address: DeliveryAddress,
    key: String,
    relay_file: String,
    address_file: String,
}

impl Machine {
    pub fn credit(&self) -> CreditId {
        self.credit.map_or(CreditId::nth(crate::chain::CREDIT), CreditId)
    }

    /// Makes the keys and writes them, with the address, beside the gateway's `file`.
    ///
    /// # Errors
    /// Where one of the files exists or cannot be written.
    pub fn files(&self, file: &Path) -> Result<Files, Problem> {
        if file.exists() {
            return Err(Problem::refused(format!("{} exists", file.display())).hint("name another file with --config FILE"));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let (signer, relay) = (DeviceSigner::random(), PrivateKeySigner::random());
        let address = DeliveryAddress { salt: B256::from(random_bytes()), text: self.address.trim().to_owned() };
        let (key, relay_file) = (format!("{}.key", self.name), format!("{}-relay.key", self.name));
        let address_file = format!("{}-address.txt", self.name);
        signer.write(&folder.join(&key)).map_err(HomeError::from)?;
        key::write_account(&folder.join(&relay_file), &relay).map_err(HomeError::from)?;
        std::fs::write(folder.join(&address_file), format!("{}\n{}\n", address.salt, address.text)).map_err(unwritten(file))?;
        Ok(Files { signer, relay, address, key, relay_file, address_file })
    }

    /// Writes the gateway's file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, file: &Path, files: &Files, rpc: &str, device: B256) -> Result<(), Problem> {
        let text = format!(
            "rpc = {rpc:?}\nrelay = {relay:?}\n\n[mqtt]\nbroker = {broker:?}\n# user = \"\"\n# password = \"\"\n\n\
             [[device]]\nname = {name:?}\nkey = {key:?}\nid = \"{device}\"\naddress = {address:?}\n\n\
             [[device.slot]]\nnumber = 0\nname = {slot:?}\ntopic = {topic:?}\n",
            relay = files.relay_file,
            broker = self.broker,
            name = self.name,
            key = files.key,
            address = files.address_file,
            slot = self.slot_name,
            topic = self.topic,
        );
        std::fs::write(file, text).map_err(unwritten(file))
    }

    /// The machine as an owner's console is told of it.
    pub fn for_pairing(&self, address: &DeliveryAddress) -> pairing::Machine {
        pairing::Machine {
            name: self.name.clone(),
            model: self.model,
            slot: pairing::Slot {
                number: 0,
                name: self.slot_name.clone(),
                unit: self.unit.clone(),
                capacity: self.capacity,
                threshold: self.threshold,
                rearm: self.rearm,
                gtins: self.gtin.iter().map(ToString::to_string).collect(),
            },
            arbiters: self.arbiter.clone(),
            address_commitment: address.commitment(),
            credit: self.credit().0,
            simulated: false,
        }
    }
}

fn unwritten(file: &Path) -> impl Fn(std::io::Error) -> Problem + '_ {
    move |error| Problem::unreachable(format!("{}: {error}", file.display()))
}
