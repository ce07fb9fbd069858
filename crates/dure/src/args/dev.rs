//! `dure dev`.

use super::keys::test_key;
use crate::{
    chain::{self, CREDIT, Folder},
    say::{self, Problem, help, line},
};
use dure_node::{
    disk::{self, Running},
    pacing::{SPEED_MAX, system_ms},
};
use dure_rules::credits::CreditId;
use dure_server::{Limits, serve};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};
use tokio::signal::unix::{SignalKind, signal};

/// Where a browser looks.
const PORT: u16 = 8545;

/// Run a chain on this machine, with accounts to try things with. `dure` alone does the same.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure dev\n  dure dev --http 127.0.0.1:9000 --data /var/lib/dure\n  dure dev --speed 600                 ten hours of the chain's time pass in a minute\n  dure dev --accounts FILE             a line each: 0xADDRESS member|organisation|newcomer [GAS_PER_MS CAP_GAS]\n\nThe folder keeps the chain: a second start goes on where the first one stopped. With --json the first line on stdout\nsays {\"event\":\"ready\",\"http\":…,\"ws\":…,\"chainId\":…} once the node answers.")
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
    /// How many times as fast as the wall's clock the chain's time runs, up to 600.
    #[arg(long, value_name = "X", value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: Option<u32>,
    /// More accounts for the genesis of a new chain.
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

impl Default for Dev {
    fn default() -> Self {
        Self { http: format!("localhost:{PORT}"), data: "dure-data".into(), seed: 1, speed: None, accounts: None }
    }
}

impl Dev {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        log();
        let addresses = addresses(&self.http)?;
        let folder = Folder::open(&self.data)?;
        let goes_on = folder.has_chain();
        if goes_on && self.accounts.is_some() {
            return Err(Problem::usage(format!("{} holds a chain already, whose accounts are fixed", self.data.display()))
                .hint("name another folder with --data DIR, or leave --accounts out"));
        }
        let config = folder.config(self.speed, || {
            let asked = self.accounts.as_ref().map(|file| {
                let text =
                    std::fs::read_to_string(file).map_err(|error| Problem::usage(format!("{}: {error}", file.display())))?;
                chain::accounts(&text)
            });
            chain::genesis(self.seed, system_ms(), &asked.transpose()?.unwrap_or_default())
        })?;
        let served = disk::run(config, move |running| async move {
            let serving =
                serve(running.served.clone(), &addresses, Limits::default(), Default::default()).await.map_err(|error| {
                    Problem::unreachable(format!("{} cannot be listened on: {error}", self.http))
                        .hint("another program may use the port; choose one with --http localhost:PORT")
                })?;
            let port = serving.addresses.first().map_or(PORT, SocketAddr::port);
            let host = if self.http.starts_with("localhost") { "localhost" } else { "127.0.0.1" };
            let first =
                First { http: format!("http://{host}:{port}"), ws: format!("ws://{host}:{port}"), speed: self.speed, goes_on };
            if json {
                line(&first.json())
            } else {
                print!("{}", first.screen()?)
            };
            stopped(&running).await?;
            if !json {
                eprintln!("\nStopped. The chain stays in {}; start again to go on.", self.data.display());
            }
            serving.stop().await;
            Ok(())
        });
        served.map_err(|error| Problem::unreachable(error.to_string()))?
    }
}

/// Ends when the person or the system asks.
async fn stopped(_running: &Running) -> Result<(), Problem> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Problem::fault)?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// `localhost` is both loopback addresses: a browser may try either.
fn addresses(text: &str) -> Result<Vec<SocketAddr>, Problem> {
    let wrong =
        || Problem::usage(format!("`{text}` is no address to listen on")).hint("write it as localhost:8545 or 127.0.0.1:8545");
    if let Some(port) = text.strip_prefix("localhost:") {
        let port = port.parse().map_err(|_| wrong())?;
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    Ok(vec![text.parse().map_err(|_| wrong())?])
}

/// Only what a person must know; `RUST_LOG` asks for more.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error,dure=warn".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init(); // a test may have one
}

/// What the first screen says.
struct First {
    http: String,
    ws: String,
    speed: Option<u32>,
    goes_on: bool,
}

impl First {
    fn json(&self) -> Value {
        json!({
            "event": "ready", "http": self.http, "url": self.http, "rpc": self.http, "ws": self.ws, "chainId": chain::CHAIN_ID,
            "credit": CreditId::nth(CREDIT).0, "speed": self.speed.unwrap_or(1), "continued": self.goes_on,
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
        let time = self
            .speed
            .map_or("runs with the wall's clock".into(), |speed| format!("runs {speed} times as fast as the wall's clock"));
        Ok(format!(
            "Dure {version}: a chain of one, {begin}. Its time {time}.\n\n\
             page       {http}\nJSON-RPC   {http}   (chain id {id})\nWebSocket  {ws}\n\n\
             {people}\n\
             Try: dure tx --from test/0 {credit} 'transfer(address,uint256)' {to} 500\n\
             then: dure call {credit} 'balanceOf(address)(uint256)' {to}\n\n\
             The keys of test/0 to test/9 are known to everybody: never use them elsewhere.\n\
             Not built yet: the town of households and shops, energy, rides, provenance, health, governance.\n\
             Everything written here is public; orders, once there are some, too: what was bought, when, how often.\n\
             Ctrl-C stops.\n",
            version = env!("CARGO_PKG_VERSION"),
            begin = if self.goes_on { "going on where it stopped" } else { "new" },
            http = self.http,
            ws = self.ws,
            id = chain::CHAIN_ID,
            people = say::table(&["person", "key", "address", "who"], &people),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_both_loopback_addresses() {
        assert_eq!(addresses("localhost:0").map(|all| all.len()).ok(), Some(2));
        assert_eq!(addresses("127.0.0.1:9").map(|all| all.len()).ok(), Some(1));
        assert!(addresses("nowhere").is_err() && addresses("localhost:x").is_err());
    }

    #[test]
    fn the_first_screen_fits_and_names_what_is_missing() {
        let first =
            First { http: "http://localhost:8545".into(), ws: "ws://localhost:8545".into(), speed: Some(600), goes_on: false };
        let screen = first.screen().expect("people");
        assert!(screen.lines().count() <= 24, "{screen}");
        assert!(screen.contains("Not built yet") && screen.contains("Ctrl-C"), "{screen}");
    }
}
