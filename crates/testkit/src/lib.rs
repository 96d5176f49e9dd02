//! botserver-testkit
