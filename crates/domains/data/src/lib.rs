//! botserver-data
