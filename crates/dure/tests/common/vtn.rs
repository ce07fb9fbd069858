//! A small OpenADR 3.1 server on loopback: token, programs, events, reports.

use super::street::Street;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post, put},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

/// What it has.
#[derive(Default)]
pub struct Shelf {
    pub events: Vec<Value>,
    /// By event.
    pub reports: BTreeMap<String, Value>,
    /// It answers with a page of HTML.
    pub rubbish: bool,
    /// Tokens that it gave out; only the newest counts.
    pub tokens: u32,
    /// Reports that it was handed anew.
    pub posted: u32,
}

pub struct Vtn {
    pub url: String,
    shelf: Arc<Mutex<Shelf>>,
}

type Answer = Result<String, (StatusCode, String)>;
type Shared = State<Arc<Mutex<Shelf>>>;

impl Vtn {
    /// Runs until the street is dropped.
    pub fn open(street: &Street) -> Self {
        let shelf: Arc<Mutex<Shelf>> = Arc::default();
        let of = Arc::clone(&shelf);
        let listener = street.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}/openadr3/3.1.0", listener.local_addr().expect("an address"));
        let routes = Router::new()
            .route("/auth/token", post(token))
            .route("/programs", get(programs))
            .route("/events", get(events))
            .route("/reports", post(report))
            .route("/reports/{id}", put(changed_report))
            .with_state(of);
        let app = Router::new().nest("/openadr3/3.1.0", routes);
        street.runtime.spawn(async move { axum::serve(listener, app).await });
        Self { url, shelf }
    }

    pub fn change<T>(&self, by: impl FnOnce(&mut Shelf) -> T) -> T {
        by(&mut self.shelf.lock().expect("whole"))
    }

    /// What the newest report on an event says of a resource: its intervals.
    pub fn said(&self, event: &str, resource: &str) -> Option<Vec<Value>> {
        self.change(|shelf| {
            let resources = shelf.reports.get(event)?["resources"].as_array()?.clone();
            let found = resources.into_iter().find(|of| of["resourceName"] == resource)?;
            Some(found["intervals"].as_array()?.clone())
        })
    }
}

/// The values of a payload in an interval.
pub fn values(interval: &Value, kind: &str) -> Option<Vec<Value>> {
    let payload = interval["payloads"].as_array()?.iter().find(|payload| payload["type"] == kind)?;
    Some(payload["values"].as_array()?.clone())
}

fn bearer(shelf: &Shelf, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
    if given == format!("Bearer t{}", shelf.tokens) {
        return Ok(());
    }
    Err((StatusCode::UNAUTHORIZED, json!({ "title": "who are you?" }).to_string()))
}

async fn token(State(shelf): Shared, headers: HeaderMap, body: Bytes) -> Answer {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    // operator:s3cret, as RFC 7617 writes it.
    if given != Some("Basic b3BlcmF0b3I6czNjcmV0") || body != "grant_type=client_credentials" {
        return Err((StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" }).to_string()));
    }
    let mut shelf = shelf.lock().expect("whole");
    shelf.tokens += 1;
    Ok(json!({ "access_token": format!("t{}", shelf.tokens), "token_type": "Bearer", "expires_in": 3600 }).to_string())
}

async fn programs(State(shelf): Shared, headers: HeaderMap) -> Answer {
    bearer(&shelf.lock().expect("whole"), &headers)?;
    Ok(json!([{ "id": "p0", "programName": "other" }, { "id": "p1", "programName": "grid" }]).to_string())
}

async fn events(State(shelf): Shared, headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Answer {
    let shelf = shelf.lock().expect("whole");
    bearer(&shelf, &headers)?;
    if shelf.rubbish {
        return Ok("<html>down for maintenance</html>".into());
    }
    let number = |name: &str| query[name].parse::<usize>().expect("a number");
    let of = shelf.events.iter().filter(|event| event["programID"] == query["programID"].as_str());
    let page: Vec<&Value> = of.skip(number("skip")).take(number("limit")).collect();
    Ok(json!(page).to_string())
}

fn take(shelf: &mut Shelf, report: Value) -> String {
    assert_eq!((&report["objectType"], &report["clientName"]), (&json!("REPORT"), &json!("dure-port")), "{report}");
    let event = report["eventID"].as_str().expect("an event").to_owned();
    let id = format!("r-{event}");
    let mut answer = report.clone();
    answer["id"] = json!(id);
    shelf.reports.insert(event, report);
    answer.to_string()
}

async fn report(State(shelf): Shared, headers: HeaderMap, Json(report): Json<Value>) -> Answer {
    let mut shelf = shelf.lock().expect("whole");
    bearer(&shelf, &headers)?;
    shelf.posted += 1;
    Ok(take(&mut shelf, report))
}

async fn changed_report(State(shelf): Shared, headers: HeaderMap, Path(id): Path<String>, Json(report): Json<Value>) -> Answer {
    let mut shelf = shelf.lock().expect("whole");
    bearer(&shelf, &headers)?;
    assert_eq!(format!("r-{}", report["eventID"].as_str().expect("an event")), id);
    Ok(take(&mut shelf, report))
}
