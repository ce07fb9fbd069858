//! One slot of one device: what the chain says of it, and what is signed for it.

use super::{
    HomeError,
    book::Book,
    config,
    filter::{Filter, Shape},
    mind::{Allowed, Facts, Open},
    relay::Relay,
};
use crate::{
    chain::{Chain, Offers, reasons, state},
    key::{self, DeviceSigner},
    node::NodeError,
    seal::DeliveryAddress,
};
use alloy_primitives::{B256, U256};
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi::orders::IOrders;
use dure_rules::{
    Gtin,
    orders::{CODE_CHARACTERS, DeviceBody, OfferId, RelayDevice, code_commitment, order_id},
};
use rand::{Rng as _, rngs::OsRng};
use serde_json::{Value, json};

/// RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What every slot of a device shares.
pub struct Machine {
    pub config: config::Device,
    pub signer: DeviceSigner,
    pub address: DeliveryAddress,
    pub owner: Option<PrivateKeySigner>,
}

/// What the chain says.
#[derive(Clone, Debug)]
pub struct View {
    pub slot: IOrders::Slot,
    pub mandate: Option<IOrders::Mandate>,
    pub order: Option<(B256, IOrders::Order)>,
    pub now_ms: u64,
}

/// Asks what the chain says of a slot.
///
/// # Errors
/// [`NodeError`]; a slot that the chain does not know is a refusal.
pub async fn view(chain: &Chain, device: B256, slot: u8) -> Result<View, NodeError> {
    let record = chain.view(IOrders::slotOfCall { device, slot }).await?;
    let mandate = match chain.view(IOrders::mandateOfCall { device, slot }).await {
        Ok(mandate) => Some(mandate),
        Err(NodeError::Reverted(_)) => None,
        Err(other) => return Err(other),
    };
    let order = match record.openOrder {
        B256::ZERO => None,
        id => Some((id, chain.view(IOrders::orderCall { id }).await?)),
    };
    let now_ms = chain.node.head().await?.time_ms;
    Ok(View { slot: record, mandate, order, now_ms })
}

/// What the chain knows of a slot, in words.
///
/// # Errors
/// [`NodeError`].
pub async fn check(chain: &Chain, device: B256, slot: u8) -> Result<String, NodeError> {
    let view = view(chain, device, slot).await?;
    let level = if view.slot.levelMs > 0 { view.slot.level.to_string() } else { "no".into() };
    let may = match view.allowed() {
        Allowed::Order => "the device may order",
        Allowed::Notify => "the device may only tell",
        Allowed::Nothing => "no mandate is in force",
    };
    let order = view.order.map_or_else(String::new, |(id, _)| format!(", order {id} is open"));
    Ok(format!("{level} {} of {}, low at {}; {may}{order}", view.slot.unit, view.slot.capacity, view.slot.threshold))
}

impl View {
    pub fn shape(&self, config: &config::Slot) -> Shape {
        let slot = &self.slot;
        let drop_per_hour_max = slot.capacity.saturating_mul(u64::from(config.drop_percent_per_hour)) / 100;
        Shape { capacity: slot.capacity, threshold: slot.threshold, rearm: slot.rearm, drop_per_hour_max }
    }

    fn allowed(&self) -> Allowed {
        match &self.mandate {
            Some(mandate) if mandate.paused || self.now_ms >= mandate.terms.expiresMs => Allowed::Nothing,
            Some(mandate) if mandate.terms.mode == 2 => Allowed::Notify,
            Some(_) => Allowed::Order,
            None => Allowed::Nothing,
        }
    }

    /// What the decision rests on, where a level is known.
    pub fn facts(&self, filter: &Filter, book: &mut Book, device: &str, slot: u8) -> Option<Facts> {
        let level = filter.level()?;
        let page = book.slot(device, slot);
        let paused = page.paused;
        let open = self.order.as_ref().and_then(|(id, order)| {
            let signed = page.signed(*id, level, String::new);
            signed.lowest = signed.lowest.min(level);
            let (lowest, evident) = (signed.lowest, signed.evident);
            Some(Open { state: state(order.state)?, content: order.terms.content, lowest, evident })
        });
        Some(Facts {
            level,
            low: filter.is_low(),
            threshold: self.slot.threshold,
            rearm: self.slot.rearm,
            chain_level: self.slot.level,
            chain_has_level: self.slot.levelMs > 0,
            armed: self.slot.armed,
            packs_at_home: self.slot.packsAtHome,
            open,
            allowed: self.allowed(),
            paused,
        })
    }

    /// Minor units that the mandate still allows in its period.
    fn budget_left(&self) -> Option<U256> {
        let mandate = self.mandate.as_ref()?;
        let period = self.now_ms.saturating_sub(mandate.sinceMs).checked_div(mandate.terms.periodMs)?;
        let spent = if period == u64::from(mandate.period) { mandate.spent } else { U256::ZERO };
        Some(mandate.terms.periodAmountMax.saturating_sub(spent))
    }

    /// What the household's screen shows.
    pub fn json(&self, filter: &Filter, book: &mut Book, device: &str, slot: u8, problem: Option<&str>) -> Value {
        let page = book.slot(device, slot);
        let code = self.order.as_ref().and_then(|(id, _)| page.known(*id).map(|signed| signed.code.clone()));
        let order = self.order.as_ref().map(|(id, order)| {
            json!({
                "id": id, "state": state(order.state).map(|state| state.name().to_owned()), "shop": order.shop,
                "total": order.terms.total.to_string(), "deadline_ms": order.deadlineMs,
            })
        });
        json!({
            "level": filter.level(), "low": filter.is_low(), "capacity": self.slot.capacity, "unit": self.slot.unit,
            "order": order, "code": code.filter(|code| !code.is_empty()), "packs_at_home": self.slot.packsAtHome,
            "budget_left": self.budget_left().map(|left| left.to_string()), "paused": page.paused, "problem": problem,
        })
    }
}

/// What signing and sending takes.
pub struct Pen<'a> {
    pub chain: &'a Chain,
    pub relay: &'a mut Relay,
    pub machine: &'a Machine,
    pub book: &'a mut Book,
    pub slot: u8,
}

impl Pen<'_> {
    /// Signs what the device says, and brings it to the chain. The sequence number is on the disk before anything is sent.
    ///
    /// # Errors
    /// [`HomeError`].
    pub async fn say(&mut self, body: DeviceBody) -> Result<(), HomeError> {
        let id = self.machine.config.id;
        let record = self.chain.view(IOrders::deviceCall { id }).await?;
        let page = self.book.page(&self.machine.config.name);
        page.sequence = page.sequence.max(record.sequence).saturating_add(1);
        let numbers = (record.keyEpoch, page.sequence);
        self.book.save()?;
        let head = self.chain.node.head().await?;
        let message = key::message(self.chain.chain_id, id, self.slot, numbers, &head, body);
        let (payload, signature) = self.machine.signer.message(&message);
        Ok(self.relay.bring(self.chain, id, record.owner, RelayDevice { payload, signature }).await?)
    }

    /// The cheapest offer that can be placed at this level.
    ///
    /// # Errors
    /// [`HomeError::NoOffer`] with what stands against the cheapest.
    pub async fn choose(&self, view: &View, offers: &mut Offers, level: u64) -> Result<(OfferId, IOrders::Offer), HomeError> {
        let gtins = view.mandate.as_ref().map_or(&[][..], |mandate| &mandate.terms.gtins);
        let gtins: Vec<Gtin> = gtins.iter().filter_map(|gtin| Gtin::new(*gtin)).collect();
        offers.catch_up(self.chain, self.chain.node.head().await?.height).await?;
        let mut first = None;
        for (offer, terms) in offers.cheapest_first(self.chain, &gtins).await? {
            let wish = IOrders::previewDeviceCall { device: self.machine.config.id, slot: self.slot, offer, level };
            match self.chain.view(wish).await? {
                0 => return Ok((offer, terms)),
                against => first = first.or(Some(against)),
            }
        }
        Err(HomeError::NoOffer(first.map_or_else(|| "nobody offers what the mandate names".into(), reasons)))
    }

    /// Orders: the code is on the disk before the chain hears of the order.
    ///
    /// # Errors
    /// [`HomeError`].
    pub async fn order(&mut self, view: &View, offers: &mut Offers, level: u64) -> Result<B256, HomeError> {
        let (offer, terms) = self.choose(view, offers, level).await?;
        let shop = self.chain.view(IOrders::shopCall { account: terms.shop }).await?;
        let order = order_id(self.machine.config.id, self.slot, view.slot.cycle, view.slot.attempts.saturating_add(1));
        let signed = self.book.slot(&self.machine.config.name, self.slot).signed(order, level, random_code);
        let code: [u8; CODE_CHARACTERS as usize] = signed.code.as_bytes().try_into().map_err(|_| HomeError::Code(order))?;
        let sealed_address = self.machine.address.seal(shop.sealingKey, order)?;
        let code_commitment = code_commitment(order, &code);
        self.say(DeviceBody::Place { level, offer, code_commitment, sealed_address }).await?;
        Ok(order)
    }
}

fn random_code() -> String {
    (0..CODE_CHARACTERS).map(|_| char::from(BASE32[OsRng.gen_range(0..BASE32.len())])).collect()
}
