//! Shops, their bonds and offers.

use super::*;
use crate::bounds::{AMOUNT_MAX, TEXT_MAX_BYTES};
use crate::credits;

/// Largest price, tax or shipping: the sum of the three stays within [`AMOUNT_MAX`].
const PART_MAX: Amount = AMOUNT_MAX / 4;

pub(super) fn register(d: &mut Draft<'_>, action: RegisterShop) -> Result<Output, Failure> {
    let RegisterShop { gln, name, sealing_key, credit, payout, bond } = action;
    let account = d.env.caller;
    if SHOPS.get(d, &account)?.is_some() {
        return Err(Refusal::AlreadyRegistered.into());
    }
    within(text_fits(&name, TEXT_MAX_BYTES), Field::Name)?;
    within(!crate::is_module(&payout) && payout != Address::ZERO, Field::Credit)?;
    credits::hold(d, credit, account, bond_of(account), bond)?;
    let shop = Shop {
        account,
        gln,
        name: name.clone(),
        sealing_key,
        credit,
        payout,
        next_payout: None,
        bond,
        reserved: 0,
        withdrawal: None,
        offers: 0,
    };
    SHOPS.put(d, &account, &shop);
    d.emit(Event::ShopRegistered { shop: account, gln, name });
    shop.tell_bond(d);
    Ok(Output::None)
}

pub(super) fn update(d: &mut Draft<'_>, action: UpdateShop) -> Result<Output, Failure> {
    let mut shop = own_shop(d)?;
    within(text_fits(&action.name, TEXT_MAX_BYTES), Field::Name)?;
    shop.name.clone_from(&action.name);
    shop.sealing_key = action.sealing_key;
    SHOPS.put(d, &shop.account, &shop);
    d.emit(Event::ShopUpdated { shop: shop.account, name: action.name });
    Ok(Output::None)
}

pub(super) fn set_payout(d: &mut Draft<'_>, action: SetPayout) -> Result<Output, Failure> {
    let mut shop = own_shop(d)?;
    let account = action.payout;
    within(!crate::is_module(&account) && account != Address::ZERO, Field::Credit)?;
    shop.payout = shop.payout_at(d.env.time_ms);
    let from_ms = d.env.time_ms.saturating_add(PAYOUT_DELAY_MS);
    shop.next_payout = Some(NextPayout { account, from_ms });
    SHOPS.put(d, &shop.account, &shop);
    d.emit(Event::PayoutSet { shop: shop.account, payout: account, from_ms });
    Ok(Output::None)
}

pub(super) fn top_up(d: &mut Draft<'_>, action: TopUpBond) -> Result<Output, Failure> {
    let mut shop = own_shop(d)?;
    credits::hold(d, shop.credit, shop.account, bond_of(shop.account), action.amount)?;
    shop.bond = shop.bond.saturating_add(action.amount);
    SHOPS.put(d, &shop.account, &shop);
    shop.tell_bond(d);
    Ok(Output::None)
}

pub(super) fn request_withdrawal(d: &mut Draft<'_>, action: RequestBondWithdrawal) -> Result<Output, Failure> {
    let mut shop = own_shop(d)?;
    if let Some(withdrawal) = shop.withdrawal {
        return Err(Refusal::WithdrawalUnderWay { from_ms: withdrawal.from_ms }.into());
    }
    let (free, want) = (shop.free_bond(), action.amount);
    within(want > 0, Field::Amount)?;
    if free < want {
        return Err(Refusal::BondInsufficient { free, want }.into());
    }
    let from_ms = d.env.time_ms.saturating_add(BOND_DELAY_MS);
    shop.withdrawal = Some(Withdrawal { amount: want, from_ms });
    SHOPS.put(d, &shop.account, &shop);
    shop.tell_bond(d);
    Ok(Output::None)
}

pub(super) fn withdraw(d: &mut Draft<'_>) -> Result<Output, Failure> {
    let mut shop = own_shop(d)?;
    let withdrawal = shop.withdrawal.take().ok_or(Refusal::NothingToWithdraw)?;
    if d.env.time_ms < withdrawal.from_ms {
        return Err(Refusal::TooEarly { from_ms: withdrawal.from_ms }.into());
    }
    let to = shop.payout_at(d.env.time_ms);
    shop.bond = shop.bond.saturating_sub(withdrawal.amount); // free when it was asked for, and set aside since
    SHOPS.put(d, &shop.account, &shop);
    credits::pay(d, shop.credit, bond_of(shop.account), to, withdrawal.amount)?;
    shop.tell_bond(d);
    Ok(Output::None)
}

pub(super) fn publish(d: &mut Draft<'_>, action: PublishOffer) -> Result<Output, Failure> {
    let PublishOffer { terms, stock } = action;
    let mut shop = own_shop(d)?;
    within((1..=LEVEL_MAX).contains(&terms.content), Field::Content)?;
    within(text_fits(&terms.unit, UNIT_MAX_BYTES), Field::Unit)?;
    within([terms.price, terms.tax, terms.shipping].iter().all(|part| *part <= PART_MAX), Field::Amount)?;
    within(terms.cancel_ms <= CANCEL_MAX_MS && terms.cancel_ms < terms.ship_by_ms, Field::Period)?;
    within((SHIP_BY_MIN_MS..=SHIP_BY_MAX_MS).contains(&terms.ship_by_ms), Field::Period)?;
    within((DELIVER_BY_MIN_MS..=DELIVER_BY_MAX_MS).contains(&terms.deliver_by_ms), Field::Period)?;
    within(terms.return_ms <= RETURN_MAX_MS, Field::Period)?;
    within(longest_ms(&terms) <= ORDER_MAX_MS, Field::Sum)?;
    within(!terms.arbiters.is_empty() && list_fits(&terms.arbiters, ARBITERS_MAX), Field::Arbiters)?;
    within(SPLITS_PERCENT.contains(&terms.default_refund_percent), Field::Percent)?;
    within(terms.valid_until_ms > d.env.time_ms && terms.valid_until_ms <= crate::bounds::TIME_MAX_MS, Field::Expiry)?;
    within(stock <= STOCK_MAX, Field::Stock)?;
    shop.offers = shop.offers.saturating_add(1);
    let (version, gtin) = (shop.offers, terms.gtin);
    let id = offer_id(shop.account, version);
    SHOPS.put(d, &shop.account, &shop);
    let stocked = u64::from(stock);
    OFFERS.put(d, &id, &Offer { id, shop: shop.account, version, terms, stock, stocked, taken: 0, withdrawn: false });
    d.emit(Event::OfferPublished { offer: id, shop: shop.account, gtin });
    Ok(Output::Id(id))
}

pub(super) fn add_stock(d: &mut Draft<'_>, action: AddStock) -> Result<Output, Failure> {
    let mut offer = own_offer(d, action.offer)?;
    let stock = offer.stock.saturating_add(action.packs);
    within(stock <= STOCK_MAX, Field::Stock)?;
    offer.stock = stock;
    offer.stocked = offer.stocked.saturating_add(u64::from(action.packs));
    OFFERS.put(d, &offer.id, &offer);
    d.emit(Event::StockAdded { offer: offer.id, stock });
    Ok(Output::None)
}

pub(super) fn withdraw_offer(d: &mut Draft<'_>, action: WithdrawOffer) -> Result<Output, Failure> {
    let mut offer = own_offer(d, action.offer)?;
    offer.withdrawn = true;
    OFFERS.put(d, &offer.id, &offer);
    d.emit(Event::OfferWithdrawn { offer: offer.id });
    Ok(Output::None)
}

/// The longest that an order on these terms takes when everybody uses all their time. The return after a contested
/// delivery and the arbitration exclude each other; a denied return is ruled within what is left of the 45 days.
fn longest_ms(terms: &OfferTerms) -> u64 {
    let contested = ANSWER_MS.saturating_add(ARBITRATION_MS);
    let returned = terms.return_ms.saturating_add(RETURN_ANSWER_MS);
    [APPROVAL_MS, ACCEPT_MS, terms.ship_by_ms, terms.deliver_by_ms, CONTEST_MS, contested.max(returned)]
        .iter()
        .fold(0, |sum, part| sum.saturating_add(*part))
}

fn own_shop(d: &mut Draft<'_>) -> Result<Shop, Failure> {
    let shop = d.env.caller;
    Ok(SHOPS.get(d, &shop)?.ok_or(Refusal::UnknownShop { shop })?)
}

fn own_offer(d: &mut Draft<'_>, offer: OfferId) -> Result<Offer, Failure> {
    let record = OFFERS.get(d, &offer)?.ok_or(Refusal::UnknownOffer { offer })?;
    let (caller, shop) = (d.env.caller, record.shop);
    if caller != shop {
        return Err(Refusal::NotShop { caller, shop }.into());
    }
    Ok(record)
}

impl Shop {
    /// What of the bond backs no order and is not leaving.
    pub fn free_bond(&self) -> Amount {
        let leaving = self.withdrawal.map_or(0, |withdrawal| withdrawal.amount);
        self.bond.saturating_sub(self.reserved).saturating_sub(leaving)
    }

    /// Where money goes at this time.
    pub fn payout_at(&self, now_ms: u64) -> Address {
        self.next_payout.filter(|next| now_ms >= next.from_ms).map_or(self.payout, |next| next.account)
    }

    pub(super) fn tell_bond(&self, d: &mut Draft<'_>) {
        d.emit(Event::BondChanged { shop: self.account, bond: self.bond, reserved: self.reserved });
    }
}
