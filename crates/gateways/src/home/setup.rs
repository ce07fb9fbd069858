//! Making a device known: key, slot and mandate on the chain. What exists and fits is left as it is, so it can be run again.

use super::HomeError;
use crate::{chain::Chain, key::DeviceSigner, node::NodeError};
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi::orders::IOrders;
use dure_rules::{
    Gtin,
    orders::{Action, DeviceId, MandateTerms, RegisterDevice, SetMandate, SetSlot, device_id},
};

/// A machine with one slot, and what it may buy.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The model's GTIN.
    pub model: Gtin,
    pub slot: u8,
    /// UCUM code.
    pub unit: String,
    pub capacity: u64,
    pub threshold: u64,
    pub rearm: u64,
    pub mandate: MandateTerms,
}

/// Registers the device, describes its slot, grants the mandate: three transactions of the owner, each where it is missing.
///
/// # Errors
/// [`HomeError`]: where no node answers, or a rule refuses.
pub async fn set_up(chain: &Chain, owner: &PrivateKeySigner, signer: &DeviceSigner, plan: &Plan) -> Result<DeviceId, HomeError> {
    let key = signer.public();
    let device = device_id(&key);
    if is_missing(chain.view(IOrders::deviceCall { id: device }).await)? {
        let possession = signer.possession(chain.chain_id, owner.address(), 0);
        let attestation = alloy_primitives::B256::ZERO;
        chain.act(owner, Action::from(RegisterDevice { model: plan.model, key, attestation, possession })).await?;
    }
    let Plan { slot, unit, capacity, threshold, rearm, .. } = plan.clone();
    if is_missing(chain.view(IOrders::slotOfCall { device, slot }).await)? {
        let gtins = plan.mandate.gtins.clone();
        chain.act(owner, Action::from(SetSlot { device, slot, unit, capacity, threshold, rearm, gtins })).await?;
    }
    if is_missing(chain.view(IOrders::mandateOfCall { device, slot }).await)? {
        chain.act(owner, Action::from(SetMandate { device, slot, terms: plan.mandate.clone() })).await?;
    }
    Ok(device)
}

/// A view is refused where the chain does not know what was asked for.
fn is_missing<T>(answer: Result<T, NodeError>) -> Result<bool, NodeError> {
    match answer {
        Ok(_) => Ok(false),
        Err(NodeError::Reverted(_)) => Ok(true),
        Err(other) => Err(other),
    }
}
