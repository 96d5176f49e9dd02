//! botserver-kernel
