//! The server that events come from (OpenADR's VTN), asked as a client of its own: token, program, events, reports.
//!
//! This module never takes half a list for the whole: an event that is missing counts as taken back.

use super::{
    config::VtnFile,
    kept::EVENTS_MAX,
    wire::{Program, Report},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Bytes of one answer.
const ANSWER_MAX_BYTES: usize = 4 << 20;
/// Objects in one answer: the most that the standard lets a client ask for.
const PAGE: usize = 50;
/// Programs that are looked through for one of a name.
const PROGRAMS_MAX: usize = 1_000;
/// A token is taken for this much shorter than the server says, and for so long where it does not.
const TOKEN_SPARE: Duration = Duration::from_secs(30);
const TOKEN_DEFAULT: Duration = Duration::from_secs(60);

/// Why the server did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VtnError {
    #[error("no VTN answers at {url}: {why}")]
    Away { url: String, why: String },
    #[error("{url} did not answer within {} s", ANSWER_MAX.as_secs())]
    Slow { url: String },
    #[error("{url} says {status}{detail}")]
    Refused { url: String, status: u16, detail: String },
    #[error("the answer of {url} is not understood: {why}")]
    Rubbish { url: String, why: String },
    #[error("{url} has more than {max} events of this program; nothing is changed until there are fewer")]
    TooMany { url: String, max: usize },
    #[error("{url} has no program of the name or id `{program}`")]
    NoProgram { url: String, program: String },
    #[error("the secret in {path}: {why}")]
    Secret { path: String, why: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub struct Vtn {
    http: Http,
    file: VtnFile,
    basic: String,
    token: Option<(String, Instant)>,
    program: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Vtn {
    /// # Errors
    /// Where the secret cannot be used.
    pub fn new(file: VtnFile) -> Result<Self, VtnError> {
        let secret = secret(&file.secret)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| VtnError::Tls(error.to_string()))?.with_platform_verifier().with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        // Plain HTTP is for this machine alone, which the file's reader has seen to.
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        // RFC 6749, 2.3.1: both parts in the form encoding first.
        let basic = BASE64_STANDARD.encode(format!("{}:{}", encoded(&file.client_id), encoded(&secret)));
        Ok(Self { http, file, basic, token: None, program: None })
    }

    pub fn url(&self) -> &str {
        self.file.url.trim_end_matches('/')
    }

    /// All events of the program.
    ///
    /// # Errors
    /// [`VtnError`].
    pub async fn events(&mut self) -> Result<Vec<Value>, VtnError> {
        let program = self.program().await?;
        let path = format!("/events?programID={}", encoded(&program));
        let all = self.all(&path).await?;
        // Between two pages an event may come or go, and then one is missing that is there.
        if all.len() >= PAGE && self.all(&path).await? != all {
            return Err(self.rubbish("its events change while they are read"));
        }
        // A server that does not filter is passed over, not believed.
        Ok(all.into_iter().filter(|event| event["programID"].as_str() == Some(program.as_str())).collect())
    }

    async fn all(&mut self, path: &str) -> Result<Vec<Value>, VtnError> {
        let max = EVENTS_MAX;
        self.pages(path, max).await?.ok_or_else(|| VtnError::TooMany { url: self.url().into(), max })
    }

    /// Hands a report in: a new one, or in place of the one that is there. Its id comes back.
    ///
    /// # Errors
    /// [`VtnError`].
    pub async fn report(&mut self, earlier: Option<&str>, report: &Report) -> Result<String, VtnError> {
        let body = serde_json::to_vec(report).map_err(|error| self.rubbish(error))?;
        if let Some(id) = earlier {
            match self.ask::<Id>(Method::PUT, &format!("/reports/{}", encoded(id)), Some(&body)).await {
                // It was deleted there: a new one takes its place.
                Err(VtnError::Refused { status: 404, .. }) => {}
                other => return Ok(other?.id),
            }
        }
        Ok(self.ask::<Id>(Method::POST, "/reports", Some(&body)).await?.id)
    }

    async fn program(&mut self) -> Result<String, VtnError> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let all: Vec<Program> = self.pages("/programs?", PROGRAMS_MAX).await?.unwrap_or_default();
        let name = &self.file.program;
        let found = all.iter().find(|program| program.id == *name).or(all.iter().find(|program| program.program_name == *name));
        let found = found.ok_or_else(|| VtnError::NoProgram { url: self.url().into(), program: name.clone() })?;
        self.program = Some(found.id.clone());
        Ok(found.id.clone())
    }

    /// All pages of a list; none: there are more than `max` objects.
    async fn pages<T: DeserializeOwned>(&mut self, path: &str, max: usize) -> Result<Option<Vec<T>>, VtnError> {
        let mut all = Vec::new();
        while all.len() <= max {
            let page: Vec<T> = self.ask(Method::GET, &format!("{path}&skip={}&limit={PAGE}", all.len()), None).await?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(Some(all).filter(|all| all.len() <= max));
            }
        }
        Ok(None)
    }

    async fn ask<T: DeserializeOwned>(&mut self, method: Method, path: &str, body: Option<&[u8]>) -> Result<T, VtnError> {
        let url = format!("{}{path}", self.url());
        for attempt in [1, 2] {
            let token = self.token().await?;
            let request =
                Request::builder().method(method.clone()).uri(&url).header(header::AUTHORIZATION, format!("Bearer {token}"));
            let request = request.header(header::CONTENT_TYPE, "application/json");
            match self.send(request, body.unwrap_or_default()).await {
                // The server may have forgotten the token: a fresh one is tried once.
                Err(VtnError::Refused { status: 401, .. }) if attempt == 1 => self.token = None,
                other => return self.parsed(&other?),
            }
        }
        Err(VtnError::Refused { url, status: 401, detail: String::new() })
    }

    async fn token(&mut self) -> Result<String, VtnError> {
        if let Some((token, until)) = &self.token
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let url = self.file.token_url.clone().unwrap_or_else(|| format!("{}/auth/token", self.url()));
        let request =
            Request::builder().method(Method::POST).uri(url).header(header::AUTHORIZATION, format!("Basic {}", self.basic));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.send(request, b"grant_type=client_credentials").await?;
        let Token { access_token, expires_in } = self.parsed(&answer)?;
        let lasts = expires_in.map_or(TOKEN_DEFAULT, |seconds| Duration::from_secs(seconds.min(86_400)));
        let until = Instant::now() + lasts.saturating_sub(TOKEN_SPARE).max(Duration::from_secs(1));
        self.token = Some((access_token.clone(), until));
        Ok(access_token)
    }

    async fn send(&self, request: hyper::http::request::Builder, body: &[u8]) -> Result<Bytes, VtnError> {
        let request = request.header(header::ACCEPT, "application/json");
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).map_err(|error| self.rubbish(error))?;
        let url = request.uri().path().to_owned();
        let url = format!(
            "{}://{}{url}",
            request.uri().scheme_str().unwrap_or(""),
            request.uri().authority().map_or("", |at| at.as_str())
        );
        let answered = async {
            let away = |why: String| VtnError::Away { url: url.clone(), why };
            let answer = self.http.request(request).await.map_err(|error| away(causes(&error)))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await;
            let body = body.map_err(|error| VtnError::Rubbish { url: url.clone(), why: error.to_string() })?.to_bytes();
            if status.is_success() { Ok(body) } else { Err(refused(&url, status, &body)) }
        };
        tokio::time::timeout(ANSWER_MAX, answered).await.unwrap_or_else(|_| Err(VtnError::Slow { url: url.clone() }))
    }

    fn parsed<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T, VtnError> {
        serde_json::from_slice(answer).map_err(|error| self.rubbish(error))
    }

    fn rubbish(&self, why: impl ToString) -> VtnError {
        VtnError::Rubbish { url: self.url().into(), why: why.to_string() }
    }
}

/// Of what a server says beside its refusal.
const DETAIL_MAX: usize = 200;

fn refused(url: &str, status: StatusCode, body: &[u8]) -> VtnError {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let detail = ["detail", "title", "error_description", "error"].into_iter().find_map(|key| problem[key].as_str());
    let detail = detail.map_or_else(String::new, |detail| format!(": {}", detail.chars().take(DETAIL_MAX).collect::<String>()));
    VtnError::Refused { url: url.to_owned(), status: status.as_u16(), detail }
}

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn secret(path: &Path) -> Result<String, VtnError> {
    let wrong = |why: String| VtnError::Secret { path: path.display().to_string(), why };
    let about = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(wrong(format!("it can be read by others; hint: chmod 600 {}", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let text = text.trim();
    if text.is_empty() || text.lines().count() > 1 {
        return Err(wrong("expected one line".into()));
    }
    Ok(text.to_owned())
}

/// Percent-encoded, but for what no URL gives a meaning.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_and_refusals_say_what_the_server_said() {
        assert_eq!(encoded("grid & Straße/7"), "grid%20%26%20Stra%C3%9Fe%2F7");
        let said = refused("https://vtn.example", StatusCode::FORBIDDEN, br#"{"title":"no","detail":"not your program"}"#);
        assert_eq!(said.to_string(), "https://vtn.example says 403: not your program");
        assert_eq!(refused("u", StatusCode::BAD_GATEWAY, b"<html>").to_string(), "u says 502");
    }

    #[test]
    fn a_secret_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret\n").expect("written");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        mode(0o644);
        assert!(secret(&path).expect_err("open").to_string().contains("chmod 600"));
        mode(0o600);
        assert_eq!(secret(&path), Ok("s3cret".into()));
        std::fs::write(&path, "\n").expect("written");
        assert!(secret(&path).is_err());
    }
}
