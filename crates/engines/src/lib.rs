//! botserver-engines
