//! A connection: it holds its place at the door for as long as it lives, as HTTP or, after an upgrade, as a WebSocket, and it ends
//! where the client does not read what it asked for.

use crate::doors::Place;
use rustix::net::{Shutdown, shutdown};
use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// Who reads must read so much within [`Connection::patience`] while there is something to read.
const READ_MIN_BYTES: usize = 64 << 10;

pub(crate) struct Connection {
    stream: TcpStream,
    place: Place,
    patience: Duration,
    /// Runs while the client reads more slowly than it is written to, with what it has read since.
    stalled: Pin<Box<Sleep>>,
    behind: Option<usize>,
    given_up: bool,
}

impl Connection {
    pub fn new(stream: TcpStream, place: Place, patience: Duration) -> Self {
        Self { stream, place, patience, stalled: Box::pin(sleep(patience)), behind: None, given_up: false }
    }

    /// Passes on how a write went, unless the client has been behind for too long.
    fn wrote(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>, offered: usize) -> Poll<io::Result<usize>> {
        match &wrote {
            Poll::Ready(Ok(bytes)) => {
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
