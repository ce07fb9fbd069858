//! What a client reads beside the methods: interfaces at `/abi/NAME.json`, and, where the page says "nobody", the test that
//! proves it at `/proof/NAME.rs`.

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use dure_api::abi;
use dure_rules::powers::NOBODY;

/// Routes of the documents.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/abi/{name}", get(|Path(name): Path<String>| async move { interface(&name) }))
        .route("/proof/{name}", get(|Path(name): Path<String>| async move { proof(&name) }))
}

/// One of `abi/` as it lies in the repository.
fn interface(name: &str) -> Response {
    let mut all = abi::json().into_iter().chain(abi::documents());
    let found = all.find(|(known, _)| name.strip_suffix(".json") == Some(known));
    answer("application/json", found.map(|(_, text)| text))
}

fn proof(name: &str) -> Response {
    let found = NOBODY.iter().find(|row| name.strip_suffix(".rs") == Some(row.what));
    answer("text/plain; charset=utf-8", found.map(|row| format!("// {}\n\n{}", row.file, row.source())))
}

fn answer(kind: &'static str, text: Option<String>) -> Response {
    let head: [(HeaderName, &str); 3] =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    text.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |text| (head, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;

    /// More than any document has.
    const BYTES_MAX: usize = 1 << 20;

    async fn ask(path: &str) -> (StatusCode, String) {
        let request = axum::http::Request::get(path).body(Body::empty()).expect("a request");
        let response = routes().with_state(()).oneshot(request).await.expect("an answer");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), BYTES_MAX).await.expect("a body");
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn every_interface_is_served_as_it_lies_in_the_repository() {
        for (name, text) in abi::json().into_iter().chain(abi::documents()) {
            assert_eq!(ask(&format!("/abi/{name}.json")).await, (StatusCode::OK, text), "{name}");
        }
        for absent in ["/abi/orders", "/abi/nothing.json", "/abi/..%2FCargo.json", "/proof/Nothing.rs"] {
            assert_eq!(ask(absent).await.0, StatusCode::NOT_FOUND, "{absent}");
        }
    }

    #[tokio::test]
    async fn every_proof_is_the_test_itself() {
        for row in NOBODY {
            let (status, text) = ask(&format!("/proof/{}.rs", row.what)).await;
            assert_eq!(status, StatusCode::OK);
            assert!(text.contains(row.file) && text.contains(&format!("fn {}(", row.test)), "{text}");
        }
    }
}
