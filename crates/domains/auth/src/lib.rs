//! botserver-auth
