//! botserver-packages
