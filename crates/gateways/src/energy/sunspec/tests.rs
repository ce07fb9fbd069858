//! Against a device of our own: a small Modbus server with an inverter's registers.

use super::*;
use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::server::{
    Service,
    tcp::{Server, accept_tcp_connection},
};
use tokio_modbus::{ExceptionCode, Request, Response};

/// Registers by their addresses; others are refused, as devices do.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<BTreeMap<u16, u16>>>);

impl Service for Fake {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let mut registers = self.0.lock().expect("the registers");
        ready(match request {
            Request::ReadHoldingRegisters(first, count) => {
                let found: Option<Vec<u16>> = (first..first + count).map(|at| registers.get(&at).copied()).collect();
                found.map(Response::ReadHoldingRegisters).ok_or(ExceptionCode::IllegalDataAddress)
            }
            Request::WriteMultipleRegisters(first, words) => {
                registers.extend((first..).zip(words.iter().copied()));
                Ok(Response::WriteMultipleRegisters(first, words.len() as u16))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        })
    }
}

impl Fake {
    /// With these models, at their full lengths: (number, registers).
    fn with(models: &[(u16, Vec<u16>)]) -> Self {
        let fake = Self::default();
        let mut next = BASE;
        fake.put(&mut next, &MARK);
        for (number, registers) in models {
            fake.put(&mut next, &[*number, registers.len() as u16]);
            fake.put(&mut next, registers);
        }
        fake.put(&mut next, &[END, 0]);
        fake
    }

    fn put(&self, next: &mut u16, words: &[u16]) {
        self.0.lock().expect("the registers").extend((*next..).zip(words.iter().copied()));
        *next += words.len() as u16;
    }

    fn at(&self, address: u16) -> u16 {
        self.0.lock().expect("the registers")[&address]
    }

    async fn serve(&self) -> String {
        self.serve_at("127.0.0.1:0").await.0
    }

    async fn serve_at(&self, address: &str) -> (String, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let fake = self.clone();
        let serving = tokio::spawn(async move {
            let fake = &fake;
            let connected = |stream: TcpStream, from: SocketAddr| async move {
                accept_tcp_connection(stream, from, |_| Ok(Some(fake.clone())))
            };
            let _ = Server::new(listener).serve(&connected, |_| {}).await;
        });
        (address, serving)
    }

    async fn find(&self) -> Result<Device, SunSpecError> {
        Device::find(&self.serve().await, 1).await
    }
}

fn common() -> Vec<u16> {
    let mut registers = vec![0; 66];
    let mut words = |at: usize, text: &str| {
        for (register, pair) in registers[at..].iter_mut().zip(text.as_bytes().chunks(2)) {
            *register = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        }
    };
    words(0, "Example");
    words(16, "Hybrid 5.0");
    registers
}

/// 2,345 W.
fn inverter() -> Vec<u16> {
    let mut registers = vec![0; 50];
    (registers[AC_POWER], registers[AC_POWER_SCALE]) = (2_345, 0);
    registers
}

/// 5,120 W at most (512 × 10), 73.5 % stored, rates in hundredths of a percent.
fn storage() -> Vec<u16> {
    let mut registers = vec![0xffff; STORAGE_LENGTH];
    (registers[at::CHARGE_MAX], registers[at::CHARGE_MAX_SCALE]) = (512, 1);
    (registers[at::STORED], registers[at::STORED_SCALE]) = (7_350, (-2i16).cast_unsigned());
    registers[at::RATE_SCALE] = (-2i16).cast_unsigned();
    registers
}

#[tokio::test]
async fn a_device_is_found_read_and_set() {
    let fake = Fake::with(&[(COMMON, common()), (103, inverter()), (120, vec![0; 26]), (STORAGE, storage())]);
    let mut device = fake.find().await.map_err(|error| error.to_string()).expect("found");
    assert_eq!(device.name, "Example Hybrid 5.0");
    assert_eq!(device.state().await, Ok(State { stored_permille: 735, ac_power_w: Some(2_345) }));
    let first = BASE + 2 + (2 + 66) + (2 + 50) + (2 + 26) + 2;
    let signed = |at: usize| fake.at(first + at as u16).cast_signed();
    for (charge_w, rate) in [(2_560, 5_000), (-2_560, -5_000), (0, 0), (9_999, 10_000), (-9_999, -10_000), (1, 1)] {
        device.set(charge_w).await.expect("set");
        assert_eq!((signed(at::OUT_RATE), signed(at::OUT_RATE + 1)), (-rate, rate), "{charge_w} W");
        assert_eq!((signed(at::MODE), signed(at::REVERT)), (3, 60));
    }
    device.release().await.expect("released");
    assert_eq!(signed(at::MODE), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_device_is_said() {
    let with = |change: fn(&mut Vec<u16>)| {
        let mut registers = storage();
        change(&mut registers);
        Fake::with(&[(COMMON, common()), (STORAGE, registers)])
    };
    let said = async |fake: Fake| fake.find().await.err().expect("refused").to_string();
    for (fake, words) in [
        (Fake::with(&[(COMMON, common()), (103, inverter())]), "no model 124 (storage); it has 1, 103"),
        (Fake::with(&[(STORAGE, vec![0; 8])]), "model 124 is 8 registers long, expected 24"),
        (with(|r| r[at::RATE_SCALE] = 77), "InOutWRte has the scale factor 77"),
        (with(|r| r[at::CHARGE_MAX_SCALE] = 0x8000), "WChaMax has the scale factor -32768"),
        (with(|r| r[at::STORED] = 0xffff), "does not say ChaState"),
        (with(|r| r[at::CHARGE_MAX] = 0), "does not say WChaMax"),
        (Fake::default(), "refuses: reading 2 registers at 40000"),
    ] {
        let heard = said(fake).await;
        assert!(heard.contains(words), "{heard}");
    }
    let other = Fake::default();
    other.put(&mut { BASE }, &[0, 1]);
    assert_eq!(other.find().await.err(), Some(SunSpecError::Mark(0, 1)));
    let endless = Fake::default();
    let mut next = BASE;
    endless.put(&mut next, &MARK);
    (0..=MODELS_MAX).for_each(|_| endless.put(&mut next, &[9, 0]));
    assert_eq!(endless.find().await.err(), Some(SunSpecError::Endless));
}

#[tokio::test]
async fn a_device_that_is_dead_or_silent_is_said_in_time() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").to_string();
    assert!(matches!(Device::find(&free, 1).await.err(), Some(SunSpecError::Away { .. })));
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let since = std::time::Instant::now();
    let said = Device::find(&address, 1).await.err().expect("refused").to_string();
    assert!(said.contains(&address) && said.contains("no answer in time"), "{said}");
    assert!(since.elapsed() < ANSWER_MAX * 2);
}

#[tokio::test]
async fn a_program_drives_a_device_that_goes_away_and_comes_again() {
    let fake = Fake::with(&[(COMMON, common()), (103, inverter()), (STORAGE, storage())]);
    let (address, serving) = fake.serve_at("127.0.0.1:0").await;
    let first = BASE + 2 + (2 + 66) + (2 + 50) + 2;
    let stands = || (fake.at(first + at::MODE as u16), fake.at(first + at::OUT_RATE as u16 + 1).cast_signed());
    let (want, wanted) = tokio::sync::watch::channel(None);
    let (states, told) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let drives = crate::energy::drive::drive(
        &address,
        1,
        wanted,
        |state| states.lock().expect("states").push(*state),
        |what| told.lock().expect("told").push(what),
    );
    let until = async |what: &dyn Fn() -> bool| {
        let since = std::time::Instant::now();
        while !what() {
            assert!(since.elapsed() < Duration::from_secs(30), "{:?}", told.lock().expect("told"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let plays = async {
        want.send_replace(Some(2_560));
        until(&|| stands() == (3, 5_000)).await;
        want.send_replace(Some(-2_560));
        until(&|| stands() == (3, -5_000)).await;
        assert_eq!(states.lock().expect("states").first(), Some(&State { stored_permille: 735, ac_power_w: Some(2_345) }));
        serving.abort();
        want.send_replace(Some(1_280));
        until(&|| told.lock().expect("told").len() == 2).await;
        let _serving = fake.serve_at(&address).await;
        until(&|| stands() == (3, 2_500)).await;
        want.send_replace(None);
        until(&|| stands().0 == 0).await;
    };
    tokio::select! {
        () = drives => {}
        () = plays => {}
    }
    let told = told.into_inner().expect("told");
    assert!(told[0].contains("Example Hybrid 5.0") && told[1].contains("does not answer"), "{told:?}");
    assert!(told.len() == 3 && told[2].contains("Example"), "{told:?}");
}
