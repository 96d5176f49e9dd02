//! The HTTP side as a client sees it: in process, and over a real listener where connections matter.
#![cfg(test)]

mod bodies;
mod embedded;
mod listener;
mod logs;
mod paths;
mod site;
mod sockets;
mod stack;
mod support;
