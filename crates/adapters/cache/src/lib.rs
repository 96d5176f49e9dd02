//! botserver-cache
