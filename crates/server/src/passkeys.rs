//! `/.well-known/webauthn`: the pages of other names that may use the passkeys of this page's name (WebAuthn Level 3, 5.11,
//! "Related Origin Requests"). A browser reads it at the passkey's name before it lets a page of another name ask.

use axum::{
    Json, Router,
    http::{StatusCode, Uri, uri::Scheme},
    response::IntoResponse as _,
    routing::get,
};
use serde::Serialize;
use serde_json::json;
use std::{future::ready, str::FromStr};

/// Pages that may be named. Browsers have to look at those of five registrable names only.
pub const PASSKEY_ORIGINS_MAX: usize = 16;
/// Longest origin, bytes: `https://`, a name of 253 (RFC 1035) and a port.
const ORIGIN_MAX_BYTES: usize = 8 + 253 + 6;

/// Where a page comes from: `https://NAME` or `https://NAME:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PasskeyOrigin(String);

/// Why a text is no such origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected https://NAME or https://NAME:PORT with nothing behind it; hint: passkeys work over https alone")]
pub struct NoOrigin;

impl FromStr for PasskeyOrigin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let text = text.to_ascii_lowercase();
        let uri: Uri = text.parse().map_err(|_| NoOrigin)?;
        let authority = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTPS)).ok_or(NoOrigin)?;
        let alone = format!("https://{authority}") == text && !authority.as_str().contains('@') && !authority.host().is_empty();
        if alone && text.len() <= ORIGIN_MAX_BYTES { Ok(Self(text)) } else { Err(NoOrigin) }
    }
}

/// The document, where origins are named; else there is none.
pub fn routes<S: Clone + Send + Sync + 'static>(origins: &[PasskeyOrigin]) -> Router<S> {
    let document = (!origins.is_empty()).then(|| Json(json!({ "origins": origins })));
    Router::new().route(
        "/.well-known/webauthn",
        get(move || ready(document.clone().map_or_else(|| StatusCode::NOT_FOUND.into_response(), Json::into_response))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, header};
    use tower::ServiceExt as _;

    fn origin(text: &str) -> Result<PasskeyOrigin, NoOrigin> {
        text.parse()
    }

    #[test]
    fn an_origin_is_a_name_behind_https_and_nothing_more() {
        for good in ["https://home.example.org", "https://home.example.org:8443", "HTTPS://Home.Example.org"] {
            assert_eq!(origin(good), Ok(PasskeyOrigin(good.to_ascii_lowercase())));
        }
        let long = format!("https://{}", "a".repeat(ORIGIN_MAX_BYTES));
        for bad in [
            "",
            "home.example.org",
            "http://home.example.org",
            "https://",
            "https://home.example.org/",
            "https://home.example.org/x",
            "https://home.example.org?x",
            "https://anna@home.example.org",
            "https://:8443",
            "https://두레.example",
            "https://a b",
            &long,
        ] {
            assert_eq!(origin(bad), Err(NoOrigin), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_document_names_the_origins_and_is_not_there_without_any() {
        let ask = async |origins: &[PasskeyOrigin]| {
            let request = Request::get("/.well-known/webauthn").body(Body::empty()).expect("a request");
            routes(origins).with_state(()).oneshot(request).await.expect("an answer")
        };
        assert_eq!(ask(&[]).await.status(), StatusCode::NOT_FOUND);
        let two = ["https://a.example", "https://b.example:8443"].map(|text| origin(text).expect("an origin"));
        let answer = ask(&two).await;
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
        let bytes = to_bytes(answer.into_body(), ORIGIN_MAX_BYTES).await.expect("a body");
        assert_eq!(bytes, r#"{"origins":["https://a.example","https://b.example:8443"]}"#);
    }
}
