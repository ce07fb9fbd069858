//! A battery behind a SunSpec inverter, as a meter's program uses it: read every few seconds, set when something else is wanted, and again before the limits run
//! out. A device that is away is told once and looked for again.

use super::{
    EnergyNote, Tell,
    meter::Desk,
    sunspec::{Device, REVERT_S, SunSpecError},
};
use crate::watch::watch;
use std::time::{Duration, Instant};

/// Between two readings.
const READ_AGAIN: Duration = Duration::from_secs(5);
/// Between two settings of the same.
const SET_AGAIN: Duration = Duration::from_secs(REVERT_S as u64 / 3);

struct Driver<'a> {
    desk: &'a Desk,
    device: Option<Device>,
    /// What it was set to last, and when.
    set: Option<(i64, Instant)>,
}

/// Drives the inverter at `address`, for ever. When this ends the device's own limits run out.
pub(super) async fn drive(desk: &Desk, address: &str, unit: u8, tell: Tell<'_>) {
    let mut wanted = desk.wanted.subscribe();
    let again = async || {
        tokio::select! {
            Ok(()) = wanted.changed() => {}
            () = tokio::time::sleep(READ_AGAIN) => {}
        }
    };
    let mut driver = Driver { desk, device: None, set: None };
    let look = async || {
        if driver.device.is_none() {
            let found = Device::find(address, unit).await?;
            tell(EnergyNote::of(desk.meter, format!("the battery is behind {} at {address}", found.name)));
            (driver.device, driver.set) = (Some(found), None);
        }
        let outcome = driver.step().await;
        if matches!(outcome, Err(SunSpecError::Away { .. })) {
            driver.device = None;
        }
        outcome
    };
    watch(again, std::future::pending(), look, |what| tell(EnergyNote::of(desk.meter, what))).await;
}

impl Driver<'_> {
    async fn step(&mut self) -> Result<(), SunSpecError> {
        let Some(device) = &mut self.device else { return Ok(()) };
        let state = device.state().await?;
        if let Some(pack) = &mut self.desk.house().pack {
            pack.read(state.stored_permille, state.ac_power_w);
        }
        let wanted = *self.desk.wanted.borrow();
        match wanted {
            Some(charge_w) if self.set.is_none_or(|(set_w, at)| set_w != charge_w || at.elapsed() >= SET_AGAIN) => {
                device.set(charge_w).await?;
                self.set = Some((charge_w, Instant::now()));
            }
            None if self.set.is_some() => {
                device.release().await?;
                self.set = None;
            }
            _ => {}
        }
        Ok(())
    }
}
