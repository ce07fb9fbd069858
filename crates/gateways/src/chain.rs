//! The institutions as a gateway uses them: views, actions, and what a refusal says.

use crate::node::{Node, NodeError, Receipt};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolEvent, SolInterface as _};
use dure_api::abi::{self, accounts::IAccounts, energy::IEnergy, orders::IOrders};
use dure_rules::{
    Action, Gtin,
    orders::{MODULE, OfferId, OrderState, Reasons},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A chain, through one of its nodes.
#[derive(Clone, Debug)]
pub struct Chain {
    pub node: Node,
    pub chain_id: u64,
}

impl Chain {
    /// # Errors
    /// Where no node answers.
    pub async fn connect(url: &str) -> Result<Self, NodeError> {
        let node = Node::new(url)?;
        let chain_id = node.chain_id().await?;
        Ok(Self { node, chain_id })
    }

    /// Asks a view of the orders institution at the newest state.
    ///
    /// # Errors
    /// [`NodeError`]; a refusal is [`NodeError::Reverted`].
    pub async fn view<C: SolCall>(&self, call: C) -> Result<C::Return, NodeError> {
        self.view_at(MODULE, call).await
    }

    /// Asks a view of another institution.
    ///
    /// # Errors
    /// As [`Self::view`].
    pub async fn view_at<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, NodeError> {
        let answer = self.node.call(Address::ZERO, to, &call.abi_encode().into(), &json!("latest")).await?;
        let why = |error: alloy_sol_types::Error| NodeError::Misunderstood {
            url: self.node.url().to_owned(),
            why: format!("{}: {error}", C::SIGNATURE),
        };
        C::abi_decode_returns(&answer).map_err(why)
    }

    /// Sends an action and waits until it is final.
    ///
    /// # Errors
    /// [`NodeError`]; a refusal is [`NodeError::Reverted`], mostly before anything is sent.
    pub async fn act(&self, key: &PrivateKeySigner, action: impl Into<Action>) -> Result<Receipt, NodeError> {
        let (to, data) = abi::encode(&action.into());
        let receipt = self.node.send(key, TxKind::Call(to), data.clone(), U256::ZERO).await?;
        self.succeeded(receipt, key.address(), to, &data).await
    }

    /// As [`Self::act`], for `account`, by `key`, which is an access key of it.
    ///
    /// # Errors
    /// As [`Self::act`]; also where the key may not.
    pub async fn act_for(
        &self,
        account: Address,
        key: &PrivateKeySigner,
        action: impl Into<Action>,
    ) -> Result<Receipt, NodeError> {
        let (to, data) = abi::encode(&action.into());
        let receipt = self.node.send_for(account, key, to, data.clone()).await?;
        self.succeeded(receipt, account, to, &data).await
    }

    async fn succeeded(&self, receipt: Receipt, from: Address, to: Address, data: &Bytes) -> Result<Receipt, NodeError> {
        if receipt.success {
            return Ok(receipt);
        }
        // It was good when it was estimated, and the state moved: ask what stands against it now.
        let again = self.node.call(from, to, data, &json!("latest")).await;
        Err(again.err().unwrap_or_else(|| NodeError::Refused(format!("transaction {} failed", receipt.hash))))
    }
}

/// The offers that stand, kept up with the chain's logs.
#[derive(Debug, Default)]
pub struct Offers {
    next_height: u64,
    by_gtin: BTreeMap<u64, Vec<OfferId>>,
}

/// Offers of one GTIN that are remembered: the newest ones.
const OFFERS_MAX: usize = 256;

impl Offers {
    /// Reads what was published since the last time.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn catch_up(&mut self, chain: &Chain, height: u64) -> Result<(), NodeError> {
        let topics = json!([IOrders::OfferPublished::SIGNATURE_HASH]);
        let found = chain.node.logs(MODULE, &topics, self.next_height, height).await?;
        for seen in found {
            if let Ok(event) = IOrders::OfferPublished::decode_log(&seen.log) {
                let known = self.by_gtin.entry(event.gtin).or_default();
                known.push(event.offer);
                if known.len() > OFFERS_MAX {
                    known.remove(0);
                }
            }
        }
        self.next_height = height.saturating_add(1);
        Ok(())
    }

    /// Offers of these GTINs that can be had, the cheapest for what it holds first.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn cheapest_first(&self, chain: &Chain, gtins: &[Gtin]) -> Result<Vec<(OfferId, IOrders::Offer)>, NodeError> {
        let mut all = Vec::new();
        for id in gtins.iter().filter_map(|gtin| self.by_gtin.get(&gtin.get())).flatten() {
            let offer = chain.view(IOrders::offerCall { id: *id }).await?;
            if !offer.withdrawn && offer.stock > 0 {
                all.push((*id, offer));
            }
        }
        // a/b < c/d without a division that would round.
        all.sort_by(|(a_id, a), (b_id, b)| {
            let (price_a, price_b) = (a.terms.price + a.terms.tax, b.terms.price + b.terms.tax);
            let per_unit = (price_a * U256::from(b.terms.content)).cmp(&(price_b * U256::from(a.terms.content)));
            per_unit.then(a.terms.shipping.cmp(&b.terms.shipping)).then(a_id.cmp(b_id))
        });
        Ok(all)
    }
}

/// The state with this number, as in the ABI.
pub fn state(number: u8) -> Option<OrderState> {
    OrderState::ALL.get(usize::from(number)).copied()
}

/// A topic that matches an address.
pub fn topic(address: Address) -> B256 {
    address.into_word()
}

/// Logs of the orders institution about this shop or order: `topics` after the event's own.
pub fn order_topics(order: B256) -> Value {
    json!([IOrders::OrderMoved::SIGNATURE_HASH, order])
}

/// What the bytes of a revert say, in words without a full stop.
pub fn words(bytes: &Bytes) -> String {
    if let Ok(IOrders::IOrdersErrors::CannotPlace(refused)) = IOrders::IOrdersErrors::abi_decode(bytes) {
        return format!("this order cannot be placed: {}", reasons(refused.reasons));
    }
    let selector = bytes.first_chunk::<4>().copied().unwrap_or_default();
    let known = [
        IOrders::IOrdersErrors::name_by_selector(selector),
        IAccounts::IAccountsErrors::name_by_selector(selector),
        IEnergy::IEnergyErrors::name_by_selector(selector),
    ];
    let name = known.into_iter().flatten().next();
    name.map_or_else(|| format!("refused with {}", hex::encode_prefixed(bytes)), |name| format!("refused: {}", spaced(name)))
}

/// The reasons of a preview, in words.
pub fn reasons(bits: u64) -> String {
    let all: Vec<String> = Reasons(bits).iter().map(|reason| spaced(reason.name())).collect();
    all.join(", ")
}

/// `MandatePaused` as `mandate paused`.
fn spaced(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
