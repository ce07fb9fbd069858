//! Markets, meters and auctions by their ids, or by how these begin.

use crate::args::digits::Digits;
use crate::say::Problem;
use alloy_primitives::{B256, Log};
use alloy_sol_types::SolEvent;
use dure_api::abi::energy::IEnergy;
use dure_gateways::{chain::Chain, node::NodeError};
use dure_rules::energy::MODULE;
use serde_json::json;

/// Auctions are looked for in so many of the newest blocks: two days of a chain on which little happens, which makes one in 400 ms; less of a busy one.
const AUCTION_BLOCKS: u64 = 432_000;

/// What an id of this institution is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    Market(B256),
    Meter(B256),
    Auction(B256),
}

impl Found {
    const fn id(self) -> B256 {
        match self {
            Self::Market(id) | Self::Meter(id) | Self::Auction(id) => id,
        }
    }
}

/// # Errors
/// Where nothing has such an id, or more than one thing.
pub async fn any(chain: &Chain, text: &str) -> Result<Found, Problem> {
    const WHAT: &str = "a market, a meter or an auction";
    let digits = Digits::read(text, WHAT)?;
    if let Digits::All(id) = digits {
        let known = [
            (Found::Market(id), chain.view_at(MODULE, IEnergy::marketCall { id }).await.map(|_| ())),
            (Found::Meter(id), chain.view_at(MODULE, IEnergy::meterCall { id }).await.map(|_| ())),
            (Found::Auction(id), chain.view_at(MODULE, IEnergy::auctionCall { id }).await.map(|_| ())),
        ];
        for (found, asked) in known {
            match asked {
                Ok(()) => return Ok(found),
                Err(NodeError::Reverted(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        return Err(unknown(text, WHAT));
    }
    let mut all = markets(chain).await?;
    all.extend(meters(chain).await?);
    all.extend(auctions(chain).await?);
    one(&digits, all, text, WHAT)
}

/// # Errors
/// As [`any`].
pub async fn market(chain: &Chain, text: &str) -> Result<B256, Problem> {
    const WHAT: &str = "a market";
    match Digits::read(text, WHAT)? {
        Digits::All(id) => Ok(id), // what is asked about it says whether there is one
        digits => Ok(one(&digits, markets(chain).await?, text, WHAT)?.id()),
    }
}

/// # Errors
/// As [`any`].
pub async fn meter(chain: &Chain, text: &str) -> Result<B256, Problem> {
    const WHAT: &str = "a meter";
    match Digits::read(text, WHAT)? {
        Digits::All(id) => Ok(id),
        digits => Ok(one(&digits, meters(chain).await?, text, WHAT)?.id()),
    }
}

fn one(digits: &Digits, all: Vec<Found>, text: &str, what: &str) -> Result<Found, Problem> {
    digits.of(all, |found| found.id().to_string())?.ok_or_else(|| unknown(text, what))
}

fn unknown(text: &str, what: &str) -> Problem {
    Problem::refused(format!("`{text}` is the id of nothing here, expected that of {what}"))
        .hint("a market's is said by `dure energy open` and on the page; `dure energy show MARKET` lists its meters; an auction of days ago needs its whole id")
}

async fn markets(chain: &Chain) -> Result<Vec<Found>, Problem> {
    let of = |log: &Log| Some(Found::Market(IEnergy::MarketOpened::decode_log(log).ok()?.market));
    events(chain, &[IEnergy::MarketOpened::SIGNATURE_HASH], 0, of).await
}

async fn meters(chain: &Chain) -> Result<Vec<Found>, Problem> {
    let of = |log: &Log| Some(Found::Meter(IEnergy::MeterRegistered::decode_log(log).ok()?.meter));
    events(chain, &[IEnergy::MeterRegistered::SIGNATURE_HASH], 0, of).await
}

async fn auctions(chain: &Chain) -> Result<Vec<Found>, Problem> {
    // The first bid opens one, or the operator's order.
    let kinds =
        [IEnergy::Committed::SIGNATURE_HASH, IEnergy::RedispatchOrdered::SIGNATURE_HASH, IEnergy::Cleared::SIGNATURE_HASH];
    let newest = chain.node.head().await?.height.saturating_sub(AUCTION_BLOCKS);
    let of = |log: &Log| log.topics().get(1).copied().map(Found::Auction);
    events(chain, &kinds, newest, of).await
}

/// What events of these kinds name, each once.
async fn events(chain: &Chain, kinds: &[B256], from: u64, of: impl Fn(&Log) -> Option<Found>) -> Result<Vec<Found>, Problem> {
    let head = chain.node.head().await?;
    let seen = chain.node.logs(MODULE, &json!([kinds]), from, head.height).await?;
    let mut found: Vec<Found> = seen.iter().filter_map(|seen| of(&seen.log)).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
