//! botserver-runtime
