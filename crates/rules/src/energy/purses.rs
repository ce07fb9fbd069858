//! Purses: money that waits in a market, counted in nano-units.

use super::*;
use crate::credits;

/// All money of a market.
pub fn till(market: MarketId) -> HoldId {
    HoldId { module: MODULE, kind: 1, id: market }
}

/// What `account` has in the market; nothing where it never had anything.
///
/// # Errors
/// What the source says.
pub fn purse(s: &mut (impl Source + ?Sized), market: MarketId, account: Address) -> Result<Purse, Stop> {
    Ok(PURSES.get(s, &(market, account))?.unwrap_or(Purse { market, account, nano: 0, held_nano: 0 }))
}

pub(super) fn deposit(d: &mut Draft<'_>, action: Deposit) -> Result<Output, Failure> {
    let Deposit { market, amount } = action;
    let account = d.env.caller;
    let record = known_market(d, market)?;
    within(amount > 0, Field::Amount)?;
    credits::hold(d, record.credit, account, till(market), amount)?;
    pay(d, market, account, nano(&record, amount))?;
    d.emit(Event::Deposited { market, account, amount });
    Ok(Output::None)
}

pub(super) fn withdraw(d: &mut Draft<'_>, action: Withdraw) -> Result<Output, Failure> {
    let Withdraw { market, amount } = action;
    let account = d.env.caller;
    let record = known_market(d, market)?;
    within(amount > 0, Field::Amount)?;
    let want = nano(&record, amount);
    let purse = purse(d, market, account)?;
    require_free(&purse, want.unsigned_abs())?;
    pay(d, market, account, want.saturating_neg())?;
    credits::pay(d, record.credit, till(market), account, amount)?;
    d.emit(Event::Withdrawn { market, account, amount });
    Ok(Output::None)
}

/// Gives (or, below 0, takes) so many nano-units. Sums stay far from the ends of i128: amounts are below 2⁹⁰ minor units.
pub(super) fn pay(d: &mut Draft<'_>, market: MarketId, account: Address, nano: i128) -> Result<(), Stop> {
    if nano == 0 {
        return Ok(());
    }
    let mut purse = purse(d, market, account)?;
    purse.nano = purse.nano.saturating_add(nano);
    PURSES.put(d, &(market, account), &purse);
    Ok(())
}

/// Moves so many nano-units from a purse to the pot.
pub(super) fn forfeit(d: &mut Draft<'_>, market: MarketId, account: Address, nano: u128) -> Result<(), Stop> {
    let nano = i128::try_from(nano).unwrap_or(i128::MAX);
    pay(d, market, account, nano.saturating_neg())?;
    pay(d, market, MODULE, nano)
}

/// Sets `nano` aside.
pub(super) fn set_aside(d: &mut Draft<'_>, market: MarketId, account: Address, nano: u128) -> Result<(), Failure> {
    let mut purse = purse(d, market, account)?;
    require_free(&purse, nano)?;
    purse.held_nano = purse.held_nano.saturating_add(nano);
    PURSES.put(d, &(market, account), &purse);
    Ok(())
}

/// What was set aside changes from `before` to `after`, whatever the purse has.
pub(super) fn reset_aside(d: &mut Draft<'_>, market: MarketId, account: Address, before: u128, after: u128) -> Result<(), Stop> {
    if before == after {
        return Ok(());
    }
    let mut purse = purse(d, market, account)?;
    purse.held_nano = purse.held_nano.saturating_sub(before).saturating_add(after);
    PURSES.put(d, &(market, account), &purse);
    Ok(())
}

fn require_free(purse: &Purse, want_nano: u128) -> Result<(), Failure> {
    let have_nano = purse.free_nano();
    if have_nano < 0 || have_nano.unsigned_abs() < want_nano {
        return Err(Refusal::PurseInsufficient { have_nano, want_nano }.into());
    }
    Ok(())
}

/// Minor units in nano-units.
fn nano(market: &Market, amount: Amount) -> i128 {
    i128::try_from(amount.saturating_mul(u128::from(market.nano_per_minor))).unwrap_or(i128::MAX)
}
