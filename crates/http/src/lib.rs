//! botserver-http
