//! `dure dev`.

use super::{keys::test_key, town};
use crate::{
    certified,
    chain::{self, CREDIT, Folder},
    port::{self, Door, LogAs},
    say::{self, Problem, help, line},
    town::{people::People, showroom::Showroom},
    vitals,
};
use alloy_primitives::Address;
use axum::{
    Json, Router,
    http::StatusCode,
    response::IntoResponse as _,
    routing::{get, post},
};
use dure_node::pacing::{SPEED_MAX, system_ms};
use dure_rules::credits::CreditId;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Most validators that one process runs.
const VALIDATORS_MAX: u64 = 16;
/// Where a browser looks.
const PORT: u16 = 8545;

/// Run a chain on this machine, with accounts to try things with. `dure` alone does the same.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure dev\n  dure dev --http 127.0.0.1:9000 --data /var/lib/dure\n  dure dev --empty                     no town: a chain for your own programs, at the wall's pace\n  dure dev --until settled --json      ends with the first settled order and its timeline\n  dure dev --speed 60                  an hour of the chain's time passes in a minute\n  dure dev --validators 4              four validators in one process, with sockets between them\n  dure dev --accounts FILE             a line each: 0xADDRESS member|organisation|newcomer [GAS_PER_MS CAP_GAS]\n\nThe folder keeps the chain: a second start goes on where the first one stopped. With --json the first line on stdout\nsays {\"event\":\"ready\",\"http\":…,\"ws\":…,\"chainId\":…} once the node answers.")
)]
pub struct Dev {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "localhost:8545")]
    http: String,
    /// Folder of the chain.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    data: PathBuf,
    /// Seed of the keys of a new chain.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Validators of a new chain, all in this process; each has its own key, sockets and database.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=VALIDATORS_MAX))]
    validators: Option<u64>,
    /// How many times as fast as the wall's clock the chain's time runs, up to 600. With the town 600, else 1.
    #[arg(long, value_name = "X", value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: Option<u32>,
    /// More accounts for the genesis of a new chain.
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Without the demo town; `dure town` brings it to life later.
    #[arg(long)]
    empty: bool,
    /// End once this has happened, and say how it went.
    #[arg(long, value_name = "EVENT", conflicts_with = "empty")]
    until: Option<Until>,
    #[command(flatten)]
    door: Door,
    /// How to write down on stderr what happens.
    #[arg(long, value_enum, value_name = "FORM", default_value = "text", env = "DURE_LOG")]
    log: LogAs,
}

/// What `--until` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Until {
    /// The first order of this run is settled.
    Settled,
}

impl Default for Dev {
    fn default() -> Self {
        Self {
            http: format!("localhost:{PORT}"),
            data: "dure-data".into(),
            seed: 1,
            validators: None,
            speed: None,
            accounts: None,
            empty: false,
            until: None,
            door: Door::default(),
            log: LogAs::default(),
        }
    }
}

impl Dev {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log_as(self.log, "error,rumqttd=off,dure=warn");
        let addresses = port::addresses(&self.http)?;
        self.door.limits()?; // before anything is begun
        let folder = Folder::open(&self.data)?;
        vitals::room_to_start(&self.data)?;
        let goes_on = folder.has_chain();
        if goes_on && self.accounts.is_some() {
            return Err(Problem::usage(format!("{} holds a chain already, whose accounts are fixed", self.data.display()))
                .hint("name another folder with --data DIR, or leave --accounts out"));
        }
        let speed = self.speed.or_else(|| (!self.empty).then_some(SPEED_MAX));
        let genesis = folder.genesis(|| {
            let asked = self.accounts.as_ref().map(|file| {
                let text =
                    std::fs::read_to_string(file).map_err(|error| Problem::usage(format!("{}: {error}", file.display())))?;
                chain::accounts(&text)
            });
            chain::genesis(self.seed, system_ms(), &asked.transpose()?.unwrap_or_default(), self.validators.unwrap_or(1))
        })?;
        let validators = genesis.validators.len() as u64;
        if self.validators.is_some_and(|asked| asked != validators) {
            return Err(Problem::usage(format!("the chain in {} has {validators} validators", self.data.display()))
                .hint("name another folder with --data DIR, or leave --validators out"));
        }
        let config = folder.alone(genesis, speed)?;
        let threads = port::threads()?;
        let at_port = threads.handle().clone();
        let served = vitals::run(config, move |running| async move {
            let people = People::new(self.seed);
            let showroom = (!self.empty).then(|| Showroom::open(&people, chain::CHAIN_ID, &self.data.join("town")));
            let more = town_routes(&people, showroom.clone()).merge(certified::routes(running.relay.clone()));
            let mut open = port::open(&at_port, &self.http, &self.door, addresses, (&running, &self.data), more).await?;
            let port = open.serving.addresses.first().map_or(PORT, SocketAddr::port);
            let host = if self.http.starts_with("localhost") { "localhost" } else { "127.0.0.1" };
            let first = First {
                http: format!("http://{host}:{port}"),
                ws: format!("ws://{host}:{port}"),
                speed,
                goes_on,
                validators,
                town: !self.empty,
            };
            if json {
                line(&first.json())
            } else {
                print!("{}", first.screen()?)
            };
            let lives = async {
                let Some(showroom) = showroom else { return std::future::pending().await };
                town::live(people, first.http.clone(), self.data.join("town"), showroom, self.until, json).await
            };
            let ended = tokio::select! {
                stopped = open.stopped() => stopped,
                lived = lives => lived,
            };
            port::goes_down();
            drop(running);
            if !json {
                eprintln!("\nStopped. The chain stays in {}; start again to go on.", self.data.display());
            }
            open.close().await;
            ended
        });
        port::give_back(threads);
        served?
    }
}

/// What the page is told of the town beside the chain: who its accounts are, and a machine for a visitor.
fn town_routes(people: &People, showroom: Option<Arc<Showroom>>) -> Router {
    let all = if showroom.is_some() { people.named() } else { Vec::new() };
    let all: Vec<Value> =
        all.into_iter().map(|(address, name)| json!({ "address": address, "name": name, "simulated": true })).collect();
    let names = Router::new().route("/town.json", get(move || std::future::ready(Json(all.clone()))));
    let Some(showroom) = showroom else { return names };
    let machine = move |Json(visitor): Json<Visitor>| async move {
        let made = tokio::task::spawn_blocking(move || showroom.machine(visitor.owner)).await;
        match made {
            Ok(Ok(pairing)) => Json(pairing).into_response(),
            Ok(Err(problem)) => (StatusCode::CONFLICT, format!("{problem}\n")).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    names.route("/town/machine", post(machine))
}

/// Who asks the showroom for a machine.
#[derive(serde::Deserialize)]
struct Visitor {
    owner: Address,
}

/// What the first screen says.
struct First {
    http: String,
    ws: String,
    speed: Option<u32>,
    goes_on: bool,
    validators: u64,
    town: bool,
}

impl First {
    fn json(&self) -> Value {
        json!({
            "event": "ready", "http": self.http, "url": self.http, "rpc": self.http, "ws": self.ws, "chainId": chain::CHAIN_ID,
            "credit": CreditId::nth(CREDIT).0, "speed": self.speed.unwrap_or(1), "continued": self.goes_on,
            "town": self.town, "validators": self.validators,
        })
    }

    fn screen(&self) -> Result<String, Problem> {
        let credit = CreditId::nth(CREDIT).0;
        let mut people = Vec::new();
        for (name, index, what) in
            [("Anna", 0, "issues the town's credit and grants roles"), ("Bora", 1, "a member"), ("Chen", 2, "a member")]
        {
            people.push(vec![
                name.to_owned(),
                format!("test/{index}"),
                test_key(&index.to_string())?.address().to_string(),
                what.to_owned(),
            ]);
        }
        let to = &people[1][2];
        let time = match self.speed {
            None | Some(1) => "runs with the wall's clock".to_owned(),
            Some(speed) => format!("runs {speed} times as fast as the wall's clock"),
        };
        let town = if self.town {
            "Twelve households, three shops and a courier live here, and a street of thirteen connections trades the power of its eight\n\
             roofs and five batteries. All are simulated: each is a program with keys of its own that knows nothing but this port and\n\
             an MQTT broker. What happens is told below and on the page.\n\n"
        } else {
            ""
        };
        Ok(format!(
            "Dure {version}: a chain of {many}, {begin}. Its time {time}.\n\n\
             page       {http}\nJSON-RPC   {http}   (chain id {id})\nWebSocket  {ws}\n\n\
             {people}\n{town}\
             Try: dure orders watch\n\
             or:  dure tx --from test/0 {credit} 'transfer(address,uint256)' {to} 500\n\
             then: dure call {credit} 'balanceOf(address)(uint256)' {to}\n\n\
             The keys of test/0 to test/9 and of the town are known to everybody: never use them elsewhere.\n\
             Not built yet: rides, health, provenance, governance, changing validators.\n\
             Orders are public for ever: what was bought, when, how often. Addresses are sealed to the shop. So are quarter-hours of power.\n\
             Ctrl-C stops.\n\n",
            version = env!("CARGO_PKG_VERSION"),
            many = if self.validators == 1 { "one".to_owned() } else { format!("{} validators", self.validators) },
            begin = if self.goes_on { "going on where it stopped" } else { "new" },
            http = self.http,
            ws = self.ws,
            id = chain::CHAIN_ID,
            people = say::table(&["person", "key", "address", "who"], &people),
        ))
    }
}
