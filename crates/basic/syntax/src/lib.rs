//! botserver-basic-syntax
