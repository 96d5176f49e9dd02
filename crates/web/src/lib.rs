//! The HTTP side that every room uses: problems, extractors, the stack around the handlers, pages and
//! assets, health checks, counters, the API's description, sockets, and the listener. Knows no domain.
//!
//! A room writes handlers that return `Result<_, Problem>` and puts them, with full paths, into an
//! `OpenApiRouter`; [`Site`] joins the rooms, [`Site::build`] puts the stack around them, [`serve`] runs it.
//!
//! Invariant: a handler of a room runs only after the origin check, the rate limits and the
//! [`Authenticator`]; an error's cause is logged under the request's id and never sent.

mod app;
mod authenticate;
mod docs;
mod extract;
mod guarded_stream;
mod health;
mod metrics;
mod origin;
mod problem;
mod rate;
mod request;
mod serve;
mod settings;
mod site;
mod sockets;
mod stack;
mod unread;

pub use authenticate::{Authenticated, Authenticator, Caller, SignIn};
pub use extract::{ClientAddress, IdempotencyKey, Json, Locale, PageParameters, PageQuery, Path, Query};
pub use health::{CheckReport, Health, HealthReport};
pub use metrics::{CounterFamily, GaugeHandle, Labels, Metrics};
pub use problem::{PROBLEM_JSON, Problem, status_of};
pub use rate::{RateLimited, RateLimiter, RatePolicy, RateState, address_key};
pub use request::{Deadline, Peer, REQUEST_ID_HEADER, RequestFacts, RequestId, current_request_id};
pub use serve::{ServeLimits, serve};
pub use settings::{AllowedOrigins, WebSettings};
pub use site::{ReservedNames, Site};
pub use sockets::{
    CUT_OFF_BYTES, CloseFrame, MAX_FRAME_BYTES, Message, SocketUpgrade, Sockets, WebSocket, was_cut_off,
};
pub use stack::Stack;
