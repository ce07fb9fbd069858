//! Moving what exists: balances, allowances, holds.

use super::{ALLOWANCE, Allowance, BALANCE, Balance, CreditId, Event, HOLD, Hold, HoldId, Refusal, UNLIMITED, known};
use crate::bounds::AMOUNT_MAX;
use crate::{Address, Amount, B256, Draft, Failure, Source, Stop, accounts};

/// What `who` has. Zero where nothing was ever had, or where there is no such credit.
///
/// # Errors
/// What the source says.
pub fn balance(s: &mut (impl Source + ?Sized), credit: CreditId, who: Address) -> Result<Amount, Stop> {
    Ok(BALANCE.get(s, &(credit, who))?.map_or(0, |balance| balance.amount))
}

/// What `spender` may take from `owner`; [`UNLIMITED`] for everything.
///
/// # Errors
/// What the source says.
pub fn allowance(s: &mut (impl Source + ?Sized), credit: CreditId, owner: Address, spender: Address) -> Result<Amount, Stop> {
    Ok(ALLOWANCE.get(s, &(credit, owner, spender))?.map_or(0, |allowance| allowance.amount))
}

/// What lies in a hold.
///
/// # Errors
/// What the source says.
pub fn held(s: &mut (impl Source + ?Sized), hold: HoldId) -> Result<Amount, Stop> {
    Ok(HOLD.get(s, &hold)?.map_or(0, |hold| hold.amount))
}

/// Moves `amount` from one account to another.
///
/// # Errors
/// `TransferToZero`, `AmountTooLarge`, `UnknownCredit`, `Insufficient`.
pub fn transfer(d: &mut Draft<'_>, credit: CreditId, from: Address, to: Address, amount: Amount) -> Result<(), Failure> {
    if to == Address::ZERO {
        return Err(Refusal::TransferToZero.into());
    }
    if crate::is_module(&to) {
        // Money sent to an institution's address by hand would lie in no hold, and nobody could get it out.
        return Err(Refusal::TransferToModule { module: to }.into());
    }
    move_between(d, credit, from, to, amount)
}

/// [`transfer`], and says what it is for.
///
/// # Errors
/// As [`transfer`].
pub fn transfer_with_memo(
    d: &mut Draft<'_>,
    credit: CreditId,
    from: Address,
    to: Address,
    amount: Amount,
    memo: B256,
) -> Result<(), Failure> {
    transfer(d, credit, from, to, amount)?;
    d.emit(Event::Memoed { credit, from, to, amount, memo });
    Ok(())
}

/// Lets `spender` take up to `amount`; more than [`AMOUNT_MAX`] is everything. What is more than before counts as spent by the
/// caller's key, because the spender may take it at any time; what is less is not given back.
///
/// # Errors
/// `UnknownCredit`, and what the caller's key is refused.
pub fn approve(d: &mut Draft<'_>, credit: CreditId, owner: Address, spender: Address, amount: Amount) -> Result<(), Failure> {
    known(d, credit)?;
    let amount = if amount > AMOUNT_MAX { UNLIMITED } else { amount };
    let before = allowance(d, credit, owner, spender)?;
    count_against_key(d, credit, owner, amount.saturating_sub(before))?;
    set_allowance(d, credit, owner, spender, amount);
    d.emit(Event::Approved { credit, owner, spender, amount });
    Ok(())
}

/// `spender` moves `amount` of `from`'s, as `from` allowed. Others' money counts against the spender's key too, but for what
/// comes to the spender itself: that leaves nobody's hands but those who allowed it.
///
/// # Errors
/// `AllowanceInsufficient`, then as [`transfer`].
pub fn transfer_from(
    d: &mut Draft<'_>,
    credit: CreditId,
    spender: Address,
    from: Address,
    to: Address,
    amount: Amount,
) -> Result<(), Failure> {
    let have = allowance(d, credit, from, spender)?;
    if have != UNLIMITED {
        let left = have.checked_sub(amount).ok_or(Refusal::AllowanceInsufficient { have, want: amount })?;
        set_allowance(d, credit, from, spender, left);
    }
    if from != spender && to != spender {
        count_against_key(d, credit, spender, amount)?;
    }
    transfer(d, credit, from, to, amount)
}

/// Moves money of `from` into a hold of an institution. An institution's hold is in one credit for as long as it lives.
///
/// # Errors
/// `AmountTooLarge`, `UnknownCredit`, `Insufficient`.
pub fn hold(d: &mut Draft<'_>, credit: CreditId, from: Address, hold: HoldId, amount: Amount) -> Result<(), Failure> {
    move_between(d, credit, from, hold.module, amount)?;
    add_to_hold(d, credit, hold, amount)
}

/// Pays money out of a hold.
///
/// # Errors
/// `HoldInsufficient`, then as [`transfer`].
pub fn pay(d: &mut Draft<'_>, credit: CreditId, hold: HoldId, to: Address, amount: Amount) -> Result<(), Failure> {
    take_from_hold(d, credit, hold, amount)?;
    move_between(d, credit, hold.module, to, amount)
}

/// Moves money from one hold to another of the same institution.
///
/// # Errors
/// `HoldInsufficient`.
pub fn move_hold(d: &mut Draft<'_>, credit: CreditId, from: HoldId, to: HoldId, amount: Amount) -> Result<(), Failure> {
    take_from_hold(d, credit, from, amount)?;
    if from.module != to.module {
        move_between(d, credit, from.module, to.module, amount)?;
    }
    add_to_hold(d, credit, to, amount)
}

fn move_between(d: &mut Draft<'_>, credit: CreditId, from: Address, to: Address, amount: Amount) -> Result<(), Failure> {
    check_amount(amount)?;
    let have = BALANCE.get(d, &(credit, from))?;
    if have.is_none() {
        // A balance can only be of a credit that exists; without one, ask.
        known(d, credit)?;
    }
    let have = have.map_or(0, |balance| balance.amount);
    let left = have.checked_sub(amount).ok_or(Refusal::Insufficient { have, want: amount })?;
    count_against_key(d, credit, from, amount)?;
    set_balance(d, credit, from, left);
    let had = balance(d, credit, to)?;
    set_balance(d, credit, to, had.saturating_add(amount)); // both parts of a supply that AMOUNT_MAX bounds
    d.emit(Event::Transferred { credit, from, to, amount });
    Ok(())
}

/// What leaves `whose` hands counts against the access key, where it is the caller that acts by one.
pub(super) fn count_against_key(d: &mut Draft<'_>, credit: CreditId, whose: Address, amount: Amount) -> Result<(), Failure> {
    if whose == d.env.caller { accounts::spend(d, credit, amount) } else { Ok(()) }
}

pub(super) fn check_amount(amount: Amount) -> Result<(), Failure> {
    if amount > AMOUNT_MAX { Err(Refusal::AmountTooLarge { amount, max: AMOUNT_MAX }.into()) } else { Ok(()) }
}

/// A record stays when it reaches zero: it costs less than to remove it and make it again.
pub(super) fn set_balance(d: &mut Draft<'_>, credit: CreditId, owner: Address, amount: Amount) {
    BALANCE.put(d, &(credit, owner), &Balance { credit, owner, amount });
}

fn set_allowance(d: &mut Draft<'_>, credit: CreditId, owner: Address, spender: Address, amount: Amount) {
    let id = (credit, owner, spender);
    if amount == 0 {
        ALLOWANCE.remove(d, &id);
    } else {
        ALLOWANCE.put(d, &id, &Allowance { credit, owner, spender, amount });
    }
}

fn add_to_hold(d: &mut Draft<'_>, credit: CreditId, id: HoldId, amount: Amount) -> Result<(), Failure> {
    let before = HOLD.get(d, &id)?;
    if let Some(other) = before.as_ref().filter(|hold| hold.credit != credit) {
        return Err(Refusal::HoldOfOtherCredit { credit: other.credit.0 }.into());
    }
    let before = before.map_or(0, |hold| hold.amount);
    if before.saturating_add(amount) > 0 {
        HOLD.put(d, &id, &Hold { id, credit, amount: before.saturating_add(amount) });
    }
    Ok(())
}

fn take_from_hold(d: &mut Draft<'_>, credit: CreditId, id: HoldId, amount: Amount) -> Result<(), Failure> {
    let have = HOLD.get(d, &id)?.filter(|hold| hold.credit == credit).map_or(0, |hold| hold.amount);
    let left = have.checked_sub(amount).ok_or(Refusal::HoldInsufficient { have, want: amount })?;
    if left == 0 {
        HOLD.remove(d, &id);
    } else {
        HOLD.put(d, &id, &Hold { id, credit, amount: left });
    }
    Ok(())
}
