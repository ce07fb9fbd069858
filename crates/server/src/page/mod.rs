//! The console at `/`: the files of `console/dist`, in the binary. No third-party request.

use alloy_primitives::{hex, keccak256};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::{future::ready, sync::LazyLock};

/// Nothing but this node: no inline script or style, no frame, no form, no other host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Files below it are named by what they hold.
const NEVER_CHANGES: &str = "/assets/";

/// One file of the console.
struct Asset {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/console.rs"));
static TAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| ASSETS.iter().map(|asset| format!("\"{}\"", hex::encode(&keccak256(asset.plain)[..12]))).collect());

/// Every path that nothing else answers: a file of the console, or, where it names no file, the page, which knows its own paths.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().fallback(|request: Request| {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        ready(if reads { answer(request.uri().path(), request.headers()) } else { StatusCode::NOT_FOUND.into_response() })
    })
}

fn answer(path: &str, asked: &HeaderMap) -> Response {
    let names_a_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let wanted = if names_a_file { path } else { "/index.html" };
    let Some(index) = ASSETS.iter().position(|asset| asset.path == wanted) else { return StatusCode::NOT_FOUND.into_response() };
    let (Some(asset), Some(tag)) = (ASSETS.get(index), TAGS.get(index)) else { return StatusCode::NOT_FOUND.into_response() };
    let has = |name, value: &str| {
        asked.get(name).and_then(|given| given.to_str().ok()).is_some_and(|given| given.split(',').any(|one| one.trim() == value))
    };
    let unchanged = has(header::IF_NONE_MATCH, tag);
    let packed = asset.brotli.filter(|_| has(header::ACCEPT_ENCODING, "br"));
    let body = if unchanged { Body::empty() } else { Body::from(packed.unwrap_or(asset.plain)) };
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = (status, body).into_response();
    let cache = if asset.path.starts_with(NEVER_CHANGES) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind(asset.path)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        head.insert(name, HeaderValue::from_static(value));
    }
    if packed.is_some() && !unchanged {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        head.insert(header::ETAG, tag);
    }
    response
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("value"))).collect();
        answer(path, &headers)
    }

    fn head<'a>(response: &'a Response, name: &header::HeaderName) -> Option<&'a str> {
        response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    #[test]
    fn a_path_without_a_file_is_the_page_and_a_file_that_is_not_there_is_not_found() {
        for (path, status, kind) in [
            ("/", StatusCode::OK, Some("text/html; charset=utf-8")),
            ("/orders/0xb3", StatusCode::OK, Some("text/html; charset=utf-8")),
            ("/icon.svg", StatusCode::OK, Some("image/svg+xml")),
            ("/assets/absent.js", StatusCode::NOT_FOUND, None),
            ("/../Cargo.toml", StatusCode::NOT_FOUND, None),
        ] {
            let response = ask(path, &[]);
            assert_eq!((response.status(), head(&response, &header::CONTENT_TYPE)), (status, kind), "{path}");
        }
    }

    #[test]
    fn a_browser_that_has_it_gets_nothing_and_one_that_opens_brotli_gets_brotli() {
        let first = ask("/", &[(header::ACCEPT_ENCODING, "gzip, deflate, br")]);
        assert_eq!(head(&first, &header::CONTENT_ENCODING), Some("br"));
        assert_eq!(head(&ask("/", &[(header::ACCEPT_ENCODING, "gzip")]), &header::CONTENT_ENCODING), None);
        let tag = head(&first, &header::ETAG).expect("a tag");
        assert_eq!(ask("/", &[(header::IF_NONE_MATCH, tag)]).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("/", &[(header::IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn nothing_but_the_node_itself_may_be_asked_and_no_script_stands_in_the_page() {
        let response = ask("/", &[]);
        let policy = head(&response, &header::CONTENT_SECURITY_POLICY).expect("a policy");
        for banned in ["unsafe", "http:", "https:", "*"] {
            assert!(!policy.contains(banned), "{banned} in {policy}");
        }
        let page = ASSETS.iter().find(|asset| asset.path == "/index.html").expect("the page");
        let page = String::from_utf8_lossy(page.plain);
        assert!(page.contains("<script") && !page.contains("<script>") && !page.contains("style="), "{page}");
    }
}
