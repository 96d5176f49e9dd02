//! botserver-basic-std
