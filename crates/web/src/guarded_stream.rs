//! A TCP stream that counts as one open connection as long as it lives, also after it became a socket,
//! and that fails when the peer does not read for too long.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};

/// How long a peer may go on sending what nobody wants,
const LINGER: Duration = Duration::from_secs(5);
/// as long as something comes so often.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct GuardedStream {
    stream: TcpStream,
    patience: Duration,
    /// Runs while a write waits for the peer.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while the peer finishes what it began to send, after we have closed our side.
    lingering: Option<(Pin<Box<Sleep>>, Instant)>,
    _connection: OwnedSemaphorePermit,
}

impl GuardedStream {
    pub(crate) fn new(stream: TcpStream, connection: OwnedSemaphorePermit, patience: Duration) -> Self {
        Self { stream, patience, stalled: None, lingering: None, _connection: connection }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, progress: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let patience = self.patience;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, progress)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.watch(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Reads on for a while after our side is closed: closing with something unread resets the connection, and the
    /// peer, busy sending a body that we refused, would never read why.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, lingering, .. } = &mut *self;
        if lingering.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        }
        let (quiet, end) =
            lingering.get_or_insert_with(|| (Box::pin(tokio::time::sleep(PAUSE)), Instant::now() + LINGER));
        let mut sink = [MaybeUninit::uninit(); 8 << 10];
        while quiet.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::uninit(&mut sink);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            quiet.as_mut().reset((Instant::now() + PAUSE).min(*end));
        }
        Poll::Ready(Ok(()))
    }
}
