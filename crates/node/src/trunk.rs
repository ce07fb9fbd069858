//! What every full node has, with a vote or without: the archives of blocks and certificates, marshal, which believes only what the
//! validators certified, and the database that final blocks are run on.

use crate::{
    app::{App, Node, Scheme},
    block::Block,
    chain::Head,
    engine::{BUFFER, Blocks, EPOCH_BLOCKS, MAILBOX, SYNC_BATCH},
    state::{self, Digest, StateSizes, hash_of},
    sync::Fetcher,
};
use commonware_consensus::{
    Heightable as _,
    marshal::{self, Identifier, core::Actor, standard::Standard},
    simplex::types::Finalization,
    types::{Epoch, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{
    Digested, Digestible as _,
    certificate::{ConstantProvider, Verifier as _},
};
use commonware_glue::stateful::{
    Config as StatefulConfig, Mailbox as StatefulMailbox, PruneConfig, Stateful, SyncPlan, db::SyncEngineConfig,
};
use commonware_parallel::Sequential;
use commonware_runtime::{Spawner, buffer::paged::CacheRef};
use commonware_storage::{Context, archive::prunable, translator::TwoCap};
use commonware_utils::{NZU64, NZUsize};
use dure_execution::RECENT_HASHES;
use rand_core::CryptoRng;
use std::{num::NonZeroUsize, sync::Arc};

/// Blocks that may be final and not yet taken over.
const PENDING_MAX: NonZeroUsize = NZUsize!(16);

type Archive<E, V> = prunable::Archive<TwoCap, E, Digest, V>;
type Provider = ConstantProvider<Scheme, Epoch>;
/// Marshal, before it runs.
pub type Marshal<E> = Actor<
    E,
    Standard<Block>,
    Provider,
    Archive<E, Finalization<Scheme, Digest>>,
    Archive<E, Arc<Block>>,
    FixedEpocher,
    Sequential,
>;

/// What a trunk is opened with.
pub struct TrunkConfig<'a, E: Spawner + Context> {
    /// First part of every partition's name.
    pub prefix: &'a str,
    pub node: Arc<Node>,
    pub provider: Provider,
    pub cache: CacheRef,
    pub sizes: StateSizes,
    /// Blocks kept in the archive; `None` keeps all.
    pub kept_blocks: Option<usize>,
    pub plan: SyncPlan<E, Scheme, Standard<Block>>,
    /// Where the state is fetched from, where the plan says so.
    pub fetcher: Fetcher<E>,
}

/// What is open and does not run yet.
pub struct Trunk<E: CryptoRng + Spawner + Context> {
    pub marshal: Marshal<E>,
    pub blocks: Blocks,
    pub stateful: Stateful<E, App, Standard<Block>, Fetcher<E>, Sequential>,
    pub mailbox: StatefulMailbox<E, App>,
}

/// Opens archives and database.
///
/// # Panics
/// Where they cannot be opened: there is no node without them.
pub async fn open<E: CryptoRng + Spawner + Context>(context: &E, config: TrunkConfig<'_, E>) -> Trunk<E> {
    let TrunkConfig { prefix, node, provider, cache, sizes, kept_blocks, plan, fetcher } = config;
    let finalizations = prunable::Archive::init(
        context.child("finalizations"),
        archive(prefix, "finalizations", cache.clone(), Scheme::certificate_codec_config_unbounded()),
    );
    let finalizations = finalizations.await.expect("the archive of certificates opens");
    let stored = prunable::Archive::init(context.child("blocks"), archive(prefix, "blocks", cache.clone(), ()));
    let stored = stored.await.expect("the archive of blocks opens");

    let genesis = node.genesis.clone();
    let genesis_digest = genesis.digest();
    let (marshal, blocks, floor) = Actor::init(
        context.child("marshal"),
        finalizations,
        stored,
        marshal::Config {
            provider,
            epocher: FixedEpocher::new(EPOCH_BLOCKS),
            start: plan.marshal_start(Digested::precomputed(genesis, genesis_digest)),
            partition_prefix: prefix.to_owned(),
            mailbox_size: MAILBOX,
            view_retention: ViewDelta::new(64),
            prunable_items_per_section: NZU64!(256),
            page_cache: cache.clone(),
            replay_buffer: BUFFER,
            key_write_buffer: BUFFER,
            value_write_buffer: BUFFER,
            block_codec_config: (),
            max_repair: NZUsize!(16),
            max_pending_acks: PENDING_MAX,
            strategy: Sequential,
        },
    )
    .await;

    let (stateful, mailbox) = Stateful::new(
        context.child("stateful"),
        StatefulConfig {
            application: App(node),
            db_config: state::config(prefix, cache, sizes),
            provider: (),
            marshal: (blocks.clone(), floor),
            mailbox_size: MAILBOX,
            plan,
            resolvers: fetcher,
            sync_config: SyncEngineConfig {
                fetch_batch_size: SYNC_BATCH,
                apply_batch_size: NZU64!(1024),
                max_outstanding_requests: NZUsize!(8),
            },
            prune_config: kept_blocks.map(|kept| PruneConfig {
                maintenance_interval: NZUsize!(64),
                retained_marshal_blocks: kept,
                retained_qmdb_blocks: 0,
            }),
            strategy: Sequential,
        },
    );
    Trunk { marshal, blocks, stateful, mailbox }
}

/// Tells the clock and the chain where the chain stood when this node went down.
pub async fn come_up<E: Spawner + Context>(context: &E, node: &Node, blocks: &Blocks) {
    let Some((_, last)) = blocks.get_anchor().await else {
        return node.clock.come_up(context, node.genesis.time_ms);
    };
    let (height, time_ms) = (last.height().get(), last.inner().time_ms);
    let mut hashes = Vec::new();
    for height in height.saturating_sub(u64::from(RECENT_HASHES))..=height {
        match blocks.get_block(Identifier::Height(Height::new(height))).await {
            Some(block) => hashes.push(hash_of(&block.digest())),
            None => hashes.clear(), // below what a state sync left out
        }
    }
    node.chain.come_up(Head { height, hash: hash_of(&last.digest()), time_ms }, hashes);
    node.clock.come_up(context, time_ms);
}

fn archive<C>(prefix: &str, name: &str, cache: CacheRef, codec_config: C) -> prunable::Config<TwoCap, C> {
    prunable::Config {
        translator: TwoCap,
        metadata_partition: format!("{prefix}-{name}-metadata"),
        key_partition: format!("{prefix}-{name}-key"),
        key_page_cache: cache,
        value_partition: format!("{prefix}-{name}-value"),
        compression: None,
        codec_config,
        items_per_section: NZU64!(256),
        key_write_buffer: BUFFER,
        value_write_buffer: BUFFER,
        replay_buffer: BUFFER,
    }
}
