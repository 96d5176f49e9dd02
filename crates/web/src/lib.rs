//! botserver-web
