//! Waits for work before a block is built.
//!
//! The wait is not part of the application: while glue's actor builds a proposal, it takes no final block over, and whoever
//! waits for a lone transaction would wait for the next heartbeat with it. So the wait stands between consensus and that actor.

use crate::{
    app::{App, Node, Scheme},
    block::{Block, BlockContext},
};
use commonware_consensus::{Application, Handoff, marshal::ancestry::Ancestry};
use commonware_cryptography::Digested;
use commonware_glue::stateful::Mailbox;
use commonware_runtime::Spawner;
use commonware_storage::Context;
use futures::future::{Either, select};
use std::{collections::HashSet, pin::pin, sync::Arc};

/// The application as consensus sees it.
pub struct Paced<E: Spawner + Context> {
    pub node: Arc<Node>,
    pub inner: Mailbox<E, App>,
}

impl<E: Spawner + Context> Clone for Paced<E> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), inner: self.inner.clone() }
    }
}

impl<E: Spawner + Context> Paced<E> {
    /// Waits for work that is not in flight, at most a heartbeat, and then a moment for more.
    async fn gather(&self, clock: &E, in_flight: &HashSet<alloy_primitives::B256>) {
        let (node, end) = (&self.node, clock.current() + self.node.pace.heartbeat);
        while !node.pool.has_work(in_flight, node.clock.now_ms(clock)) {
            match select(pin!(node.pool.arrival()), pin!(clock.sleep_until(end))).await {
                Either::Left(_) => {}
                Either::Right(_) => return,
            }
        }
        clock.sleep(node.pace.gather).await;
    }
}

impl<E: Spawner + Context> Application<E> for Paced<E> {
    type SigningScheme = Scheme;
    type Context = BlockContext;
    type Block = Block;
    type Input = ();

    async fn prepare(
        &mut self,
        context: (E, BlockContext),
        ancestry: impl Ancestry<Block>,
        input: (),
    ) -> Handoff<Digested<Block>> {
        self.inner.prepare(context, ancestry, input).await
    }

    async fn propose(
        &mut self,
        context: (E, BlockContext),
        ancestry: impl Ancestry<Block>,
        input: (),
    ) -> Option<Digested<Block>> {
        let lineage = self.node.lineage(&mut ancestry.clone()).await?;
        self.gather(&context.0, &lineage.in_flight).await;
        self.inner.propose(context, ancestry, input).await
    }

    async fn verify(&mut self, context: (E, BlockContext), ancestry: impl Ancestry<Block>) -> bool {
        self.inner.verify(context, ancestry).await
    }
}
