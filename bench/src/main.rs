//! What a chain carries: transfers and orders per second, from accepted to final, and what each costs the node's processor; the
//! same load against anvil, in turns, in one run.
//!
//! This program never times a test and never asserts a speed: it prints what it saw. Transactions are signed before the clock starts
//! (orders cannot be: their messages are fresh by a block). The generator shares the machine with what it measures, and says
//! how much of the processor it took itself.

mod flood;
mod http;
mod load;
mod orders;
mod peers;
mod readings;
mod report;
mod restart;
mod transfers;

use clap::Parser;
use load::{Figures, Plan};
use peers::Peer;
use report::Row;
use std::{path::PathBuf, time::Duration};

/// After this long a validator that is silent is passed over at once (`Pace::COMMUNITY`), and a little more.
const PASSED_OVER: Duration = Duration::from_secs(7);
/// Lone payments: so many, and so many a second.
const LONE: usize = 60;
const LONE_PER_SECOND: f64 = 3.0;
/// Transfers signed for the time between two kills; one connection sends fewer.
const KILL_TRANSACTIONS: usize = 4_000;

/// Anything that goes wrong ends the run: half a table would be read as a whole one.
pub type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measure a node and, where there is one, anvil beside it.
#[derive(Parser)]
#[command(name = "load")]
struct Args {
    /// The program `dure`.
    #[arg(long, default_value = "target/release/dure")]
    dure: PathBuf,
    /// The program `anvil`; without it nothing is compared.
    #[arg(long)]
    anvil: Option<PathBuf>,
    /// Seconds of each load.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds; each begins both nodes anew.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// HTTP connections, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Transactions signed in advance for each load, at most: the load ends early where they run out.
    #[arg(long, default_value_t = 120_000)]
    signed: usize,
    /// Orders placed, each by a slot of its own.
    #[arg(long, default_value_t = 4_000)]
    orders: usize,
    /// Fresh keys of the flood; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    flood: usize,
    /// How often the node is killed; 0 leaves it out.
    #[arg(long, default_value_t = 10)]
    kills: usize,
    /// Only four validators, and anvil.
    #[arg(long)]
    only_four: bool,
    /// Only the readings of so many meters, a day of them.
    #[arg(long, value_name = "METERS")]
    only_readings: Option<usize>,
    /// Quarters of an hour of that day.
    #[arg(long, default_value_t = 96, value_parser = clap::value_parser!(u32).range(1..=96))]
    slots: u32,
}

#[tokio::main]
async fn main() -> Fallible<()> {
    let args = Args::parse();
    if let Some(meters) = args.only_readings {
        let peer = Peer::dure_at(&args.dure, Vec::new(), 600).await?;
        report::readings(&readings::run(&peer, meters, args.slots, args.connections).await?);
        return Ok(());
    }
    let mut rows = Vec::new();
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        if let Some(anvil) = &args.anvil {
            let peer = Peer::anvil(anvil).await?;
            rows.extend(transfers(&args, &peer, &transfers::ANVIL).await?);
        }
        rows.extend(four(&args).await?);
        if !args.only_four {
            let peer = Peer::dure(&args.dure, orders::owners(args.orders)).await?;
            rows.extend(transfers(&args, &peer, &transfers::DURE).await?);
            rows.push(placed(&args, &peer).await?);
        }
    }
    report::transfers(&rows);
    if args.only_four {
        return Ok(());
    }
    if args.flood > 0 {
        let peer = Peer::dure(&args.dure, Vec::new()).await?;
        report::flood(&flood::run(&peer, args.flood, args.connections, args.seconds * 2).await?);
    }
    if args.kills > 0 {
        let mut peer = Peer::dure(&args.dure, Vec::new()).await?;
        report::kills(&restart::run(&mut peer, args.kills, KILL_TRANSACTIONS).await?, peer.disk_bytes()?);
    }
    Ok(())
}

/// Every kind of transfer at full load, then the first one that counts at half of what that gave.
async fn transfers(args: &Args, peer: &Peer, kinds: &[transfers::Kind]) -> Fallible<Vec<Row>> {
    let mut rows = Vec::new();
    let mut signer = transfers::Signer::new(peer).await?;
    for kind in kinds {
        let full = Plan { seconds: Duration::from_secs(args.seconds), per_second: None };
        let work = signer.sign(*kind, args.signed, args.connections).await?;
        let figures = load::run(peer, work, full).await?;
        let per_second = figures.per_second();
        rows.push(row(peer, kind.name(), figures));
        if *kind == transfers::Kind::Credit {
            let half = Plan { per_second: Some(per_second / 2.0), ..full };
            let work = signer.sign(*kind, (per_second / 2.0) as usize * args.seconds as usize, args.connections).await?;
            rows.push(row(peer, "credit transfer, half load", load::run(peer, work, half).await?));
        }
    }
    Ok(rows)
}

/// Four validators: full load, half of what that gave, and lone payments; the last two once more with one of the four dead.
async fn four(args: &Args) -> Fallible<Vec<Row>> {
    let mut peer = Peer::four(&args.dure).await?;
    let kind = transfers::Kind::Credit;
    let full = Plan { seconds: Duration::from_secs(args.seconds), per_second: None };
    let work = transfers::Signer::known(&peer).sign(kind, args.signed, args.connections).await?;
    let figures = load::run(&peer, work, full).await?;
    let half = figures.per_second() / 2.0;
    let mut rows = vec![row(&peer, kind.name(), figures)];
    for [at_half, lone] in [
        ["credit transfer, half load", "credit transfers one by one"],
        ["credit transfer, half load, one validator dead", "credit transfers one by one, one validator dead"],
    ] {
        for (what, per_second, count, connections) in [
            (at_half, half, (half * args.seconds as f64) as usize, args.connections),
            (lone, LONE_PER_SECOND, LONE, peer.doors.len()),
        ] {
            let work = transfers::Signer::known(&peer).sign(kind, count, connections).await?;
            let seconds = Duration::from_secs_f64(count as f64 / per_second);
            let plan = Plan { seconds, per_second: Some(per_second) };
            rows.push(row(&peer, what, load::run(&peer, work, plan).await?));
        }
        if peer.doors.len() == 4 {
            peer.kill_last()?;
            tokio::time::sleep(PASSED_OVER).await;
        }
    }
    Ok(rows)
}

async fn placed(args: &Args, peer: &Peer) -> Fallible<Row> {
    let household = orders::set_up(peer, args.orders, args.connections).await?;
    let plan = Plan { seconds: Duration::from_secs(args.seconds * 3), per_second: None };
    Ok(row(peer, "order placed by a device", load::run(peer, household, plan).await?))
}

fn row(peer: &Peer, what: &'static str, figures: Figures) -> Row {
    eprintln!("  {}: {what}: {}", peer.name, figures.sentence());
    Row { peer: peer.name, what, figures }
}
