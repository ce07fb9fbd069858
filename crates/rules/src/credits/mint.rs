//! Making a credit, and making and unmaking its units.

use super::ledger::{check_amount, count_against_key, set_balance};
use super::{
    CLAIMED, CREDIT, Claimed, Credit, CreditId, DECIMALS_MAX, Event, Field, Kind, MADE, NAME_MAX_BYTES, PERIOD_MAX_MS,
    PERIOD_MIN_MS, Refusal, SYMBOL_MAX_BYTES, balance, known,
};
use crate::bounds::AMOUNT_MAX;
use crate::{Address, Amount, Draft, Failure, roles};

/// Makes a credit. Whoever makes it has no power over it that its kind does not name.
///
/// # Errors
/// `BadDescription`.
pub fn create(
    d: &mut Draft<'_>,
    name: String,
    symbol: String,
    decimals: u8,
    currency: Option<[u8; 3]>,
    kind: Kind,
) -> Result<CreditId, Failure> {
    let bad = |field| Err(Refusal::BadDescription { field }.into());
    let fits =
        |text: &str, max: u32| !text.is_empty() && text.len() as u64 <= u64::from(max) && !text.chars().any(char::is_control);
    if !fits(&name, NAME_MAX_BYTES) {
        return bad(Field::Name);
    }
    if !fits(&symbol, SYMBOL_MAX_BYTES) {
        return bad(Field::Symbol);
    }
    if decimals > DECIMALS_MAX {
        return bad(Field::Decimals);
    }
    if currency.is_some_and(|code| !code.iter().all(u8::is_ascii_uppercase)) {
        return bad(Field::Currency);
    }
    if let Kind::Community { amount, period_ms, .. } = kind {
        if !(PERIOD_MIN_MS..=PERIOD_MAX_MS).contains(&period_ms) {
            return bad(Field::Period);
        }
        if amount == 0 || amount > AMOUNT_MAX {
            return bad(Field::Amount);
        }
    }
    let mut made = MADE.get(d, &())?.unwrap_or_default();
    made.credits = made.credits.saturating_add(1);
    let id = CreditId::nth(made.credits);
    MADE.put(d, &(), &made);
    CREDIT.put(d, &id, &Credit { id, name: name.clone(), symbol: symbol.clone(), decimals, currency, kind, supply: 0 });
    let creator = d.env.caller;
    d.emit(Event::Created { credit: id, creator, name, symbol });
    Ok(id)
}

/// The issuer makes units of a reserve credit for a deposit. They are the issuer's debt, so they count as spent by its key.
///
/// # Errors
/// `UnknownCredit`, `TransferToZero`, `WrongKind`, `NotIssuer`, what the caller's key is refused, `AmountTooLarge` (the supply
/// included).
pub fn issue(d: &mut Draft<'_>, credit: CreditId, to: Address, amount: Amount) -> Result<(), Failure> {
    let record = known(d, credit)?;
    if to == Address::ZERO {
        return Err(Refusal::TransferToZero.into());
    }
    let Kind::Reserve { issuer } = record.kind else { return Err(Refusal::WrongKind.into()) };
    let caller = d.env.caller;
    if caller != issuer {
        return Err(Refusal::NotIssuer { caller, issuer }.into());
    }
    count_against_key(d, credit, issuer, amount)?;
    mint(d, record, to, amount)
}

/// A holder gives units of a reserve credit back. The issuer owes the deposit, outside the chain.
///
/// # Errors
/// `UnknownCredit`, `WrongKind`, `AmountTooLarge`, `Insufficient`, what the caller's key is refused.
pub fn redeem(d: &mut Draft<'_>, credit: CreditId, amount: Amount) -> Result<(), Failure> {
    let mut record = known(d, credit)?;
    let Kind::Reserve { issuer } = record.kind else { return Err(Refusal::WrongKind.into()) };
    check_amount(amount)?;
    let holder = d.env.caller;
    let have = balance(d, credit, holder)?;
    let left = have.checked_sub(amount).ok_or(Refusal::Insufficient { have, want: amount })?;
    count_against_key(d, credit, holder, amount)?;
    set_balance(d, credit, holder, left);
    record.supply = record.supply.saturating_sub(amount); // a balance is a part of the supply
    CREDIT.put(d, &credit, &record);
    d.emit(Event::Transferred { credit, from: holder, to: Address::ZERO, amount });
    d.emit(Event::Redeemed { credit, holder, issuer, amount });
    Ok(())
}

/// A member claims this period's units of a community credit.
///
/// # Errors
/// `UnknownCredit`, `WrongKind`, `RoleRequired`, `AlreadyClaimed`, `AmountTooLarge` (the supply would be).
pub fn claim(d: &mut Draft<'_>, credit: CreditId) -> Result<(), Failure> {
    let record = known(d, credit)?;
    let Kind::Community { role, amount, period_ms } = record.kind else { return Err(Refusal::WrongKind.into()) };
    let (member, now) = (d.env.caller, d.env.time_ms);
    if !roles::has(d, role, member, now)? {
        return Err(Refusal::RoleRequired { role, caller: member }.into());
    }
    let period = now.checked_div(period_ms).unwrap_or_default();
    let last = CLAIMED.get(d, &(credit, member))?;
    if last.is_some_and(|claimed| claimed.period >= period) {
        return Err(Refusal::AlreadyClaimed { next_ms: period.saturating_add(1).saturating_mul(period_ms) }.into());
    }
    CLAIMED.put(d, &(credit, member), &Claimed { credit, member, period });
    mint(d, record, member, amount)
}

fn mint(d: &mut Draft<'_>, mut record: Credit, to: Address, amount: Amount) -> Result<(), Failure> {
    check_amount(amount)?;
    let supply = record.supply.saturating_add(amount);
    check_amount(supply)?;
    let credit = record.id;
    record.supply = supply;
    CREDIT.put(d, &credit, &record);
    let had = balance(d, credit, to)?;
    set_balance(d, credit, to, had.saturating_add(amount));
    d.emit(Event::Transferred { credit, from: Address::ZERO, to, amount });
    Ok(())
}
