//! A shop: the adapter, and in one of them people who pack by hand and forget.

use super::{Town, household, people, routine::Dice};
use crate::say::Problem;
use alloy_primitives::B256;
use dure_gateways::{
    key,
    shop::{
        self, Desk, ShopNote,
        config::{By, Offer, Rules, Shop},
        rules::Step,
    },
};
use dure_rules::bounds::HOUR_MS;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// What backs a shop's orders, minor units.
const BOND: u64 = 200_000;
/// From placing, minutes: within it the household may cancel.
const CANCEL_MINUTES: u32 = 60;

/// Trades until the task is dropped.
///
/// # Errors
/// What the node or the folder says at setting up.
pub async fn trade(town: Arc<Town>, index: usize) -> Result<(), Problem> {
    let shop = town.people.shops[index].clone();
    let by_hand = shop.sketch.forgets_percent > 0;
    let folder = town.folder.join(shop.sketch.name.replace(' ', "-"));
    std::fs::create_dir_all(&folder).map_err(Problem::unreachable)?;
    if !folder.join("shop.key").exists() {
        key::write_account(&folder.join("shop.key"), &shop.key).map_err(shop::ShopError::from)?;
    }
    if !folder.join("sealing.key").exists() {
        key::write(&folder.join("sealing.key"), "x25519", shop.sealing.as_slice()).map_err(shop::ShopError::from)?;
    }
    let rules = Rules {
        ship: if by_hand { By::Hand } else { By::Auto },
        pack_minutes: 20,
        carrier: Some(town.people.courier.address()),
        tracking: format!("{}-{{order}}", shop.sketch.gln),
        claim_after_hours: 72,
        ..Rules::default()
    };
    let offer = Offer {
        gtin: household::PACK_GTIN.into(),
        content: household::PACK_ML,
        unit: "mL".into(),
        price: shop.sketch.price,
        tax: 0,
        shipping: 0,
        stock: 40,
        restock_below: 10,
        arbiters: town.people.arbiters.iter().map(|arbiter| arbiter.address()).collect(),
        default_refund_percent: 50,
        cancel_minutes: CANCEL_MINUTES,
        ship_by_hours: 24,
        deliver_by_hours: 120,
        return_days: 14,
        valid_days: 365,
    };
    let config = Shop {
        rpc: town.rpc.clone(),
        key: folder.join("shop.key"),
        sealing_key: folder.join("sealing.key"),
        gln: shop.sketch.gln.into(),
        name: shop.sketch.name.into(),
        credit: dure_rules::credits::CreditId::nth(crate::chain::CREDIT).0,
        payout: None,
        bond: BOND,
        rules,
        offers: vec![offer],
    };
    let desk = Desk::open(config).await?;
    let (accepted, packing) = mpsc::channel(64);
    let told = town.clone();
    let say = move |note: ShopNote| {
        if let Some(order) = note.order.filter(|_| note.what == "accepted") {
            let _ = accepted.try_send(order); // full: the packers have forgotten it already
        }
        told.note(shop.sketch.name, &note.what);
    };
    let people = pack(town.clone(), desk.clone(), shop.sketch, packing);
    tokio::select! {
        ended = shop::run(&desk, std::future::pending(), &say) => Ok(ended?),
        () = people => Ok(()),
    }
}

/// People at the packing table, where the shop packs by hand: they forget some, and pack the others a while later.
async fn pack(town: Arc<Town>, desk: Desk, sketch: people::ShopSketch, mut accepted: mpsc::Receiver<B256>) {
    let mut dice = Dice::new(town.people.seed, 2_000);
    let mut table: Vec<(B256, u64)> = Vec::new();
    loop {
        tokio::select! {
            Some(order) = accepted.recv() => {
                if sketch.forgets_percent == 0 {
                    continue;
                }
                if dice.chance(sketch.forgets_percent) {
                    town.note(sketch.name, "somebody put an order aside and forgot it");
                } else {
                    table.push((order, town.world.now_ms() + dice.between(2 * HOUR_MS, 8 * HOUR_MS)));
                }
            }
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        let now_ms = town.world.now_ms();
        for (order, _) in table.extract_if(.., |(_, at_ms)| now_ms >= *at_ms) {
            if let Err(error) = desk.step(order, Step::Ship).await {
                town.note(sketch.name, &format!("not shipped: {error}"));
            }
        }
    }
}
