//! The EVM, set up for this chain: one transaction at a time, whichever type it has.

use crate::batch::run;
use crate::ledger::{Acting, Db, Miss};
use crate::modules::{Law, Place, precompiles};
use crate::{BlockEnv, Envelope, PREVRANDAO, Transaction};
use alloy_consensus::{TxEip7702, TxEnvelope, TxType};
use alloy_evm::precompiles::PrecompilesMap;
use alloy_evm::{EvmEnv, FromRecoveredTx as _, eth::EthEvmBuilder, eth::EthEvmContext};
use alloy_primitives::{Address, U256};
use dure_api::batch::{Batch, SignedBatch};
use revm::context::result::{EVMError, ResultAndState};
use revm::context::{CfgEnv, TxEnv};
use revm::context_interface::either::Either;
use revm::handler::{EthFrame, Handler as _, MainnetHandler, instructions::EthInstructions};
use revm::inspector::{InspectEvm as _, Inspector, NoOpInspector};
use revm::interpreter::interpreter::EthInterpreter;
use revm::{ExecuteEvm as _, context_interface::ContextSetters as _, primitives::hardfork::SpecId};

/// The EVM over a ledger.
pub(crate) type Machine<'r, I = NoOpInspector> = revm::context::Evm<
    EthEvmContext<Db<'r>>,
    I,
    EthInstructions<EthInterpreter, EthEvmContext<Db<'r>>>,
    PrecompilesMap,
    EthFrame,
>;

/// Something for the EVM to run.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Single(Box<TxEnv>),
    Batch { tx: Box<TxEnv>, run: Box<run::Run> },
}

impl Work {
    /// The transaction as the EVM sees it; `nonce` is the account's own, `acting` the access key that [`crate::signers`] has
    /// admitted. A price or tip that a wallet offers is tolerated and
    /// never charged: the EVM is told 0, so GASPRICE answers 0 and the balance has to cover the value alone.
    pub fn of(transaction: &Transaction, nonce: u64, acting: Option<Acting>) -> Self {
        match transaction.envelope() {
            Envelope::Ethereum(envelope) => {
                let mut tx = match envelope {
                    TxEnvelope::Eip7702(signed) => {
                        // Without its list, which would be recovered once more.
                        let bare = TxEip7702 { authorization_list: Vec::new(), ..signed.tx().clone() };
                        TxEnv::from_recovered_tx(&bare, transaction.signer())
                    }
                    other => TxEnv::from_recovered_tx(other, transaction.signer()),
                };
                tx.authorization_list = transaction.authorizations().iter().cloned().map(Either::Right).collect();
                tx.gas_price = 0;
                tx.gas_priority_fee = tx.gas_priority_fee.map(|_| 0);
                Self::Single(Box::new(tx))
            }
            Envelope::Batch(signed) => {
                let SignedBatch { batch, signature, .. } = &**signed;
                let tx = batch_tx(batch, transaction.signer(), nonce);
                let terms = run::Terms::of(batch, &signature.key);
                let run = run::Run { calls: batch.calls.clone(), terms, acting, grant: transaction.grant().cloned() };
                Self::Batch { tx: Box::new(tx), run: Box::new(run) }
            }
        }
    }

    pub fn tx_mut(&mut self) -> &mut TxEnv {
        match self {
            Self::Single(tx) | Self::Batch { tx, .. } => tx,
        }
    }

    pub fn gas_limit(&self) -> u64 {
        match self {
            Self::Single(tx) | Self::Batch { tx, .. } => tx.gas_limit,
        }
    }
}

fn batch_tx(batch: &Batch, caller: Address, nonce: u64) -> TxEnv {
    TxEnv {
        tx_type: TxType::Eip1559 as u8, // the EVM knows no batch: it sees its calls, one after the other
        caller,
        gas_limit: batch.gas_limit,
        gas_price: 0,
        gas_priority_fee: Some(0),
        nonce,
        chain_id: Some(batch.chain_id),
        access_list: batch.access_list.clone(),
        ..Default::default()
    }
}

/// An EVM at the rules of `env` with the modules of `law`.
pub(crate) fn machine<'r, I>(law: Law, place: Place, env: EvmEnv, db: &Db<'r>, inspector: I) -> Machine<'r, I>
where
    I: Inspector<EthEvmContext<Db<'r>>>,
{
    let builder = EthEvmBuilder::new(db.clone(), env).precompiles(precompiles(law, place, db));
    builder.inspector(inspector).build().into_inner()
}

/// Runs without an inspector. Nothing is left in the EVM where it fails.
pub(crate) fn transact(evm: &mut Machine<'_>, work: Work) -> Result<ResultAndState, EVMError<Miss>> {
    match work {
        Work::Single(tx) => evm.transact(*tx),
        Work::Batch { tx, run } => run::transact(evm, *tx, &run),
    }
}

/// Looks whether the EVM would take it, whatever the state: its gas limit is within EIP-7825's cap and covers what its bytes cost, its initcode is not
/// too long. Nothing runs.
pub(crate) fn validate(evm: &mut Machine<'_>, work: Work) -> Result<(), EVMError<Miss>> {
    match work {
        Work::Single(tx) => {
            evm.ctx.set_tx(*tx);
            let mainnet = MainnetHandler::<Machine<'_>, EVMError<Miss>, EthFrame>::default();
            mainnet.validate_env(evm).and_then(|()| mainnet.validate_initial_tx_gas(evm))
        }
        Work::Batch { tx, run } => run::validate(evm, *tx, &run),
    }
    .map(|_| ())
}

/// Runs before the eyes of the inspector.
pub(crate) fn inspect<'r, I>(evm: &mut Machine<'r, I>, work: Work) -> Result<ResultAndState, EVMError<Miss>>
where
    I: Inspector<EthEvmContext<Db<'r>>>,
{
    match work {
        Work::Single(tx) => evm.inspect_tx(*tx),
        Work::Batch { tx, run } => run::inspect(evm, *tx, &run),
    }
}

/// Osaka, with nothing charged: the base fee is 0 and so is every price (see [`Work::of`]).
pub(crate) fn evm_env(env: &BlockEnv) -> EvmEnv {
    let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA);
    cfg.chain_id = env.chain_id;
    let block = revm::context::BlockEnv {
        number: U256::from(env.number),
        beneficiary: Address::ZERO,
        timestamp: U256::from(env.time_ms / 1_000),
        gas_limit: env.gas_limit,
        basefee: 0,
        difficulty: U256::ZERO,
        prevrandao: Some(PREVRANDAO),
        ..Default::default()
    };
    EvmEnv::new(cfg, block)
}
