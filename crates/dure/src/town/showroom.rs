//! The showroom: washing machines for visitors, people at the console whose keys the town does not have. Each is simulated as the
//! households' machines are; the owner is real, and so is what the owner allows it.
//!
//! Upon a visitor's question: a machine that shows its key to this visitor (`POST /town/machine`). Upon the visitor's mandate: its
//! gateway begins to work. Upon a device of an owner without money, wherever it comes from: the town's bank welcomes the owner.

use super::{
    Town,
    household::{self, Home, LOW_ML},
    people::Guest,
};
use crate::{args::keys::test_key, say::Problem};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::{credits::ICredit, orders::IOrders};
use dure_gateways::{chain::Chain, home::pairing::Pairing, node::NodeError};
use dure_rules::{
    credits::{self, CreditId},
    orders::{MODULE, device_id},
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Visitors that have a machine.
const GUESTS_MAX: usize = 32;
/// What the bank gives, minor units: some packs of detergent.
const WELCOME: u128 = 5_000;
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Who has asked for a machine.
pub struct Showroom {
    seed: u64,
    chain_id: u64,
    arbiters: Vec<Address>,
    /// A folder for each machine, named by its owner: also how the showroom remembers.
    folder: PathBuf,
    guests: Mutex<BTreeSet<Address>>,
    came: Notify,
}

impl Showroom {
    /// The showroom of the town whose files are in `folder`, with the visitors of earlier runs.
    pub fn open(people: &super::people::People, chain_id: u64, folder: &Path) -> Arc<Self> {
        let folder = folder.join("showroom");
        let known = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let known = known.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(GUESTS_MAX).collect();
        let arbiters = people.arbiters.iter().map(|arbiter| arbiter.address()).collect();
        Arc::new(Self { seed: people.seed, chain_id, arbiters, folder, guests: Mutex::new(known), came: Notify::new() })
    }

    /// A machine for `owner`, the same one at every question.
    ///
    /// # Errors
    /// Where all machines are taken, or its files cannot be written.
    pub fn machine(&self, owner: Address) -> Result<Pairing, Problem> {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if !guests.contains(&owner) && guests.len() >= GUESTS_MAX {
            return Err(Problem::refused(format!("all {GUESTS_MAX} machines of the showroom have an owner")));
        }
        let guest = Guest::new(self.seed, owner);
        let address = self.home(&guest).write_files()?;
        let machine = household::for_pairing(self.arbiters.clone(), &address)?;
        if guests.insert(owner) {
            self.came.notify_one();
        }
        Ok(Pairing::new(machine, &guest.washer, &guest.relay, self.chain_id, owner))
    }

    /// Those of the visitors that are not in `known`.
    pub(super) async fn next(&self, known: &BTreeSet<Address>) -> Address {
        loop {
            let new = self.guests.lock().unwrap_or_else(PoisonError::into_inner).difference(known).next().copied();
            match new {
                Some(owner) => return owner,
                None => self.came.notified().await,
            }
        }
    }

    fn home(&self, guest: &Guest) -> Home {
        let name = format!("visitor-{}", &guest.owner.to_string()[2..10]);
        Home {
            people: 2,
            relay: guest.relay.clone(),
            washer: guest.washer.clone(),
            salt: guest.salt,
            address: format!("{name}, Example Street 13, Dure Town"),
            approves: None,
            folder: self.folder.join(guest.owner.to_string()),
            stream: guest.stream,
            begins_ml: LOW_ML - 20,
            name,
        }
    }
}

/// A visitor's machine: waits for the mandate, then lives until the task is dropped.
///
/// # Errors
/// What the node or the folder says.
pub(super) async fn live(town: Arc<Town>, showroom: Arc<Showroom>, owner: Address) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let guest = Guest::new(showroom.seed, owner);
    let device = device_id(&guest.washer.public());
    loop {
        match chain.view(IOrders::mandateOfCall { device, slot: 0 }).await {
            Ok(_) => break,
            Err(NodeError::Reverted(_)) => tokio::time::sleep(LOOK_AGAIN).await,
            Err(error) => return Err(error.into()),
        }
    }
    showroom.home(&guest).run(&town, chain, device).await
}

/// The bank: whoever makes a device known and has nothing is given a little of the town's credit, once.
///
/// # Errors
/// Where no node answers at the start.
pub(super) async fn bank(town: Arc<Town>) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let issuer = test_key("0")?;
    let credit = CreditId::nth(crate::chain::CREDIT);
    let topics = json!([IOrders::DeviceRegistered::SIGNATURE_HASH]);
    let mut next_height = 0;
    loop {
        let head = chain.node.head().await?.height;
        if head >= next_height {
            for seen in chain.node.logs(MODULE, &topics, next_height, head).await? {
                let Ok(event) = IOrders::DeviceRegistered::decode_log(&seen.log) else { continue };
                let to = event.owner;
                let has = chain.view_at(credit.0, ICredit::balanceOfCall { account: to }).await?;
                if has == U256::ZERO && !was_welcomed(&chain, credit, to).await? {
                    chain.act(&issuer, dure_rules::Action::from(credits::Action::Issue { credit, to, amount: WELCOME })).await?;
                    town.note("Bank", &format!("{to} is welcomed with {WELCOME}"));
                }
            }
            next_height = head + 1;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether the account ever had money: who has spent the welcome gets no other one.
async fn was_welcomed(chain: &Chain, credit: CreditId, to: Address) -> Result<bool, NodeError> {
    let topics = json!([ICredit::Transfer::SIGNATURE_HASH, B256::ZERO, to.into_word()]);
    let head = chain.node.head().await?.height;
    Ok(!chain.node.logs(credit.0, &topics, 0, head).await?.is_empty())
}
