//! botserver-module
