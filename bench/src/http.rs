//! One HTTP/1.1 connection that stays open, with JSON-RPC on it.

use crate::Fallible;
use alloy_primitives::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// An open connection.
pub struct Connection {
    sender: SendRequest<Full<hyper::body::Bytes>>,
    host: String,
}

/// What came back: the answer's text, or what the node says against it.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

impl Connection {
    /// # Errors
    /// Where nobody listens.
    pub async fn open(address: SocketAddr) -> Fallible<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: format!("localhost:{}", address.port()) })
    }

    /// Posts a request that is already written.
    ///
    /// # Errors
    /// Where the connection breaks. The inner error is what the node said.
    pub async fn post(&mut self, body: hyper::body::Bytes) -> Fallible<Result<Value, String>> {
        self.sender.ready().await?;
        let request =
            Request::post("/").header(HOST, &self.host).header(CONTENT_TYPE, "application/json").body(Full::new(body))?;
        let bytes = self.sender.send_request(request).await?.into_body().collect().await?.to_bytes();
        let answer: Answer<'_> = serde_json::from_slice(&bytes)?;
        Ok(match answer.error {
            Some(refused) => Err(refused.message),
            None => Ok(serde_json::from_str(answer.result.map_or("null", RawValue::get))?),
        })
    }

    /// Asks `method`.
    ///
    /// # Errors
    /// Where the connection breaks or the node says no.
    pub async fn ask(&mut self, method: &str, params: Value) -> Fallible<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        self.post(body.into()).await?.map_err(|refused| format!("{method}: {refused}").into())
    }
}

/// The request that sends a signed transaction.
pub fn send_raw(raw: &Bytes) -> hyper::body::Bytes {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["{raw}"]}}"#).into()
}
