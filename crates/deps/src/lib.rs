//! botserver-deps
