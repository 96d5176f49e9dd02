//! botserver-basic-spec
