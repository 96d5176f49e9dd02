//! The people: how they speak HTTP and sockets. What they say and measure is the sections' business.

mod http;
mod latency;
mod socket;

pub(crate) use http::{Http, Visitor};
pub(crate) use latency::Latency;
pub(crate) use socket::{Chat, Echo, TEXT};
