//! A battery behind a SunSpec inverter, as a meter's program uses it: read every few seconds, set when something else is wanted, and again before the limits run
//! out. A device that is away is told once and looked for again.

use super::sunspec::{Device, REVERT_S, State, SunSpecError};
use crate::watch::watch as look_again;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two readings.
const READ_AGAIN: Duration = Duration::from_secs(5);
/// Between two settings of the same.
const SET_AGAIN: Duration = Duration::from_secs(REVERT_S as u64 / 3);

struct Driver<R> {
    wanted: watch::Receiver<Option<i64>>,
    read: R,
    device: Option<Device>,
    /// What it was set to last, and when.
    set: Option<(i64, Instant)>,
}

/// Drives the inverter at `address`, for ever: `wanted` is what to charge with, W, none where it is left to itself; `read` hears how it stands. When this ends the
/// device's own limits run out.
pub(super) async fn drive(
    address: &str,
    unit: u8,
    wanted: watch::Receiver<Option<i64>>,
    read: impl Fn(&State),
    tell: impl Fn(String),
) {
    let mut changes = wanted.clone();
    let again = async || {
        tokio::select! {
            Ok(()) = changes.changed() => {}
            () = tokio::time::sleep(READ_AGAIN) => {}
        }
    };
    let mut driver = Driver { wanted, read, device: None, set: None };
    let look = async || {
        if driver.device.is_none() {
            let found = Device::find(address, unit).await?;
            tell(format!("the battery is behind {} at {address}", found.name));
            (driver.device, driver.set) = (Some(found), None);
        }
        let outcome = driver.step().await;
        if matches!(outcome, Err(SunSpecError::Away { .. })) {
            driver.device = None;
        }
        outcome
    };
    look_again(again, std::future::pending(), look, &tell).await;
}

impl<R: Fn(&State)> Driver<R> {
    async fn step(&mut self) -> Result<(), SunSpecError> {
        let Some(device) = &mut self.device else { return Ok(()) };
        (self.read)(&device.state().await?);
        let wanted = *self.wanted.borrow();
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
