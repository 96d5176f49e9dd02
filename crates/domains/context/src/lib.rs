//! botserver-context
