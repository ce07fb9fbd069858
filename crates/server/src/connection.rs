//! A connection: it holds its place at the door for as long as it lives, as HTTP or, after an upgrade, as a WebSocket. It ends
//! where the client does not send what it began ([`Turn`]), or does not read what it asked for ([`Connection`]).
//!
//! Both are watched without a timer for each request: timers cost more than anything else here.

use crate::doors::Place;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use rustix::net::{Shutdown, shutdown};
use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// Whose turn it is on a connection. Odd: the client's, who is to send a head or a body; even: ours. Every step makes another number.
pub(crate) struct Turn(AtomicU64);

impl Turn {
    /// The client begins.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1)))
    }

    /// It is whose turn it was, and something has happened.
    fn goes_on(&self) {
        self.0.fetch_add(2, Ordering::Relaxed);
    }

    /// From now on it is ours.
    pub fn ours(&self) {
        self.0.fetch_or(1, Ordering::Relaxed);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on it is the client's.
    pub fn clients(&self) {
        self.0.fetch_or(1, Ordering::Relaxed);
        self.goes_on();
    }

    /// Ends when it has been the client's for `within` (at most twice as long) and nothing has happened.
    pub async fn missed(&self, within: Duration) {
        let mut last = self.0.load(Ordering::Relaxed);
        loop {
            sleep(within).await;
            let now = self.0.load(Ordering::Relaxed);
            if now == last && now % 2 == 1 {
                return;
            }
            last = now;
        }
    }
}

/// The body of a request, which says when all of it has come.
pub(crate) struct Sent {
    body: Incoming,
    turn: Arc<Turn>,
}

impl Sent {
    pub fn new(body: Incoming, turn: Arc<Turn>) -> Self {
        if body.is_end_stream() {
            turn.ours()
        } else {
            turn.clients()
        }
        Self { body, turn }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.turn.ours();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Who reads must read so much within [`Connection::patience`] while there is something to read.
const READ_MIN_BYTES: usize = 64 << 10;

pub(crate) struct Connection {
    stream: TcpStream,
    place: Arc<Place>,
    turn: Arc<Turn>,
    patience: Duration,
    /// Runs while the client reads more slowly than it is written to, with what it has read since.
    stalled: Pin<Box<Sleep>>,
    behind: Option<usize>,
    given_up: bool,
}

impl Connection {
    pub fn new(stream: TcpStream, place: Arc<Place>, turn: Arc<Turn>, patience: Duration) -> Self {
        Self { stream, place, turn, patience, stalled: Box::pin(sleep(patience)), behind: None, given_up: false }
    }

    /// Passes on how a write went, unless the client has been behind for too long.
    fn wrote(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>, offered: usize) -> Poll<io::Result<usize>> {
        match &wrote {
            Poll::Ready(Ok(bytes)) => {
                self.turn.goes_on();
                let read = self.behind.map(|read| read + bytes);
                self.behind = read.filter(|read| *bytes < offered && *read < READ_MIN_BYTES);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.behind.is_none() {
                    self.behind = Some(0);
                    let until = Instant::now() + self.patience;
                    self.stalled.as_mut().reset(until);
                }
                ready!(self.stalled.as_mut().poll(context));
                if !std::mem::replace(&mut self.given_up, true) {
                    self.place.too_slow();
                    // Whoever waits for the client's next word is to hear of it too. An error says that it has gone.
                    let _ = shutdown(&self.stream, Shutdown::Both);
                }
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        wrote
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, wrote, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wrote(context, wrote, parts.iter().map(|part| part.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
