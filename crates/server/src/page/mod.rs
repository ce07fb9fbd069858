//! The status page at `/`: three files in the binary, no third-party request.

use axum::{
    Router,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};

/// Nothing but this node: no inline script, no frame, no form, no other host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Routes of the page.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { file("text/html; charset=utf-8", include_str!("index.html")) }))
        .route("/app.css", get(|| async { file("text/css; charset=utf-8", include_str!("app.css")) }))
        .route("/app.js", get(|| async { file("text/javascript; charset=utf-8", include_str!("app.js")) }))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let head: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (head, text)
}
