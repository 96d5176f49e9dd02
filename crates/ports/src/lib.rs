//! botserver-ports
