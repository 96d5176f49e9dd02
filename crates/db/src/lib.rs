//! botserver-db
