//! State sync of values of any size through glue's peer-to-peer actor.
//!
//! The actor wants operations whose codec needs no configuration; the operations of a database of variable values need one
//! for keys and one for values, both empty here. [`Served`] and [`Fetcher`] wrap and unwrap on the way out and in. Nothing is
//! trusted that the actor would not trust: verdicts on responses are passed through unchanged.

use crate::state::{Databases, Digest, Family, State};
use bytes::BufMut;
use commonware_codec::{Buf, EncodeSize, Error, Read, Write};
use commonware_glue::stateful::db::{
    AttachableResolver, Shared,
    p2p::{Mailbox, ResponseDropped},
};
use commonware_runtime::Spawner;
use commonware_storage::{
    Context,
    qmdb::sync::{Feedback, Request, Response, Source, source},
};
use commonware_utils::channel::{mpsc, oneshot};
use std::{future::Future, pin::Pin, sync::Arc};

/// An operation of the database.
pub type Operation<E> = <Databases<E> as Source>::Op;
/// glue's mailbox for [`Served`] databases.
pub type SyncMailbox<E> = Mailbox<Served<E>, Family, Wire<Operation<E>>, Digest>;

/// An operation with a constant codec configuration.
#[derive(Clone, Debug)]
pub struct Wire<O>(pub O);

impl<O: Write> Write for Wire<O> {
    fn write(&self, buf: &mut impl BufMut) {
        self.0.write(buf);
    }
}

impl<O: EncodeSize> EncodeSize for Wire<O> {
    fn encode_size(&self) -> usize {
        self.0.encode_size()
    }
}

impl<O: Read<Cfg = ((), ())>> Read for Wire<O> {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, _: &()) -> Result<Self, Error> {
        O::read_cfg(buf, &((), ())).map(Wire)
    }
}

fn wrap<O>(response: Response<Family, O, Digest>) -> Response<Family, Wire<O>, Digest> {
    match response {
        Response::Operations { proof, operations } => {
            Response::Operations { proof, operations: operations.into_iter().map(Wire).collect() }
        }
        Response::Boundary { proof, op, pinned_nodes } => Response::Boundary { proof, op: Wire(op), pinned_nodes },
    }
}

fn unwrap<O>(response: Response<Family, Wire<O>, Digest>) -> Response<Family, O, Digest> {
    match response {
        Response::Operations { proof, operations } => {
            Response::Operations { proof, operations: operations.into_iter().map(|operation| operation.0).collect() }
        }
        Response::Boundary { proof, op, pinned_nodes } => Response::Boundary { proof, op: op.0, pinned_nodes },
    }
}

/// What peers are served from.
pub struct Served<E: Spawner + Context>(Databases<E>);

impl<E: Spawner + Context> Source for Served<E> {
    type Family = Family;
    type Digest = Digest;
    type Op = Wire<Operation<E>>;
    type Error = <Databases<E> as Source>::Error;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (response, _) = self.0.serve(request).await?;
        Ok((wrap(response), None))
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a syncing database fetches from.
pub struct Fetcher<E: Spawner + Context> {
    /// `None` where there is nobody to fetch from: a node without a vote runs every block.
    mailbox: Option<SyncMailbox<E>>,
    spawn: Arc<dyn Fn(Task) + Send + Sync>,
}

impl<E: Spawner + Context> Clone for Fetcher<E> {
    fn clone(&self) -> Self {
        Self { mailbox: self.mailbox.clone(), spawn: self.spawn.clone() }
    }
}

impl<E: Spawner + Context> Fetcher<E> {
    /// `spawn` runs the small tasks that pass verdicts back.
    pub fn new(mailbox: SyncMailbox<E>, spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self { mailbox: Some(mailbox), spawn: Arc::new(spawn) }
    }

    /// Fetches nothing and serves nobody.
    pub fn nobody() -> Self {
        Self { mailbox: None, spawn: Arc::new(drop) }
    }
}

impl<E: Spawner + Context> Source for Fetcher<E> {
    type Family = Family;
    type Digest = Digest;
    type Op = Operation<E>;
    type Error = ResponseDropped;

    async fn serve(&self, request: Request<Family>) -> source::Result<Self> {
        let (response, feedback) = self.mailbox.as_ref().ok_or(ResponseDropped)?.serve(request).await?;
        let Some(feedback) = feedback else { return Ok((unwrap(response), None)) };
        let (verdict, verdicts) = oneshot::channel();
        let (replacements, replaced) = mpsc::channel(1);
        (self.spawn)(Box::pin(forward(feedback, verdicts, replacements)));
        Ok((unwrap(response), Some(Feedback::new(verdict, replaced))))
    }
}

type Inner<O> = Response<Family, Wire<O>, Digest>;
type Outer<O> = Response<Family, O, Digest>;

/// Passes verdicts inward and replacement responses outward, until one is accepted or nobody waits any more. Dropping the
/// outer feedback drops the inner one, which cancels the request.
async fn forward<O: Send + 'static>(
    mut feedback: Feedback<Inner<O>>,
    mut verdicts: oneshot::Receiver<bool>,
    replacements: mpsc::Sender<(Outer<O>, oneshot::Sender<bool>)>,
) {
    loop {
        match verdicts.await {
            Ok(true) => return feedback.accept(),
            Err(_) => return,
            Ok(false) => {
                let next = futures::future::select(Box::pin(feedback.reject()), Box::pin(replacements.closed())).await;
                let futures::future::Either::Left((Some((response, inner)), _)) = next else { return };
                let (verdict, next_verdicts) = oneshot::channel();
                if replacements.try_send((unwrap(response), verdict)).is_err() {
                    return;
                }
                (feedback, verdicts) = (inner, next_verdicts);
            }
        }
    }
}

impl<E: Spawner + Context> AttachableResolver<State<E>> for Fetcher<E> {
    async fn attach_database(&self, database: Databases<E>) {
        if let Some(mailbox) = &self.mailbox {
            mailbox.attach_database(Shared::new("served", Served(database)));
        }
    }
}
