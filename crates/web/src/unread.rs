//! Knows whether the body of a request was read to its end: a connection on which something is left unread cannot carry
//! another request, and whoever sends must be told so.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Whether the end was reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadToEnd(Arc<AtomicBool>);

impl ReadToEnd {
    /// Watches the body of a request.
    pub(crate) fn watch(request: Request) -> (Request, Self) {
        let end = Self::default();
        if request.body().is_end_stream() {
            end.0.store(true, Ordering::Relaxed);
            return (request, end);
        }
        let watched = end.clone();
        (request.map(|body| Body::new(Watched { body, end: watched })), end)
    }

    /// True if nothing of the body is left.
    pub(crate) fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Watched {
    body: Body,
    end: ReadToEnd,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.end.0.store(true, Ordering::Relaxed);
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
