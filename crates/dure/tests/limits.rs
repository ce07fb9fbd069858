//! What a stranger may ask of the port, and that the node outlives whoever asks for more.

mod common;

use common::{CREDIT, Dev};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// Posts `body` and gives status and answer.
fn post(dev: &Dev, path: &str, host: &str, body: &str) -> (u16, String) {
    request(dev, "POST", path, host, body)
}

fn request(dev: &Dev, method: &str, path: &str, host: &str, body: &str) -> (u16, String) {
    let address = dev.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // A body that is too long may be refused before it has come to its end.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn rpc(dev: &Dev, request: &Value) -> Value {
    let (status, answer) = post(dev, "/", "localhost", &request.to_string());
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{status} {error}: {answer}"))
}

fn ask(dev: &Dev, method: &str, params: Value) -> Value {
    rpc(dev, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
}

#[test]
fn whoever_asks_too_much_is_told_so_and_the_node_goes_on() {
    let folder = tempfile::tempdir().expect("folder");
    let dev = Dev::start_with(&folder.path().join("data"), &["--passkey-origin", "https://home.example.org"]);

    let (status, _) = post(&dev, "/", "localhost", &"x".repeat(3 << 20));
    assert_eq!(status, 413, "a body beyond 2 MiB");
    let (_, answer) = post(&dev, "/", "localhost", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    assert!(answer.contains("\"error\""), "JSON of endless depth: {answer}");
    let one = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    let batch = rpc(&dev, &Value::Array(vec![one.clone(); 257]));
    assert!(batch["error"]["message"].as_str().is_some_and(|why| why.contains("batch")), "{batch}");
    let batch = rpc(&dev, &Value::Array(vec![one; 256]));
    assert_eq!(batch.as_array().map(Vec::len), Some(256));

    let range = ask(&dev, "eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "0x7fffffff" }]));
    assert!(range["result"].is_array(), "beyond the newest block there is nothing to read: {range}");
    let depth = json!({ "tracer": "noSuchTracer" });
    let unknown = ask(&dev, "debug_traceCall", json!([{ "to": CREDIT, "data": "0x" }, "latest", depth]));
    assert!(unknown["error"]["message"].as_str().is_some_and(|why| why.contains("callTracer")), "{unknown}");
    // An endless loop: JUMPDEST PUSH0 JUMP, as code laid over an account.
    let spin = json!({ FRIEND_CODE: { "code": "0x5b5f56" } });
    let call = json!([{ "to": FRIEND_CODE, "gas": "0xffffffffffff" }, "latest", spin]);
    let ended = ask(&dev, "eth_call", call.clone());
    assert!(ended["error"]["message"].as_str().is_some_and(|why| why.contains("OutOfGas")), "{ended}");
    let many: Vec<Value> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..12).map(|_| scope.spawn(|| ask(&dev, "eth_call", call.clone()))).collect();
        // Meanwhile blocks follow each other: questions do not hold up the chain, nor those that cost nothing.
        let height =
            |answer: &Value| u64::from_str_radix(answer["result"].as_str().expect("a height").trim_start_matches("0x"), 16);
        let before = height(&ask(&dev, "eth_blockNumber", json!([]))).expect("a number");
        while height(&ask(&dev, "eth_blockNumber", json!([]))).expect("a number") < before + 3 {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(askers.iter().any(|asker| !asker.is_finished()), "they are still being answered");
        askers.into_iter().map(|asker| asker.join().expect("answered")).collect()
    });
    assert!(many.iter().all(|answer| answer["error"]["message"].is_string()), "{many:?}");

    let (status, why) = post(&dev, "/", "evil.example", &json!({}).to_string());
    assert_eq!(status, 403, "{why}");
    let (status, _) = post(&dev, "/nowhere", "localhost", "{}");
    assert_eq!(status, 404);
    let related = request(&dev, "GET", "/.well-known/webauthn", "localhost", "");
    assert_eq!(related, (200, r#"{"origins":["https://home.example.org"]}"#.to_owned()));
    assert_eq!(dev.send("5")["success"], true);
    assert_eq!(dev.balance(None), "5");
    assert_eq!(dev.stop(), Some(0));
}

const FRIEND_CODE: &str = "0x00000000000000000000000000000000000000bb";
