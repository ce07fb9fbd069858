//! A node without a vote: it follows nodes that it asks over HTTP, and believes none of them.
//!
//! Upon word of a new certified block: marshal is told of the height and asks for its certificate. Upon a height or a block that marshal
//! lacks: it is fetched from one of the nodes and handed to marshal, which checks the certificate against the validators of the genesis,
//! or the bytes against a hash that a certificate covers. Upon what fails that check: who handed it out is left alone, and another one is
//! asked. Blocks that are certified are run as a validator runs them, one after the other from the genesis.

use crate::{
    app::{Node, Public, Scheme},
    engine::{Blocks, Engine, MAILBOX, message_max},
    network,
    state::{self, Digest, StateSizes},
    sync::Fetcher as NoState,
    trunk::{self, Trunk, TrunkConfig},
    upstreams::Upstreams,
};
use commonware_consensus::{
    marshal::{
        Identifier,
        resolver::handler::{self, Annotation, Handler, Key},
    },
    types::Height,
};
use commonware_cryptography::certificate::ConstantProvider;
use commonware_glue::stateful::SyncPlan;
use commonware_resolver::{
    Consumer, Delivery, Outcome,
    opaque::{self, Fetcher},
};
use commonware_runtime::{Supervisor as _, tokio as runtime};
use commonware_utils::{channel::oneshot, ordered::Set, vec::NonEmptyVec};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Questions to other nodes at the same time.
const ASKED_AT_ONCE_MAX: usize = 16;
/// Pause before what was not found is asked for again, and between questions for news that are answered at once.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How long a node may take to hand out the certificate of a block that it told of.
const CERTIFICATE_WITHIN: Duration = Duration::from_secs(20);
/// How often is looked whether a certificate is here.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The partitions are those of a validator: whoever has followed may vote later, from the same folder.
const PREFIX: &str = "validator";

/// Asks the nodes for what marshal lacks.
#[derive(Clone)]
struct Asker {
    upstreams: Arc<Upstreams>,
    places: Arc<Semaphore>,
    max_bytes: usize,
}

/// What came, and from which node.
#[derive(Clone)]
struct Found {
    bytes: bytes::Bytes,
    place: usize,
}

impl Fetcher for Asker {
    type Key = Key<Digest>;
    type Value = Found;

    async fn fetch(&self, key: Key<Digest>) -> Option<Found> {
        let (path, height) = match key {
            Key::Finalized { height } => (format!("/chain/finalized/{height}"), height.get()),
            Key::Block(digest) => (format!("/chain/block/{}", state::hash_of(&digest)), 0),
            Key::Notarized { .. } => return std::future::pending().await, // of no use to who has no vote
        };
        let _place = self.places.acquire().await.ok()?;
        let (bytes, place) = self.upstreams.fetch(&path, height, self.max_bytes).await?;
        Some(Found { bytes, place })
    }
}

/// Hands to marshal what came, and holds it against the node where it is wrong.
#[derive(Clone)]
struct Checked {
    marshal: Handler<Digest>,
    upstreams: Arc<Upstreams>,
}

impl Consumer for Checked {
    type Key = Key<Digest>;
    type Value = Found;
    type Subscriber = Annotation;
    type Outcome = Outcome;

    fn deliver(&mut self, delivery: Delivery<Key<Digest>, Annotation>, found: Found) -> oneshot::Receiver<Outcome> {
        let key = delivery.key;
        let verdict = self.marshal.deliver(delivery, found.bytes);
        let (mut tell, told) = oneshot::channel();
        let upstreams = self.upstreams.clone();
        tokio::spawn(async move {
            tokio::select! {
                verdict = verdict => {
                    let Ok(outcome) = verdict else { return };
                    if outcome == Outcome::Invalid {
                        upstreams.wrong(found.place, &format!("what it hands out as {key} is proven wrong"));
                    }
                    let _ = tell.send(outcome); // an error says that it is not wanted any more
                }
                () = tell.closed() => {}
            }
        });
        told
    }
}

/// Starts a node without a vote.
///
/// # Panics
/// Where the archives or the database cannot be opened: there is no node without them.
pub async fn start(
    context: runtime::Context,
    node: Arc<Node>,
    validators: Set<Public>,
    upstreams: Arc<Upstreams>,
) -> Engine<runtime::Context> {
    let count = u32::try_from(validators.len()).unwrap_or(u32::MAX);
    let anybody = validators.iter().next().cloned().expect("the genesis names somebody");
    let provider = ConstantProvider::new(Scheme::verifier(&network::namespace(&node.genesis), validators));
    let opened = TrunkConfig {
        prefix: PREFIX,
        node: node.clone(),
        provider,
        cache: state::page_cache(StateSizes::ALONE),
        sizes: StateSizes::ALONE,
        kept_blocks: None,
        plan: SyncPlan::init(context.child("plan"), PREFIX.to_owned()).await,
        fetcher: NoState::nobody(),
    };
    let Trunk { marshal, blocks, stateful, mailbox } = trunk::open(&context, opened).await;
    let (receiver, handler) = handler::init(context.child("handler"), MAILBOX);
    let asker = Asker {
        upstreams: upstreams.clone(),
        places: Arc::new(Semaphore::new(ASKED_AT_ONCE_MAX)),
        max_bytes: message_max(count) as usize,
    };
    let checked = Checked { marshal: handler, upstreams: upstreams.clone() };
    let resolver = opaque::init::<_, _, _, Public>(context.child("blocks_fetch"), asker, checked, MAILBOX, ASK_AGAIN);
    let handle = marshal.start_unbuffered(mailbox.clone(), (receiver, resolver));
    trunk::come_up(&context, &node, &blocks).await;
    stateful.start();
    for place in 0..upstreams.count() {
        tokio::spawn(watch(upstreams.clone(), place, blocks.clone(), anybody.clone()));
    }
    Engine { handle, blocks, stateful: mailbox, synced_at: None }
}

/// Asks one of the nodes for news, for ever. One height at a time is taken up on its word: who makes up heights is found out.
async fn watch(upstreams: Arc<Upstreams>, place: usize, blocks: Blocks, anybody: Public) {
    let mut promised = 0;
    loop {
        upstreams.may_be_asked(place).await;
        let (asked, known) = (Instant::now(), certified(&blocks).await);
        let Some(height) = upstreams.head_above(place, known).await else {
            tokio::time::sleep(ASK_AGAIN.saturating_sub(asked.elapsed())).await;
            continue;
        };
        if promised <= known {
            promised = height;
            blocks.hint_finalized(Height::new(height), NonEmptyVec::new(anybody.clone()));
        }
        let since = Instant::now();
        while certified(&blocks).await < promised && !upstreams.is_left_alone(place) {
            if since.elapsed() > CERTIFICATE_WITHIN {
                upstreams.wrong(place, &format!("it hands out no certificate of block {promised} that it told of"));
                promised = 0;
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Height of the newest block whose certificate is here.
async fn certified(blocks: &Blocks) -> u64 {
    blocks.get_info(Identifier::Latest).await.map_or(0, |(height, _)| height.get())
}
