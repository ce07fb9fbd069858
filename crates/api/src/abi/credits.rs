//! A credit is an ERC-20 token at its own address; the registry makes them.

use super::{Ask, CallError, amount, logged, parse};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, Log, U256};
use alloy_sol_types::{SolCall as _, SolError as _, SolValue as _, sol};
use dure_rules::credits::{self, Action, CreditId, Event, Field, Kind, Permit, REGISTRY, Refusal};
use dure_rules::roles::Role;

sol! {
    /// A credit: EIP-20 with its metadata, and the two ways in which units are made.
    #[sol(abi)]
    #[derive(Debug)]
    interface ICredit {
        event Transfer(address indexed from, address indexed to, uint256 value);
        event Approval(address indexed owner, address indexed spender, uint256 value);
        /// What the Transfer before it was for.
        event TransferWithMemo(address indexed from, address indexed to, uint256 amount, bytes32 indexed memo);
        /// The issuer owes the holder the deposit for these units.
        event Redeemed(address indexed holder, address indexed issuer, uint256 value);

        error UnknownCredit(address credit);
        error TransferToZero();
        error TransferToModule(address module);
        error AmountTooLarge(uint256 amount, uint256 max);
        error NotIssuer(address caller, address issuer);
        error WrongKind();
        error RoleRequired(uint8 role, address caller);
        error AlreadyClaimed(uint64 nextMs);
        error PermitExpired(uint64 deadline);
        error NotSignedBy(address owner);
        error AllowanceInsufficient(uint256 have, uint256 want);
        error Insufficient(uint256 have, uint256 want);
        error HoldInsufficient(uint256 have, uint256 want);
        error HoldOfOtherCredit(address credit);

        function name() external view returns (string memory);
        function symbol() external view returns (string memory);
        function decimals() external view returns (uint8);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function approve(address spender, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
        /// As `transfer`, with the hash or number of what it is for.
        function transferWithMemo(address to, uint256 amount, bytes32 memo) external;
        /// EIP-2612. Signed by the key that the owner's address is made from; version "1".
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function nonces(address owner) external view returns (uint256);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        /// Reserve credits: the issuer makes units for a deposit.
        function issue(address to, uint256 value) external;
        /// Reserve credits: the caller gives units back.
        function redeem(uint256 value) external;
        /// Community credits: the caller claims this period's units.
        function claim() external;
        /// ISO 4217 code that one unit stands for; empty where none.
        function currency() external view returns (string memory);
        /// Reserve credits: who issues; zero for a community credit.
        function issuer() external view returns (address);
        /// Community credits: who may claim how much how often; zeros for a reserve credit.
        function claimRule() external view returns (uint8 role, uint256 value, uint64 periodMs);
    }

    /// Where credits are made.
    #[sol(abi)]
    #[derive(Debug)]
    interface ICredits {
        event Created(address indexed credit, address indexed creator, string name, string symbol);

        /// Which part of a description is outside its bounds: 0 name, 1 symbol, 2 decimals, 3 currency, 4 period, 5 amount.
        error BadDescription(uint8 field);

        /// `currency`: three capital letters of ISO 4217, or zero.
        function createReserve(string calldata name, string calldata symbol, uint8 decimals, bytes3 currency, address issuer)
            external returns (address credit);
        function createCommunity(
            string calldata name, string calldata symbol, uint8 decimals, bytes3 currency,
            uint8 role, uint256 value, uint64 periodMs
        ) external returns (address credit);
        /// How many there are; the n-th, from 1, stands at 0xd00ec0…n.
        function count() external view returns (uint32);
    }
}

pub(super) fn decode(credit: CreditId, data: &[u8]) -> Result<Ask, CallError> {
    use ICredit::{ICreditCalls as C, permitCall};
    Ok(match parse::<C>(data)? {
        C::transfer(c) => act(Action::Transfer { credit, to: c.to, amount: amount(c.value) }),
        C::transferFrom(c) => act(Action::TransferFrom { credit, from: c.from, to: c.to, amount: amount(c.value) }),
        C::approve(c) => act(Action::Approve { credit, spender: c.spender, amount: amount(c.value) }),
        C::transferWithMemo(c) => act(Action::TransferWithMemo { credit, to: c.to, amount: amount(c.amount), memo: c.memo }),
        C::permit(c) => {
            let permitCall { owner, spender, value, deadline: deadline_s, v, r, s } = c;
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(r.as_slice());
            signature[32..].copy_from_slice(s.as_slice());
            act(Action::Permit { credit, permit: Permit { owner, spender, value, deadline_s, v, signature } })
        }
        C::nonces(c) => Ask::View(Box::new(move |d| Ok(U256::from(credits::nonce(d, credit, c.owner)?).abi_encode()))),
        C::DOMAIN_SEPARATOR(_) => Ask::View(Box::new(move |d| {
            let record = credits::CREDIT.get(d, &credit)?.ok_or(Refusal::UnknownCredit { credit: credit.0 })?;
            Ok(credits::domain_separator(d.env.chain_id, &record).abi_encode())
        })),
        C::issue(c) => act(Action::Issue { credit, to: c.to, amount: amount(c.value) }),
        C::redeem(c) => act(Action::Redeem { credit, amount: amount(c.value) }),
        C::claim(_) => act(Action::Claim { credit }),
        C::balanceOf(c) => Ask::View(Box::new(move |d| Ok(U256::from(credits::balance(d, credit, c.account)?).abi_encode()))),
        C::allowance(c) => Ask::View(Box::new(move |d| {
            let allowance = credits::allowance(d, credit, c.owner, c.spender)?;
            Ok(if allowance == credits::UNLIMITED { U256::MAX } else { U256::from(allowance) }.abi_encode())
        })),
        C::name(_) => describe(credit, |record| record.name.abi_encode()),
        C::symbol(_) => describe(credit, |record| record.symbol.abi_encode()),
        C::decimals(_) => describe(credit, |record| U256::from(record.decimals).abi_encode()),
        C::totalSupply(_) => describe(credit, |record| U256::from(record.supply).abi_encode()),
        C::currency(_) => describe(credit, |record| {
            let code = record.currency.unwrap_or_default();
            String::from_utf8_lossy(&code).trim_end_matches('\0').abi_encode()
        }),
        C::issuer(_) => describe(credit, |record| match record.kind {
            Kind::Reserve { issuer } => issuer.abi_encode(),
            Kind::Community { .. } => Address::ZERO.abi_encode(),
        }),
        C::claimRule(_) => describe(credit, |record| match record.kind {
            Kind::Community { role, amount, period_ms } => (U256::from(role as u8), U256::from(amount), period_ms).abi_encode(),
            Kind::Reserve { .. } => (U256::ZERO, U256::ZERO, 0u64).abi_encode(),
        }),
    })
}

pub(super) fn decode_registry(data: &[u8]) -> Result<Ask, CallError> {
    use ICredits::ICreditsCalls as C;
    let currency = |code: FixedBytes<3>| (!code.is_zero()).then_some(code.0);
    Ok(match parse::<C>(data)? {
        C::createReserve(c) => act(Action::Create {
            name: c.name,
            symbol: c.symbol,
            decimals: c.decimals,
            currency: currency(c.currency),
            kind: Kind::Reserve { issuer: c.issuer },
        }),
        C::createCommunity(c) => act(Action::Create {
            name: c.name,
            symbol: c.symbol,
            decimals: c.decimals,
            currency: currency(c.currency),
            kind: Kind::Community {
                role: Role::from_number(c.role).ok_or(CallError::Malformed)?,
                amount: amount(c.value),
                period_ms: c.periodMs,
            },
        }),
        C::count(_) => Ask::View(Box::new(|d| Ok(credits::MADE.get(d, &())?.unwrap_or_default().credits.abi_encode()))),
    })
}

pub(super) fn encode(action: &Action) -> (Address, Bytes) {
    let wide = |amount: u128| {
        if amount == credits::UNLIMITED { U256::MAX } else { U256::from(amount) }
    };
    let code = |code: &Option<[u8; 3]>| FixedBytes(code.unwrap_or_default());
    let (to, data) = match action {
        Action::Create { name, symbol, decimals, currency, kind: Kind::Reserve { issuer } } => {
            let (name, symbol, decimals) = (name.clone(), symbol.clone(), *decimals);
            let call = ICredits::createReserveCall { name, symbol, decimals, currency: code(currency), issuer: *issuer };
            (REGISTRY, call.abi_encode())
        }
        Action::Create { name, symbol, decimals, currency, kind: Kind::Community { role, amount, period_ms } } => {
            let call = ICredits::createCommunityCall {
                name: name.clone(),
                symbol: symbol.clone(),
                decimals: *decimals,
                currency: code(currency),
                role: *role as u8,
                value: wide(*amount),
                periodMs: *period_ms,
            };
            (REGISTRY, call.abi_encode())
        }
        Action::Transfer { credit, to, amount } => {
            (credit.0, ICredit::transferCall { to: *to, value: wide(*amount) }.abi_encode())
        }
        Action::Approve { credit, spender, amount } => {
            (credit.0, ICredit::approveCall { spender: *spender, value: wide(*amount) }.abi_encode())
        }
        Action::TransferFrom { credit, from, to, amount } => {
            (credit.0, ICredit::transferFromCall { from: *from, to: *to, value: wide(*amount) }.abi_encode())
        }
        Action::TransferWithMemo { credit, to, amount, memo } => {
            (credit.0, ICredit::transferWithMemoCall { to: *to, amount: wide(*amount), memo: *memo }.abi_encode())
        }
        Action::Permit { credit, permit } => {
            let Permit { owner, spender, value, deadline_s: deadline, v, signature } = *permit;
            let (r, s) = (B256::from_slice(&signature[..32]), B256::from_slice(&signature[32..]));
            (credit.0, ICredit::permitCall { owner, spender, value, deadline, v, r, s }.abi_encode())
        }
        Action::Issue { credit, to, amount } => (credit.0, ICredit::issueCall { to: *to, value: wide(*amount) }.abi_encode()),
        Action::Redeem { credit, amount } => (credit.0, ICredit::redeemCall { value: wide(*amount) }.abi_encode()),
        Action::Claim { credit } => (credit.0, ICredit::claimCall {}.abi_encode()),
    };
    (to, data.into())
}

pub(super) fn log(event: &Event) -> Log {
    match event.clone() {
        Event::Created { credit, creator, name, symbol } => {
            logged(REGISTRY, &ICredits::Created { credit: credit.0, creator, name, symbol })
        }
        Event::Transferred { credit, from, to, amount } => {
            logged(credit.0, &ICredit::Transfer { from, to, value: U256::from(amount) })
        }
        Event::Memoed { credit, from, to, amount, memo } => {
            logged(credit.0, &ICredit::TransferWithMemo { from, to, amount: U256::from(amount), memo })
        }
        Event::Approved { credit, owner, spender, amount } => {
            let value = if amount == credits::UNLIMITED { U256::MAX } else { U256::from(amount) };
            logged(credit.0, &ICredit::Approval { owner, spender, value })
        }
        Event::Redeemed { credit, holder, issuer, amount } => {
            logged(credit.0, &ICredit::Redeemed { holder, issuer, value: U256::from(amount) })
        }
    }
}

pub(super) fn error(refusal: &Refusal) -> Vec<u8> {
    let wide = U256::from::<u128>;
    match *refusal {
        Refusal::UnknownCredit { credit } => ICredit::UnknownCredit { credit }.abi_encode(),
        Refusal::BadDescription { field } => ICredits::BadDescription { field: number(field) }.abi_encode(),
        Refusal::TransferToZero => ICredit::TransferToZero {}.abi_encode(),
        Refusal::TransferToModule { module } => ICredit::TransferToModule { module }.abi_encode(),
        Refusal::AmountTooLarge { amount, max } => ICredit::AmountTooLarge { amount: wide(amount), max: wide(max) }.abi_encode(),
        Refusal::NotIssuer { caller, issuer } => ICredit::NotIssuer { caller, issuer }.abi_encode(),
        Refusal::WrongKind => ICredit::WrongKind {}.abi_encode(),
        Refusal::RoleRequired { role, caller } => ICredit::RoleRequired { role: role as u8, caller }.abi_encode(),
        Refusal::AlreadyClaimed { next_ms } => ICredit::AlreadyClaimed { nextMs: next_ms }.abi_encode(),
        Refusal::PermitExpired { deadline_s } => ICredit::PermitExpired { deadline: deadline_s }.abi_encode(),
        Refusal::NotSignedBy { owner } => ICredit::NotSignedBy { owner }.abi_encode(),
        Refusal::AllowanceInsufficient { have, want } => {
            ICredit::AllowanceInsufficient { have: wide(have), want: wide(want) }.abi_encode()
        }
        Refusal::Insufficient { have, want } => ICredit::Insufficient { have: wide(have), want: wide(want) }.abi_encode(),
        Refusal::HoldInsufficient { have, want } => ICredit::HoldInsufficient { have: wide(have), want: wide(want) }.abi_encode(),
        Refusal::HoldOfOtherCredit { credit } => ICredit::HoldOfOtherCredit { credit }.abi_encode(),
    }
}

fn number(field: Field) -> u8 {
    field as u8
}

fn act(action: Action) -> Ask {
    Ask::Action(action.into())
}

/// A question about the credit's own record.
fn describe(credit: CreditId, answer: fn(credits::Credit) -> Vec<u8>) -> Ask {
    Ask::View(Box::new(move |d| {
        let record = credits::CREDIT.get(d, &credit)?.ok_or(Refusal::UnknownCredit { credit: credit.0 })?;
        Ok(answer(record))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::{SolStruct as _, eip712_domain};

    mod eip2612 {
        alloy_sol_types::sol! {
            struct Permit { address owner; address spender; uint256 value; uint256 nonce; uint256 deadline; }
        }
    }

    #[test]
    fn what_a_wallet_signs_is_what_the_rules_check() {
        let id = CreditId::nth(1);
        let kind = Kind::Reserve { issuer: Address::ZERO };
        let (name, symbol) = ("Town".to_string(), "TWN".to_string());
        let credit = credits::Credit { id, name, symbol, decimals: 2, currency: None, kind, supply: 0 };
        let domain = eip712_domain! { name: "Town", version: "1", chain_id: 20_260, verifying_contract: id.0, };
        assert_eq!(credits::domain_separator(20_260, &credit), domain.separator());
        let (owner, spender) = (Address::repeat_byte(2), Address::repeat_byte(3));
        for value in [U256::ZERO, U256::from(70), U256::MAX] {
            let deadline = value;
            let permit = Permit { owner, spender, value, deadline_s: deadline, v: 27, signature: [0; 64] };
            let expected = eip2612::Permit { owner, spender, value, nonce: U256::from(3), deadline };
            assert_eq!(credits::permit_prehash(20_260, &credit, &permit, 3), expected.eip712_signing_hash(&domain));
        }
    }
}
