//! botserver-objects
