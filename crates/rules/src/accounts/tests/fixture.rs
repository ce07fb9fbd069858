//! An account with an admin key, a limited key and guardians.

use crate::accounts::*;
use crate::bounds::DAY_MS;
use crate::credits::{self, CreditId, Kind};
use crate::testing::NoKeys;
use crate::{Address, Amount, B256, Draft, Env, Event, Failure, Memory, Output, audit, law, run_due};

pub const OWNER: Address = Address::repeat_byte(0x11);
pub const ADMIN: Address = Address::repeat_byte(0xa1);
pub const LIMITED: Address = Address::repeat_byte(0xa2);
pub const NEW: Address = Address::repeat_byte(0xa3);
pub const OTHER: Address = Address::repeat_byte(0xa4);
pub const STRANGER: Address = Address::repeat_byte(0x55);
/// A contract that the limited key may call.
pub const CONTRACT: Address = Address::repeat_byte(0x77);
pub const GUARDIANS: [Address; 4] =
    [Address::repeat_byte(0x21), Address::repeat_byte(0x22), Address::repeat_byte(0x23), Address::repeat_byte(0x24)];
pub const THRESHOLD: u8 = 2;
pub const SALT: B256 = B256::repeat_byte(9);
pub const MONEY: CreditId = CreditId(crate::ids::address!("d00ec00000000000000000000000000000000001"));
pub const OTHER_MONEY: CreditId = CreditId(crate::ids::address!("d00ec00000000000000000000000000000000002"));
pub const START_MS: u64 = 1_800_000_000_000;
pub const DAILY: Amount = 100;
pub const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// A hundred a day in one credit, by `transfer`, and all of one contract.
pub fn limited() -> KeyTerms {
    KeyTerms {
        kind: KeyKind::P256,
        admin: false,
        expires_ms: START_MS + 30 * DAY_MS,
        limits: vec![Limit { credit: MONEY, amount: DAILY, period_ms: DAY_MS }],
        scopes: vec![Scope { target: MONEY.0, selectors: vec![TRANSFER] }, Scope { target: CONTRACT, selectors: Vec::new() }],
    }
}

pub fn admin() -> KeyTerms {
    KeyTerms { kind: KeyKind::WebAuthn, admin: true, expires_ms: 0, limits: Vec::new(), scopes: Vec::new() }
}

pub fn commitment() -> B256 {
    guardians_commitment(OWNER, SALT, &GUARDIANS)
}

pub fn authorize(key: Address, terms: KeyTerms) -> Action {
    Action::AuthorizeKey { key, terms }
}

pub fn name_key(key: Address) -> Action {
    Action::NameKey { account: OWNER, key, kind: KeyKind::P256, salt: SALT, guardians: GUARDIANS.to_vec() }
}

#[derive(Clone)]
pub struct Town {
    pub memory: Memory,
    pub now_ms: u64,
    height: u64,
    /// What happened in the last action or block.
    pub events: Vec<Event>,
}

impl Town {
    /// Two credits, of which the owner has 10,000 each; nobody has a key beside the first.
    pub fn empty() -> Self {
        let mut town = Self { memory: Memory::default(), now_ms: START_MS, height: 1, events: Vec::new() };
        for credit in [MONEY, OTHER_MONEY] {
            town.draft(STRANGER, None, |d| {
                let kind = Kind::Reserve { issuer: STRANGER };
                assert_eq!(credits::create(d, "Town".into(), "TWN".into(), 0, None, kind)?, credit);
                credits::issue(d, credit, OWNER, 10_000)?;
                credits::issue(d, credit, STRANGER, 10_000)
            })
            .expect("made");
        }
        town.block(1_000);
        town
    }

    pub fn new() -> Self {
        let mut town = Self::empty();
        town.act(OWNER, None, authorize(ADMIN, admin())).expect("admin");
        town.act(OWNER, None, authorize(LIMITED, limited())).expect("limited");
        let guardians = Action::SetGuardians { commitment: commitment(), threshold: THRESHOLD, count: 4 };
        town.act(OWNER, None, guardians).expect("guardians");
        town
    }

    /// Runs one transition and audits the books. Where it fails nothing is kept.
    pub fn draft<T>(
        &mut self,
        caller: Address,
        key: Option<Address>,
        run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller, key };
        let mut draft = Draft::new(&mut self.memory, &NoKeys, env);
        let output = run(&mut draft)?;
        let effects = draft.into_effects();
        self.memory.commit(&effects);
        self.events = effects.events;
        assert_eq!(audit(&self.memory), Ok(Vec::new()));
        Ok(output)
    }

    pub fn act(&mut self, caller: Address, key: Option<Address>, action: impl Into<crate::Action>) -> Result<Output, Failure> {
        let action = action.into();
        self.draft(caller, key, |d| law::apply(d, action))
    }

    /// A block this much later: what is due runs.
    pub fn block(&mut self, later_ms: u64) {
        self.now_ms += later_ms;
        self.height += 1;
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller: crate::ids::SYSTEM, key: None };
        let effects = run_due(&mut self.memory, &NoKeys, env, B256::ZERO).expect("runs");
        self.memory.commit(&effects);
        self.events = effects.events;
        assert_eq!(audit(&self.memory), Ok(Vec::new()));
    }

    pub fn admit(&mut self, key: Address, kind: KeyKind, calls: &[Call<'_>]) -> Result<(), Failure> {
        admit(&mut self.memory, self.now_ms, OWNER, key, kind, calls.iter().copied()).map(|_| ())
    }

    pub fn stage(&mut self) -> Stage {
        let record = guardianship(&mut self.memory, OWNER, self.now_ms).expect("read").expect("guardians");
        record.stage(self.now_ms)
    }

    /// Guardians from this number to before that one name a key.
    pub fn named_by(&mut self, who: std::ops::Range<usize>, key: Address) {
        for guardian in &GUARDIANS[who] {
            self.act(*guardian, None, name_key(key)).expect("named");
        }
    }

    /// A recovery at this stage. Gathering: one guardian fewer than needed names the new key, as after a veto.
    pub fn at(stage: Stage) -> Self {
        let mut town = Self::new();
        match stage {
            Stage::Gathering => town.named_by(0..1, NEW),
            Stage::Waiting => town.named_by(0..2, NEW),
            Stage::Vetoed | Stage::WaitingAgain => {
                town.named_by(0..2, NEW);
                town.act(OWNER, None, Action::VetoRecovery).expect("vetoed");
                town.named_by(0..if stage == Stage::Vetoed { 2 } else { 3 }, NEW);
            }
        }
        assert_eq!(town.stage(), stage);
        town
    }
}

pub fn refused<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(refusal.into())
}
