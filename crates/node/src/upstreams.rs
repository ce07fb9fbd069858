//! Nodes that a node without a vote asks, over plain HTTP: what comes is checked by certificates and hashes, so that the way it came
//! needs no trust. Whom a transaction is passed on to hears it, as any node that is asked does.
//!
//! Upon a question: the first that is not left alone is asked; where it does not answer soon, the next one beside it. Upon no answer: that one is left alone for a moment, longer
//! each time. Upon an answer that is proven wrong: for a minute, longer each time.

use crate::pool::PoolRefusal;
use alloy_primitives::{B256, Bytes, keccak256};
use dure_server::BackendError;
use futures::{StreamExt as _, stream::FuturesUnordered};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode, Uri, header::CONTENT_TYPE};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use std::{
    str::FromStr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Most nodes that are asked.
pub const UPSTREAMS_MAX: usize = 8;
/// Longest wait for an answer, and for one that is held back until there is news.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const NEWS_WITHIN: Duration = Duration::from_secs(20);
/// After this the next one is asked beside the one that has not answered: a link that is cut says nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes of an answer that is no block.
const ANSWER_MAX_BYTES: usize = 64 << 10;
/// How long one that did not answer is left alone, and one that was proven wrong: this first, doubled each time up to the last.
const SILENT_FOR: Duration = Duration::from_millis(250);
const WRONG_FOR: Duration = Duration::from_secs(60);
const DOUBLED_MAX: u32 = 6;

/// The address of a node: `http://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream(String);

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no node's address: write it as http://192.0.2.7:8545");
        let base = text.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let whole = uri.scheme_str() == Some("http") && uri.host().is_some() && uri.path() == "/" && uri.query().is_none();
        if whole { Ok(Self(base.to_owned())) } else { Err(wrong()) }
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One of them.
struct One {
    url: Upstream,
    /// The newest certified block that it told of.
    newest: AtomicU64,
    alone: Mutex<Alone>,
}

#[derive(Default)]
struct Alone {
    until: Option<Instant>,
    /// Times in a row that it did not answer, and times ever that it was proven wrong.
    silent: u32,
    wrong: u32,
}

impl One {
    fn alone(&self) -> MutexGuard<'_, Alone> {
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left_alone_for(&self) -> Option<Duration> {
        let until = self.alone().until?;
        until.checked_duration_since(Instant::now())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no answer: {0}")]
    Silent(String),
    #[error("an answer that is none: {0}")]
    Garbled(String),
}

/// All of them.
pub struct Upstreams {
    client: Client<HttpConnector, Full<hyper::body::Bytes>>,
    all: Vec<One>,
    runtime: tokio::runtime::Handle,
}

#[derive(Deserialize)]
struct Head {
    height: u64,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<B256>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

impl Upstreams {
    /// On the runtime that this is called in.
    pub fn new(all: Vec<Upstream>) -> Self {
        let all = all.into_iter().take(UPSTREAMS_MAX);
        let all = all.map(|url| One { url, newest: AtomicU64::new(0), alone: Mutex::default() }).collect();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, all, runtime: tokio::runtime::Handle::current() }
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The newest certified block that one of them told of which is not left alone.
    pub fn newest(&self) -> u64 {
        let there = self.all.iter().filter(|one| one.left_alone_for().is_none());
        there.map(|one| one.newest.load(Ordering::Relaxed)).max().unwrap_or(0)
    }

    pub fn is_left_alone(&self, place: usize) -> bool {
        self.all[place].left_alone_for().is_some()
    }

    /// Ends when the one at `place` may be asked again.
    pub async fn may_be_asked(&self, place: usize) {
        while let Some(wait) = self.all[place].left_alone_for() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Height of a certified block above `above`, as soon as the one at `place` has one; `None` where it has none for a while or
    /// does not answer.
    pub async fn head_above(&self, place: usize, above: u64) -> Option<u64> {
        let asked = self.get(place, &format!("/chain/head?above={above}"), ANSWER_MAX_BYTES, NEWS_WITHIN).await;
        let head = asked.and_then(|body| {
            let head = body.map(|body| serde_json::from_slice::<Head>(&body)).transpose();
            head.map_err(|error| Failure::Garbled(error.to_string()))
        });
        match head {
            Ok(head) => {
                let height = head?.height;
                self.all[place].newest.fetch_max(height, Ordering::Relaxed);
                (height > above).then_some(height)
            }
            Err(failure) => {
                self.failed(place, &failure);
                None
            }
        }
    }

    /// What is at `path`, of at most `max_bytes`, from the first that has it, and who that is. Only those are asked that told of a
    /// certified block at `height` or above.
    pub async fn fetch(&self, path: &str, height: u64, max_bytes: usize) -> Option<(hyper::body::Bytes, usize)> {
        let there = |(_, one): &(usize, &One)| one.left_alone_for().is_none() && one.newest.load(Ordering::Relaxed) >= height;
        let mut others = self.all.iter().enumerate().filter(there).map(|(place, _)| place);
        let (mut asked, mut last) = (FuturesUnordered::new(), others.next()?);
        let ask = async |place| (place, self.get(place, path, max_bytes, ANSWER_WITHIN).await);
        asked.push(ask(last));
        loop {
            let next = match tokio::time::timeout(PATIENCE, asked.next()).await {
                Ok(Some((place, Ok(Some(bytes))))) => return Some((bytes, place)),
                Ok(Some((_, Ok(None)))) => others.next(),
                Ok(Some((place, Err(failure)))) => {
                    self.failed(place, &failure);
                    others.next()
                }
                Ok(None) => return None,
                Err(_) => {
                    let next = others.next();
                    if next.is_some() {
                        self.failed(last, &Failure::Silent(format!("nothing within {PATIENCE:?}")));
                    }
                    next
                }
            };
            if let Some(next) = next {
                last = next;
                asked.push(ask(next));
            }
        }
    }

    /// Passes a transaction on: what the node that takes it says is the answer. The thread waits, and its runtime, where it has one,
    /// takes another meanwhile.
    ///
    /// # Errors
    /// The refusal of the node, or that none answers.
    pub fn send(&self, raw: &Bytes) -> Result<B256, BackendError> {
        tokio::task::block_in_place(|| self.runtime.block_on(self.pass_on(raw)))
    }

    async fn pass_on(&self, raw: &Bytes) -> Result<B256, BackendError> {
        let there = self.all.iter().enumerate().filter(|(_, one)| one.left_alone_for().is_none());
        let there: Vec<usize> = there.map(|(place, _)| place).collect();
        let (mut silent, hash) = (false, keccak256(raw));
        for place in &there {
            let within = if there.last() == Some(place) { ANSWER_WITHIN } else { PATIENCE };
            match self.post(*place, raw, within).await {
                // The one that said nothing had it, and has handed it on.
                Ok(Answer { error: Some(refused), .. }) if silent && refused.message == PoolRefusal::AlreadyKnown.to_string() => {
                    return Ok(hash);
                }
                Ok(Answer { error: Some(refused), .. }) => return Err(BackendError::Refused(refused.message)),
                Ok(Answer { result: Some(told), .. }) if told == hash => return Ok(hash),
                Ok(_) => self.failed(*place, &Failure::Garbled("neither the hash nor a refusal".into())),
                Err(failure) => {
                    silent = true;
                    self.failed(*place, &failure);
                }
            }
        }
        let why = "this node has no vote and passes transactions on, and none of the nodes that it follows answers";
        Err(BackendError::Refused(format!("{why}; hint: send again")))
    }

    /// The one at `place` handed out what is proven wrong.
    pub fn wrong(&self, place: usize, what: &str) {
        let one = &self.all[place];
        let mut alone = one.alone();
        let wait = WRONG_FOR * 2u32.pow(alone.wrong.min(DOUBLED_MAX));
        alone.wrong = alone.wrong.saturating_add(1);
        alone.until = Some(Instant::now() + wait);
        one.newest.store(0, Ordering::Relaxed);
        tracing::warn!(node = %one.url, ?wait, "{what}; it is not asked for a while");
    }

    fn failed(&self, place: usize, failure: &Failure) {
        let one = &self.all[place];
        let mut alone = one.alone();
        if alone.until.is_some_and(|until| until > Instant::now()) {
            return; // several questions failed at once
        }
        let wait = SILENT_FOR * 2u32.pow(alone.silent.min(DOUBLED_MAX));
        if alone.silent == 0 {
            tracing::warn!(node = %one.url, "{failure}; it is asked again");
        }
        alone.silent = alone.silent.saturating_add(1);
        alone.until = Some(Instant::now() + wait);
    }

    async fn get(
        &self,
        place: usize,
        path: &str,
        max_bytes: usize,
        within: Duration,
    ) -> Result<Option<hyper::body::Bytes>, Failure> {
        let request = Request::get(format!("{}{path}", self.all[place].url)).body(Full::default());
        self.ask(place, request, max_bytes, within).await
    }

    async fn post(&self, place: usize, raw: &Bytes, within: Duration) -> Result<Answer, Failure> {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["{raw}"]}}"#);
        let request = Request::post(format!("{}/", self.all[place].url)).header(CONTENT_TYPE, "application/json");
        let answer = self.ask(place, request.body(Full::from(body)), ANSWER_MAX_BYTES, within).await?;
        let answer = answer.ok_or_else(|| Failure::Garbled("it takes no transactions".into()))?;
        serde_json::from_slice(&answer).map_err(|error| Failure::Garbled(error.to_string()))
    }

    async fn ask(
        &self,
        place: usize,
        request: Result<Request<Full<hyper::body::Bytes>>, hyper::http::Error>,
        max_bytes: usize,
        within: Duration,
    ) -> Result<Option<hyper::body::Bytes>, Failure> {
        let request = request.map_err(|error| Failure::Garbled(error.to_string()))?;
        let answered = tokio::time::timeout(within, async {
            let response = self.client.request(request).await.map_err(|error| Failure::Silent(error.to_string()))?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => return Ok(None),
                other => return Err(Failure::Silent(other.to_string())),
            }
            let body = Limited::new(response.into_body(), max_bytes).collect().await;
            body.map(|body| Some(body.to_bytes())).map_err(|error| Failure::Garbled(error.to_string()))
        });
        let answer = answered.await.map_err(|_| Failure::Silent(format!("nothing within {within:?}")))??;
        self.all[place].alone().silent = 0;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_http_and_a_name() {
        for good in ["http://192.0.2.7:8545", "http://node.example.org", "http://localhost:8545/"] {
            assert_eq!(good.parse::<Upstream>().expect(good).to_string(), good.trim_end_matches('/'));
        }
        for wrong in
            ["", "localhost:8545", "https://node.example.org", "http://", "http://node/path", "http://node?x", "ftp://node"]
        {
            assert!(wrong.parse::<Upstream>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn one_that_was_proven_wrong_is_left_alone_and_told_nothing() {
        let all = ["http://127.0.0.1:1", "http://127.0.0.1:2"].map(|text| text.parse().expect("an address"));
        let upstreams = Upstreams::new(all.to_vec());
        upstreams.all[0].newest.store(9, Ordering::Relaxed);
        upstreams.all[1].newest.store(5, Ordering::Relaxed);
        assert_eq!(upstreams.newest(), 9);
        upstreams.wrong(0, "a lie");
        assert_eq!(upstreams.newest(), 5);
        let first = upstreams.all[0].left_alone_for().expect("alone");
        upstreams.wrong(0, "a lie");
        assert!(upstreams.all[0].left_alone_for().expect("alone") > first + WRONG_FOR / 2, "longer each time");
        assert!(upstreams.all[1].left_alone_for().is_none());
    }

    /// Answers every request with `body`, or never.
    async fn serve(body: Option<&'static str>) -> Upstream {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 4_096];
                    while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {
                        if let Some(body) = body {
                            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                            stream.write_all(answer.as_bytes()).await.expect("sent");
                        }
                    }
                });
            }
        });
        url.parse().expect("an address")
    }

    #[tokio::test]
    async fn one_that_says_nothing_holds_nobody_up() {
        let known = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"already known"}}"#;
        let upstreams = Upstreams::new(vec![serve(None).await, serve(Some(known)).await]);
        let since = Instant::now();
        let (body, place) = upstreams.fetch("/chain/finalized/1", 0, 1_000).await.expect("the other one answers");
        assert_eq!((&body[..], place), (known.as_bytes(), 1));
        assert!(since.elapsed() >= PATIENCE && since.elapsed() < ANSWER_WITHIN, "{:?}", since.elapsed());
        assert!(upstreams.is_left_alone(0) && !upstreams.is_left_alone(1));

        // Whoever said nothing may have handed the transaction on before.
        upstreams.may_be_asked(0).await;
        let raw = Bytes::from_static(b"a transaction");
        assert_eq!(upstreams.pass_on(&raw).await.expect("it is there"), keccak256(&raw));
        assert!(since.elapsed() < ANSWER_WITHIN);
        // Where all have answered, the refusal is the answer.
        assert!(upstreams.is_left_alone(0) && upstreams.pass_on(&raw).await.is_err());
    }
}
