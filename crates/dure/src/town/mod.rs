//! The demo town: twelve households whose machines wash, three shops, a courier, and the street's power. Each is a client with keys of its own,
//! over JSON-RPC and MQTT alone; none knows the node it talks to. Everybody is simulated.

pub mod broker;
mod courier;
mod household;
mod journal;
pub mod people;
mod routine;
mod shopkeeper;
pub mod showroom;
mod street;
mod world;

use crate::say::Problem;
use alloy_primitives::Address;
use dure_gateways::energy::lookout::Lookout;
use people::People;
use serde_json::Value;
use showroom::Showroom;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{OnceCell, oneshot},
    task::{JoinSet, LocalSet},
};
use world::World;

/// How a town speaks: (town time in milliseconds, sentence).
pub type Tell = Arc<dyn Fn(u64, &str) + Send + Sync>;

/// Between two attempts of an actor whose start failed.
const AGAIN: Duration = Duration::from_secs(3);

/// A town, and where its people find node and broker.
pub struct Town {
    pub people: People,
    pub rpc: String,
    pub broker: SocketAddr,
    pub password: String,
    /// For keys, counters and tanks.
    pub folder: PathBuf,
    pub tell: Tell,
    pub showroom: Arc<Showroom>,
    street: Arc<street::grid::Street>,
    /// One look at the chain for all meters.
    lookout: OnceCell<Arc<Lookout>>,
    world: Arc<World>,
    since: Instant,
}

impl Town {
    /// A town with a broker of its own.
    ///
    /// # Errors
    /// Where the broker does not come up.
    pub fn new(people: People, rpc: String, folder: PathBuf, showroom: Arc<Showroom>, tell: Tell) -> Result<Self, Problem> {
        let password = alloy_primitives::hex::encode(&dure_gateways::key::random_bytes()[..12]);
        let broker = broker::start(&password)?;
        let street = Arc::new(street::grid::Street::new(people.seed)?);
        Ok(Self {
            people,
            rpc,
            broker,
            password,
            folder,
            tell,
            showroom,
            street,
            lookout: OnceCell::new(),
            world: Arc::default(),
            since: Instant::now(),
        })
    }

    /// Something of an actor's own; told to who asks for it with `RUST_LOG=dure=info`.
    fn note(&self, who: &str, what: &str) {
        tracing::info!(target: "dure::town", "{who}: {what}");
    }

    fn journal(&self, at_ms: u64, sentence: &str) {
        (self.tell)(at_ms, sentence);
    }

    /// Lives on a thread of its own, so that nobody in it can hold up the node beside it; ends with the first settled order's
    /// timeline where `until_settled`, else with the program.
    ///
    /// # Errors
    /// Where no node answers.
    pub async fn live(self, until_settled: bool) -> Result<Value, Problem> {
        let (tell, told) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Problem::fault)?;
        let thread = std::thread::Builder::new().name("town".into()).spawn(move || {
            let people = LocalSet::new();
            let _ = tell.send(people.block_on(&runtime, Arc::new(self).all(until_settled))); // an error: nobody waits
        });
        thread.map_err(Problem::fault)?;
        told.await.map_err(|_| Problem::fault("the town's thread ended"))?
    }

    async fn all(self: Arc<Self>, until_settled: bool) -> Result<Value, Problem> {
        let mut all = JoinSet::new();
        let shops = (0..self.people.shops.len()).map(Actor::Shop);
        let households = (0..self.people.households.len()).map(Actor::Household);
        let neighbours = (0..self.people.street.len()).map(Actor::Neighbour);
        let alone = [Actor::Courier, Actor::Bank, Actor::GridOperator, Actor::Solver, Actor::StreetJournal];
        for actor in shops.chain(households).chain(alone).chain(neighbours) {
            all.spawn_local(again(self.clone(), actor));
        }
        let town = self.clone();
        all.spawn_local(async move {
            let (mut known, mut machines) = (BTreeSet::new(), JoinSet::new());
            loop {
                let owner = town.showroom.next(&known).await;
                known.insert(owner);
                machines.spawn_local(again(town.clone(), Actor::Guest(owner)));
            }
        });
        // Dropping the set ends everybody.
        journal::write(self, until_settled).await
    }
}

/// Who acts by itself.
#[derive(Clone, Copy, Debug)]
enum Actor {
    Shop(usize),
    Household(usize),
    Courier,
    Bank,
    GridOperator,
    Solver,
    StreetJournal,
    /// A connection of the street.
    Neighbour(usize),
    /// The machine of a visitor, by its owner.
    Guest(Address),
}

/// An actor that fails to start tries again: the node may just be away.
async fn again(town: Arc<Town>, actor: Actor) {
    loop {
        let lived = match actor {
            Actor::Shop(index) => shopkeeper::trade(town.clone(), index).await,
            Actor::Household(door) => household::live(town.clone(), door).await,
            Actor::Courier => courier::drive(town.clone()).await,
            Actor::Bank => showroom::bank(town.clone()).await,
            Actor::GridOperator => street::work(town.clone(), &town.folder.join("operator")).await,
            Actor::Solver => street::solve(town.clone()).await,
            Actor::StreetJournal => street::journal(town.clone()).await,
            Actor::Neighbour(number) => street::live(town.clone(), number).await,
            Actor::Guest(owner) => showroom::live(town.clone(), town.showroom.clone(), owner).await,
        };
        if let Err(problem) = lived {
            town.note(&format!("{actor:?}"), &problem.to_string());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Hour and weekday of town time, as in a diary.
pub fn hour(at_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970-01-01 was a Thursday
    let minutes = at_ms / 60_000;
    format!("{} {:02}:{:02}", DAYS[(minutes / 1_440 % 7) as usize], minutes / 60 % 24, minutes % 60)
}
