//! Strangers at a real port: slow ones, many, greedy ones, and those who come under another's name.

mod small;

use alloy_primitives::{Bytes, LogData};
use alloy_rpc_types_eth::{Header, Log};
use axum::Router;
use dure_server::{Allowance, Limits, NewBlock, Serving, serve};
use small::Small;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::broadcast,
    time::{sleep, timeout},
};

/// What the tests call patience: short, so that they end soon.
const SHORT: Duration = Duration::from_millis(300);
/// Many times what anything here takes.
const LONG: Duration = Duration::from_secs(20);
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"data":"0x"},"latest"]}"#;
const CHAIN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;

struct Port {
    serving: Serving,
    news: broadcast::Sender<Arc<NewBlock>>,
}

impl Port {
    async fn open(limits: Limits) -> Self {
        let news = broadcast::Sender::new(1_024);
        let node = Small { news: news.clone(), call_takes: Duration::from_millis(100) };
        let address = "127.0.0.1:0".parse().expect("an address");
        Self { serving: serve(Arc::new(node), &[address], limits, Router::new()).await.expect("it listens"), news }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.serving.addresses[0]).await.expect("it listens")
    }

    /// The whole answer to `body` under these lines of a head.
    async fn post(&self, head: &str, body: &str) -> String {
        let mut stream = self.connect().await;
        let request = format!(
            "POST / HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(request.as_bytes()).await; // one that is too long may be refused before it has come to its end
        until_closed(&mut stream).await
    }

    /// Asks in the name of `address`, as a proxy on this machine would.
    async fn post_for(&self, address: &str, body: &str) -> String {
        self.post(&format!("Host: localhost\r\nX-Forwarded-For: {address}\r\n"), body).await
    }

    /// A WebSocket, and what it said when it was opened.
    async fn websocket(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(LONG, stream.read_u8()).await.expect("soon").expect("it is opened"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        stream
    }

    async fn until_nobody_is_connected(&self) {
        let (connected, since) = (self.serving.connected(), Instant::now());
        while connected() > 0 {
            assert!(since.elapsed() < LONG, "{} connections are left", connected());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What is read until the other end closes.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _ = timeout(LONG, stream.read_to_end(&mut all)).await.expect("it is closed"); // a reset is one way to close
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends a byte now and then until the other end has enough, and gives what it said.
async fn dribble(mut stream: TcpStream, head: &str) -> (String, Duration) {
    let since = Instant::now();
    stream.write_all(head.as_bytes()).await.expect("sent");
    while since.elapsed() < LONG {
        sleep(SHORT / 10).await;
        if stream.write_all(b"x").await.is_err() {
            break;
        }
        let mut byte = [0];
        if let Ok(read) = timeout(Duration::from_millis(1), stream.peek(&mut byte)).await {
            let said = if read.is_ok_and(|bytes| bytes > 0) { until_closed(&mut stream).await } else { String::new() };
            return (said, since.elapsed());
        }
    }
    (String::new(), since.elapsed())
}

/// A text frame of a client, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("a short text");
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_slowly_is_dropped() {
    let port = Port::open(Limits { sent_within: SHORT, ..Limits::default() }).await;
    let (_, took) = dribble(port.connect().await, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    assert!(took < LONG / 2, "a head without an end: {took:?}");
    let silent = &mut port.connect().await;
    assert_eq!(until_closed(silent).await, "", "who says nothing is not waited for either");
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[";
    let (_, took) = dribble(port.connect().await, head).await;
    assert!(took < LONG / 2, "a body without an end: {took:?}");
    port.until_nobody_is_connected().await;
    assert_eq!(port.serving.counts().slow.get(), 3);
    // Who waits for an answer is not too slow, however long it takes; nor who asks again and again.
    let batch = format!("[{}]", [CALL; 12].join(","));
    let said = port.post("Host: localhost\r\n", &batch).await;
    assert_eq!(said.matches("\"result\"").count(), 12, "after four times the patience: {said}");
    let mut again = port.connect().await;
    for _ in 0..12 {
        let request = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{CHAIN}", CHAIN.len());
        again.write_all(request.as_bytes()).await.expect("it is open");
        let mut part = [0; 1_024];
        let read = again.read(&mut part).await.expect("an answer");
        assert!(String::from_utf8_lossy(&part[..read]).contains("HTTP/1.1 "), "it is answered");
        sleep(SHORT / 3).await;
    }
    assert!(port.post("Host: localhost\r\n", CHAIN).await.contains("\"0x7\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_is_closed_at_once_and_leaves_the_others_alone() {
    let port = Port::open(Limits { connections_max: 8, ..Limits::default() }).await;
    let first = port.websocket().await;
    let mut flood = Vec::new();
    for _ in 0..20 {
        flood.push(port.connect().await);
    }
    let mut closed = 0;
    for stream in &mut flood {
        let mut byte = [0];
        closed += usize::from(matches!(timeout(SHORT, stream.peek(&mut byte)).await, Ok(Ok(0) | Err(_))));
    }
    assert_eq!((closed, port.serving.counts().connections_refused.get()), (13, 13), "8 with the one before");
    drop(flood);
    let since = Instant::now();
    while !port.post("Host: localhost\r\n", CHAIN).await.contains("\"0x7\"") {
        assert!(since.elapsed() < LONG, "there is room again");
    }
    drop(first);
    port.until_nobody_is_connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_answers_to_its_own_names_and_to_addresses() {
    let port = Port::open(Limits { hosts: vec!["town.example".into()], ..Limits::default() }).await;
    for (host, answered) in [
        ("localhost", true),
        ("LocalHost:8545", true),
        ("127.0.0.1:1", true),
        ("[::1]:8545", true),
        ("192.0.2.7", true),
        ("town.example", true),
        ("Town.Example:443", true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("sub.town.example", false),
        ("", false),
    ] {
        let said = port.post(&format!("Host: {host}\r\n"), CHAIN).await;
        assert_eq!(said.contains("\"0x7\""), answered, "{host}: {said}");
        assert_eq!(said.starts_with("HTTP/1.1 403") && said.contains("--host NAME"), !answered, "{host}: {said}");
    }
    assert!(port.post("", CHAIN).await.starts_with("HTTP/1.1 403"), "no host at all");
    assert_eq!(port.serving.counts().foreign_host.get(), 6);
    let said = port.post(&format!("Host: localhost\r\nX-Long: {}\r\n", "x".repeat(100_000)), CHAIN).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "a head without bound: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_does_not_read_is_dropped_and_one_that_reads_is_not() {
    let port = Port::open(Limits { read_within: SHORT, ..Limits::default() }).await;
    let (mut deaf, mut hears) = (port.websocket().await, port.websocket().await);
    let subscribe = frame(r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["logs"]}"#);
    deaf.write_all(&subscribe).await.expect("sent");
    hears.write_all(&subscribe).await.expect("sent");
    let reads = tokio::spawn(async move {
        let (mut part, mut heard) = (vec![0; 1 << 20], 0);
        while let Ok(Ok(bytes @ 1..)) = timeout(8 * SHORT, hears.read(&mut part)).await {
            heard += bytes;
        }
        (heard, hears)
    });
    while port.news.receiver_count() < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    let (blocks, bytes) = (64, 256 << 10); // more than the system keeps for a socket
    let mut log = Log::<LogData>::default();
    log.inner.data.data = Bytes::from(vec![1; bytes]);
    for _ in 0..blocks {
        let _ = port.news.send(Arc::new(NewBlock { header: Header::default(), logs: vec![log.clone()] }));
        sleep(Duration::from_millis(10)).await;
    }
    let (heard, hears) = reads.await.expect("no panic");
    assert!(heard > 2 * blocks * bytes, "all of it in hex: {heard} bytes");
    let since = Instant::now();
    while (port.serving.connected())() > 1 {
        assert!(since.elapsed() < LONG, "it is still there");
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(port.serving.counts().slow.get(), 1);
    drop((deaf, hears));
    port.until_nobody_is_connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_without_a_sign_of_life_is_closed() {
    let port = Port::open(Limits { ping_every: SHORT / 3, ..Limits::default() }).await;
    let mut idle = port.websocket().await;
    let said = until_closed(&mut idle).await; // it reads, and never answers a ping
    assert!(said.len() >= 2, "it was asked: {said:?}");
    drop(idle);
    let mut lives = port.websocket().await;
    for _ in 0..12 {
        let head = [lives.read_u8().await.expect("it is open"), lives.read_u8().await.expect("it is open")];
        assert_eq!((head[0], head[1] & 0x80), (0x89, 0), "a ping of the server, four times as often as a deaf client would hear");
        let mut payload = vec![0; usize::from(head[1])];
        lives.read_exact(&mut payload).await.expect("all of it");
        lives.write_all(&[&[0x8a, 0x80 | head[1], 0, 0, 0, 0], payload.as_slice()].concat()).await.expect("it is open");
    }
    drop(lives);
    port.until_nobody_is_connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_used_its_share_waits_and_nobody_else_does() {
    let allowance = Allowance { connections_max: 64, saved_max: Duration::from_millis(250), share_percent: 1 };
    let port = Port::open(Limits { allowance, behind_proxy: true, ..Limits::default() }).await;
    let mut answered = 0;
    while port.post_for("203.0.113.7", CALL).await.starts_with("HTTP/1.1 200") {
        answered += 1;
    }
    assert_eq!(answered, 3, "250 ms are spent by the third of 100 ms");
    let refused = port.post_for("198.51.100.1, 203.0.113.7", CALL).await;
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("hint:"), "what a client invents does not count: {refused}");
    assert!(port.post_for("203.0.113.8", CALL).await.starts_with("HTTP/1.1 200"));
    let batch = format!("[{CALL},{CALL},{CALL},{CALL}]");
    let said = port.post_for("203.0.113.9", &batch).await;
    assert_eq!((said.matches("\"result\"").count(), said.matches("-32005").count()), (3, 1), "{said}");
    assert!(port.serving.counts().over_share.get() >= 3);

    let unnamed = Port::open(Limits { allowance, ..Limits::default() }).await;
    for _ in 0..6 {
        let said = unnamed.post_for("203.0.113.7", CALL).await;
        assert!(said.starts_with("HTTP/1.1 200"), "without a proxy nobody is believed, and this machine is not counted: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_answered_between_the_many_of_another() {
    let port = Arc::new(Port::open(Limits { behind_proxy: true, ..Limits::default() }).await);
    let many: Vec<_> = (0..40).map(|_| tokio::spawn(ask_for(port.clone(), "203.0.113.7"))).collect();
    while port.serving.counts().heavy.get() < 40 {
        sleep(Duration::from_millis(1)).await;
    }
    let since = Instant::now();
    assert!(ask_for(port.clone(), "203.0.113.8").await.starts_with("HTTP/1.1 200"));
    let took = since.elapsed();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let unfinished = many.iter().filter(|asked| !asked.is_finished()).count();
    assert!(cores > 16 || unfinished >= 20, "{unfinished} of 40 were still waiting after {took:?}");
    for asked in many {
        asked.await.expect("no panic");
    }
}

async fn ask_for(port: Arc<Port>, address: &'static str) -> String {
    port.post_for(address, CALL).await
}
