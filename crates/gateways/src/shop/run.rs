//! The program, and the desk that a person's commands use too.

use super::{
    config::Shop,
    rules::{Stand, Step, next},
};
use crate::{
    chain::{Chain, state},
    key::{self, KeyError},
    node::NodeError,
    seal::{DeliveryAddress, SealError, public_of},
    watch::{every, watch},
};
use alloy_primitives::{Address, B256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolEvent as _;
use dure_api::abi::orders::IOrders;
use dure_rules::{
    Sscc,
    orders::{
        AcceptOrder, Action, AddStock, AnswerDispute, CancelOrder, ClaimDelivery, ConfirmReturn, MODULE, OfferTerms, OrderState,
        PublishOffer, RegisterShop, ShipOrder, offer_id,
    },
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

/// Between two looks at the chain.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// After a refusal, consensus time.
const REFUSED_AGAIN_MS: u64 = 10 * 60_000;

/// Why the adapter does not start, or a step is not made.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("{0} is no order of this shop")]
    NotOurs(B256),
    #[error("the file's {0} is not what the chain takes")]
    Terms(&'static str),
}

/// Something that a person may want to read.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ShopNote {
    pub order: Option<B256>,
    pub what: String,
}

/// The shop's keys and its way to the chain.
#[derive(Clone)]
pub struct Desk {
    pub config: Shop,
    pub chain: Chain,
    pub key: PrivateKeySigner,
    sealing: B256,
}

impl Desk {
    /// Opens the keys, and finds the node.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn open(config: Shop) -> Result<Self, ShopError> {
        let key = key::read_account(&config.key)?;
        let (kind, secret) = key::read(&config.sealing_key)?;
        let sealing = (kind == "x25519").then(|| B256::try_from(secret.as_slice()).ok()).flatten();
        let sealing = sealing.ok_or_else(|| KeyError::Kind { path: config.sealing_key.clone(), expected: "x25519" })?;
        let chain = Chain::connect(&config.rpc).await?;
        Ok(Self { config, chain, key, sealing })
    }

    async fn act(&self, action: impl Into<Action>) -> Result<(), ShopError> {
        self.chain.act(&self.key, action.into()).await?;
        Ok(())
    }

    /// The shop's orders and what they stand at.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn orders(&self) -> Result<BTreeMap<B256, IOrders::Order>, ShopError> {
        let mut watch = Watch::default();
        watch.catch_up(self).await?;
        Ok(watch.orders)
    }

    async fn own(&self, id: B256) -> Result<IOrders::Order, ShopError> {
        let order = self.chain.view(IOrders::orderCall { id }).await?;
        if order.shop == self.key.address() { Ok(order) } else { Err(ShopError::NotOurs(id)) }
    }

    /// Where the parcel of an order goes.
    ///
    /// # Errors
    /// [`ShopError`]; the address is gone from the newest state once the order is settled.
    pub async fn address(&self, id: B256) -> Result<DeliveryAddress, ShopError> {
        let order = self.own(id).await?;
        Ok(DeliveryAddress::open(&order.sealedAddress, &self.sealing, id, order.terms.addressCommitment)?)
    }

    /// Makes a step. Accepting opens the address first: an accepted order that cannot be delivered costs a part of the bond.
    ///
    /// # Errors
    /// [`ShopError`]; [`ShopError::Seal`] for an address that does not open, and nothing was done.
    pub async fn step(&self, order: B256, step: Step) -> Result<(), ShopError> {
        match step {
            Step::Accept => {
                self.address(order).await?;
                self.act(AcceptOrder { order }).await
            }
            Step::Ship => {
                let rules = &self.config.rules;
                let short = &alloy_primitives::hex::encode(order)[..8];
                self.ship(order, rules.carrier, None, rules.tracking.replace("{order}", short)).await
            }
            Step::Claim => self.act(ClaimDelivery { order }).await,
            Step::Answer => self.act(AnswerDispute { order, statement: keccak256("delivered") }).await,
            Step::ConfirmReturn => self.act(ConfirmReturn { order }).await,
        }
    }

    /// Ships: opens the address first, because a parcel without one goes nowhere.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn ship(
        &self,
        order: B256,
        carrier: Option<Address>,
        sscc: Option<Sscc>,
        tracking: String,
    ) -> Result<(), ShopError> {
        self.address(order).await?;
        self.act(ShipOrder { order, carrier, sscc, tracking }).await
    }

    /// # Errors
    /// [`ShopError`].
    pub async fn cancel(&self, order: B256) -> Result<(), ShopError> {
        self.act(CancelOrder { order }).await
    }

    /// # Errors
    /// [`ShopError`].
    pub async fn add_stock(&self, offer: B256, packs: u32) -> Result<(), ShopError> {
        self.act(AddStock { offer, packs }).await
    }

    /// Becomes a shop where the account is none, and publishes what the chain does not have.
    async fn set_up(&self, tell: &(dyn Fn(ShopNote) + Send + Sync)) -> Result<(), ShopError> {
        let say = |what: String| tell(ShopNote { order: None, what });
        let account = self.key.address();
        let known = match self.chain.view(IOrders::shopCall { account }).await {
            Ok(shop) => shop.offers,
            Err(NodeError::Reverted(_)) => {
                self.register().await?;
                say(format!("registered {} with a bond of {}", self.config.name, self.config.bond));
                0
            }
            Err(other) => return Err(other.into()),
        };
        let mut published = Vec::new();
        for version in 1..=known {
            published.push(self.chain.view(IOrders::offerCall { id: offer_id(account, version) }).await?);
        }
        let now_ms = self.chain.node.head().await?.time_ms;
        for offer in &self.config.offers {
            let terms = offer.terms(now_ms).ok_or(ShopError::Terms("offer"))?;
            if !published.iter().any(|one| !one.withdrawn && one.terms.validUntilMs > now_ms && same(&one.terms, &terms)) {
                let price = terms.price;
                self.act(PublishOffer { terms, stock: offer.stock }).await?;
                say(format!("offers {} for {price}, {} packs", offer.gtin, offer.stock));
            }
        }
        Ok(())
    }

    async fn register(&self) -> Result<(), ShopError> {
        let config = &self.config;
        let action = RegisterShop {
            gln: config.gln().ok_or(ShopError::Terms("gln"))?,
            name: config.name.clone(),
            sealing_key: public_of(&self.sealing)?,
            credit: config.credit(),
            payout: config.payout.unwrap_or(self.key.address()),
            bond: config.bond.into(),
        };
        self.act(action).await
    }

    /// Fills up what runs low, where the file says so.
    async fn restock(&self, tell: &(dyn Fn(ShopNote) + Send + Sync)) -> Result<(), ShopError> {
        if self.config.offers.iter().all(|offer| offer.restock_below == 0) {
            return Ok(());
        }
        let account = self.key.address();
        let known = self.chain.view(IOrders::shopCall { account }).await?.offers;
        for version in 1..=known {
            let id = offer_id(account, version);
            let one = self.chain.view(IOrders::offerCall { id }).await?;
            let ours = self.config.offers.iter().find(|offer| offer.terms(0).is_some_and(|terms| same(&one.terms, &terms)));
            if let Some(offer) = ours.filter(|offer| !one.withdrawn && one.stock < offer.restock_below) {
                self.add_stock(id, offer.stock.saturating_sub(one.stock)).await?;
                tell(ShopNote { order: None, what: format!("stock of {} filled up to {}", offer.gtin, offer.stock) });
            }
        }
        Ok(())
    }
}

/// Whether the chain's terms are the file's, but for how long they are valid.
fn same(on_chain: &IOrders::OfferTerms, ours: &OfferTerms) -> bool {
    let wanted = dure_api::abi::orders::offer_terms(ours);
    IOrders::OfferTerms { validUntilMs: 0, ..on_chain.clone() } == IOrders::OfferTerms { validUntilMs: 0, ..wanted }
}

/// The shop's orders, kept up with the chain's logs.
#[derive(Default)]
struct Watch {
    next_height: u64,
    orders: BTreeMap<B256, IOrders::Order>,
    retry_ms: BTreeMap<B256, u64>,
}

impl Watch {
    /// Reads what happened since the last time; gives consensus time.
    async fn catch_up(&mut self, desk: &Desk) -> Result<u64, NodeError> {
        let head = desk.chain.node.head().await?;
        if head.height < self.next_height {
            return Ok(head.time_ms);
        }
        let kinds = json!([[IOrders::OrderAsked::SIGNATURE_HASH, IOrders::OrderMoved::SIGNATURE_HASH]]);
        let mut touched = Vec::new();
        for seen in desk.chain.node.logs(MODULE, &kinds, self.next_height, head.height).await? {
            if let Ok(event) = IOrders::OrderAsked::decode_log(&seen.log) {
                if event.shop == desk.key.address() {
                    touched.push(event.order);
                }
            } else if let Ok(event) = IOrders::OrderMoved::decode_log(&seen.log)
                && self.orders.contains_key(&event.order)
            {
                touched.push(event.order);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            self.orders.insert(id, desk.chain.view(IOrders::orderCall { id }).await?);
        }
        self.next_height = head.height.saturating_add(1);
        Ok(head.time_ms)
    }

    fn open(&self) -> u32 {
        let accepted = self.orders.values().filter(|order| state(order.state) == Some(OrderState::Accepted));
        u32::try_from(accepted.count()).unwrap_or(u32::MAX)
    }

    /// Orders with a step that is due.
    fn due(&self, desk: &Desk, now_ms: u64) -> Vec<(B256, Step)> {
        let mut open = self.open();
        let mut due = Vec::new();
        for (id, order) in &self.orders {
            let Some(state) = state(order.state) else { continue };
            if self.retry_ms.get(id).is_some_and(|retry_ms| now_ms < *retry_ms) {
                continue;
            }
            let stand = Stand {
                state,
                placed_ms: order.placedMs,
                since_ms: order.sinceMs,
                shipped_ms: order.shippedMs,
                cancel_ms: order.terms.cancelMs,
            };
            if let Some(step) = next(&stand, &desk.config.rules, open, now_ms) {
                open += u32::from(step == Step::Accept);
                due.push((*id, step));
            }
        }
        due
    }
}

/// Runs until `stop` ends. Outages of the node are told and waited out.
///
/// # Errors
/// What stands against starting: keys, terms, no node, a refusal of the registration or of an offer.
pub async fn run(desk: &Desk, stop: impl Future<Output = ()>, tell: &(dyn Fn(ShopNote) + Send + Sync)) -> Result<(), ShopError> {
    desk.set_up(tell).await?;
    let mut watched = Watch::default();
    let look = async || round(desk, &mut watched, tell).await;
    watch(every(LOOK_AGAIN), stop, look, |what| tell(ShopNote { order: None, what })).await;
    Ok(())
}

async fn round(desk: &Desk, watch: &mut Watch, tell: &(dyn Fn(ShopNote) + Send + Sync)) -> Result<(), ShopError> {
    let before = watch.orders.len();
    let now_ms = watch.catch_up(desk).await?;
    for (order, step) in watch.due(desk, now_ms) {
        let done = desk.step(order, step).await;
        let what = match (&done, step) {
            (Err(ShopError::Node(error)), _) if error.is_outage() => return done,
            (Err(ShopError::Seal(error)), Step::Accept) => {
                // Free of charge before it is accepted, and the device may try another shop at once.
                match desk.cancel(order).await {
                    Ok(()) => format!("cancelled: {error}"),
                    Err(other) => format!("not accepted: {error}; not cancelled: {other}"),
                }
            }
            (Err(error), _) => format!("{step:?} was not done: {error}"),
            (Ok(()), Step::Accept) => "accepted".into(),
            (Ok(()), Step::Ship) => "shipped".into(),
            (Ok(()), Step::Claim) => "delivery claimed".into(),
            (Ok(()), Step::Answer) => "dispute answered".into(),
            (Ok(()), Step::ConfirmReturn) => "return confirmed".into(),
        };
        if done.is_err() {
            watch.retry_ms.insert(order, now_ms.saturating_add(REFUSED_AGAIN_MS));
        }
        tell(ShopNote { order: Some(order), what });
    }
    if watch.orders.len() > before {
        desk.restock(tell).await?;
    }
    // What is over needs no more looks; a person still finds it on the chain.
    watch.orders.retain(|_, order| state(order.state).is_some_and(|state| !state.is_final()));
    watch.retry_ms.retain(|order, _| watch.orders.contains_key(order));
    Ok(())
}
