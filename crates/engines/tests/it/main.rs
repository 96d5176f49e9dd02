//! Durable execution on both databases, with scripted programs in place of BASIC.
#![cfg(test)]

mod commits;
mod crashes;
mod program;
mod queue;
mod side_by_side;
mod sleeps;
mod stage;
mod turns;
