//! botserver-session
