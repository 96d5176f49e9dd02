//! botserver-config
