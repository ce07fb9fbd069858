//! A battery behind a SunSpec inverter, over Modbus TCP: what its registers mean (pure), and the connection.
//!
//! At register 40000 stands `SunS`, after it the device's models, each with number and length, up to number 0xFFFF. Read are model 1 (who made it), one of 101 to
//! 103 (the inverter's power) and 124 (storage). Set is 124 alone: charging and discharging are both limited, to a window in which only the wanted power lies.
//! The limits run out by themselves ([`REVERT_S`]), so that a program that is gone leaves the device to itself.
//!
//! This module never writes what other models say, and never trusts a length or a scale factor that it has not checked.
//!
//! Source: SunSpec Information Model Reference, models 1, 103 and 124.

use std::time::Duration;
use tokio_modbus::client::{Context, Reader as _, Writer as _, tcp};
use tokio_modbus::prelude::Slave;

/// Where `SunS` stands.
const BASE: u16 = 40_000;
const MARK: [u16; 2] = [0x5375, 0x6e53];
const END: u16 = 0xffff;
/// Models of one device that are walked past.
const MODELS_MAX: usize = 64;
const COMMON: u16 = 1;
const INVERTERS: [u16; 3] = [101, 102, 103];
const STORAGE: u16 = 124;
const STORAGE_LENGTH: usize = 24;
const INVERTER_LENGTH: usize = 50;
/// Registers of model 124, counted from the first one after its length.
mod at {
    pub const CHARGE_MAX: usize = 0;
    pub const MODE: usize = 3;
    pub const STORED: usize = 6;
    pub const OUT_RATE: usize = 10;
    pub const REVERT: usize = 13;
    pub const CHARGE_MAX_SCALE: usize = 16;
    pub const STORED_SCALE: usize = 20;
    pub const RATE_SCALE: usize = 23;
}
/// Of models 101 to 103.
const AC_POWER: usize = 12;
const AC_POWER_SCALE: usize = 13;
/// Both limits count.
const BOTH: u16 = 3;
/// Limits run out after this, seconds: a few times longer than they are set anew.
pub const REVERT_S: u16 = 60;
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Why a device is not read or set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SunSpecError {
    #[error("the device at {address} does not answer: {why}")]
    Away { address: String, why: String },
    #[error("the device refuses: {0}")]
    Refused(String),
    #[error("this is no SunSpec device: at 40000 stands {0:04x} {1:04x}, not `SunS`")]
    Mark(u16, u16),
    #[error("the device has no model {model}; it has {found}")]
    Missing { model: &'static str, found: String },
    #[error("the device's list of models does not end after {MODELS_MAX}")]
    Endless,
    #[error("model {model} is {length} registers long, expected {expected}")]
    Length { model: u16, length: u16, expected: usize },
    #[error("{name} has the scale factor {factor}, expected -10 to 10")]
    Scale { name: &'static str, factor: i16 },
    #[error("the device does not say {0}")]
    Absent(&'static str),
}

/// A model of a device: where its registers begin, after number and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Model {
    number: u16,
    first: u16,
    length: u16,
}

/// What model 124 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    charge_max_w: i64,
    rate_scale: i16,
    /// Thousandths of what it holds.
    pub stored_permille: u32,
}

fn scale(registers: &[u16], at: usize, name: &'static str) -> Result<i16, SunSpecError> {
    let factor = registers.get(at).copied().unwrap_or(0x8000).cast_signed();
    if (-10..=10).contains(&factor) { Ok(factor) } else { Err(SunSpecError::Scale { name, factor }) }
}

/// `value` × 10^`exponent`, rounded towards 0.
fn times_ten(value: i64, exponent: i16) -> i64 {
    let power = 10i64.pow(u32::from(exponent.unsigned_abs()));
    if exponent < 0 { value / power } else { value.saturating_mul(power) }
}

impl Storage {
    /// # Errors
    /// [`SunSpecError`]: what the device does not say, or says wrongly.
    pub fn parse(registers: &[u16]) -> Result<Self, SunSpecError> {
        let said = |at: usize, name| match registers.get(at) {
            Some(&raw) if raw != 0xffff => Ok(i64::from(raw)),
            _ => Err(SunSpecError::Absent(name)),
        };
        let charge_max = said(at::CHARGE_MAX, "WChaMax, its largest power")?;
        let charge_max_w = times_ten(charge_max, scale(registers, at::CHARGE_MAX_SCALE, "WChaMax")?);
        if charge_max_w == 0 {
            return Err(SunSpecError::Absent("WChaMax, its largest power"));
        }
        let stored = said(at::STORED, "ChaState, what is in it")?;
        let percent_scale = scale(registers, at::STORED_SCALE, "ChaState")?;
        let stored_permille = times_ten(stored, percent_scale + 1).clamp(0, 1_000);
        let rate_scale = scale(registers, at::RATE_SCALE, "InOutWRte")?;
        Ok(Self { charge_max_w, rate_scale, stored_permille: u32::try_from(stored_permille).unwrap_or(0) })
    }

    /// OutWRte and InWRte for charging with `charge_w` (below 0: discharging): the window from −out to in is that power alone. Both are of WChaMax.
    pub fn rates(&self, charge_w: i64) -> [u16; 2] {
        let percent = times_ten(charge_w.saturating_mul(100), -self.rate_scale) / self.charge_max_w;
        let most = times_ten(100, -self.rate_scale).min(i16::MAX.into());
        let rate = percent.clamp(-most, most) as i16; // between the ends of it by the line above
        [rate.wrapping_neg().cast_unsigned(), rate.cast_unsigned()]
    }
}

/// What the inverter delivers, W.
///
/// # Errors
/// [`SunSpecError`].
fn ac_power_w(registers: &[u16]) -> Result<i64, SunSpecError> {
    let raw = registers.get(AC_POWER).copied().unwrap_or(0x8000).cast_signed();
    if raw == i16::MIN {
        return Err(SunSpecError::Absent("W, its power"));
    }
    Ok(times_ten(raw.into(), scale(registers, AC_POWER_SCALE, "W")?))
}

/// Text of a device, up to its first zero.
fn text(registers: &[u16]) -> String {
    let bytes: Vec<u8> = registers.iter().flat_map(|register| register.to_be_bytes()).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub stored_permille: u32,
    /// What the inverter delivers, where it says so, W.
    pub ac_power_w: Option<i64>,
}

/// A device that was found.
pub struct Device {
    wire: Wire,
    storage_at: u16,
    inverter_at: Option<u16>,
    storage: Storage,
    /// Maker and model.
    pub name: String,
}

/// The connection, with an end to every wait.
struct Wire {
    address: String,
    context: Context,
}

impl Wire {
    fn away(address: &str, why: impl ToString) -> SunSpecError {
        SunSpecError::Away { address: address.to_owned(), why: why.to_string() }
    }

    async fn connect(address: &str, unit: u8) -> Result<Self, SunSpecError> {
        let connecting = async {
            let socket = tokio::net::TcpStream::connect(address).await?;
            Ok::<_, std::io::Error>(tcp::attach_slave(socket, Slave(unit)))
        };
        let connected = tokio::time::timeout(ANSWER_MAX, connecting).await;
        let context = connected.map_err(|_| Self::away(address, "no connection in time"))?;
        Ok(Self { address: address.to_owned(), context: context.map_err(|error| Self::away(address, error))? })
    }

    async fn read(&mut self, first: u16, count: u16) -> Result<Vec<u16>, SunSpecError> {
        let answer = tokio::time::timeout(ANSWER_MAX, self.context.read_holding_registers(first, count)).await;
        let answer = answer.map_err(|_| Self::away(&self.address, "no answer in time"))?;
        let registers = answer.map_err(|error| Self::away(&self.address, error))?;
        registers.map_err(|why| SunSpecError::Refused(format!("reading {count} registers at {first}: {why}")))
    }

    async fn write(&mut self, first: u16, registers: &[u16]) -> Result<(), SunSpecError> {
        let answer = tokio::time::timeout(ANSWER_MAX, self.context.write_multiple_registers(first, registers)).await;
        let answer = answer.map_err(|_| Self::away(&self.address, "no answer in time"))?;
        let written = answer.map_err(|error| Self::away(&self.address, error))?;
        written.map_err(|why| SunSpecError::Refused(format!("writing {} registers at {first}: {why}", registers.len())))
    }

    /// The device's models, in their order.
    async fn models(&mut self) -> Result<Vec<Model>, SunSpecError> {
        let mark = self.read(BASE, 2).await?;
        if mark != MARK {
            return Err(SunSpecError::Mark(mark.first().copied().unwrap_or(0), mark.get(1).copied().unwrap_or(0)));
        }
        let (mut models, mut next) = (Vec::new(), BASE + 2);
        loop {
            let head = self.read(next, 2).await?;
            let (number, length) = (head.first().copied().unwrap_or(END), head.get(1).copied().unwrap_or(0));
            if number == END {
                return Ok(models);
            }
            let first = next.checked_add(2).ok_or(SunSpecError::Endless)?;
            models.push(Model { number, first, length });
            next = first.checked_add(length).filter(|_| models.len() < MODELS_MAX).ok_or(SunSpecError::Endless)?;
        }
    }
}

impl Device {
    /// Connects, and walks the device's models.
    ///
    /// # Errors
    /// [`SunSpecError`].
    pub async fn find(address: &str, unit: u8) -> Result<Self, SunSpecError> {
        let mut wire = Wire::connect(address, unit).await?;
        let models = wire.models().await?;
        let of = |numbers: &[u16]| models.iter().find(|model| numbers.contains(&model.number));
        let fits = |model: &Model, expected: usize| match usize::from(model.length) {
            length if length >= expected => Ok(model.first),
            _ => Err(SunSpecError::Length { model: model.number, length: model.length, expected }),
        };
        let found = || models.iter().map(|model| model.number.to_string()).collect::<Vec<_>>().join(", ");
        let storage = of(&[STORAGE]).ok_or_else(|| SunSpecError::Missing { model: "124 (storage)", found: found() })?;
        let storage_at = fits(storage, STORAGE_LENGTH)?;
        let inverter_at = of(&INVERTERS).map(|model| fits(model, INVERTER_LENGTH)).transpose()?;
        let name = match of(&[COMMON]).map(|model| fits(model, 32)).transpose()? {
            None => "a device without a name".to_owned(),
            Some(first) => {
                let common = wire.read(first, 32).await?;
                let (maker, model) = common.split_at_checked(16).unwrap_or_default();
                format!("{} {}", text(maker), text(model))
            }
        };
        let storage = Storage::parse(&wire.read(storage_at, STORAGE_LENGTH as u16).await?)?;
        Ok(Self { wire, storage_at, inverter_at, storage, name })
    }

    /// # Errors
    /// [`SunSpecError`].
    pub async fn state(&mut self) -> Result<State, SunSpecError> {
        self.storage = Storage::parse(&self.wire.read(self.storage_at, STORAGE_LENGTH as u16).await?)?;
        let ac_power_w = match self.inverter_at {
            None => None,
            Some(first) => Some(ac_power_w(&self.wire.read(first, INVERTER_LENGTH as u16).await?)?),
        };
        Ok(State { stored_permille: self.storage.stored_permille, ac_power_w })
    }

    /// Charges with so much (below 0: discharges), for [`REVERT_S`]. The rates are there before they count.
    ///
    /// # Errors
    /// [`SunSpecError`].
    pub async fn set(&mut self, charge_w: i64) -> Result<(), SunSpecError> {
        let register = |at: usize| self.storage_at.saturating_add(at as u16);
        let (rates, revert, mode) = (register(at::OUT_RATE), register(at::REVERT), register(at::MODE));
        self.wire.write(rates, &self.storage.rates(charge_w)).await?;
        self.wire.write(revert, &[REVERT_S]).await?;
        self.wire.write(mode, &[BOTH]).await
    }

    /// Leaves the device to itself.
    ///
    /// # Errors
    /// [`SunSpecError`].
    pub async fn release(&mut self) -> Result<(), SunSpecError> {
        self.wire.write(self.storage_at.saturating_add(at::MODE as u16), &[0]).await
    }
}

#[cfg(test)]
mod tests;
