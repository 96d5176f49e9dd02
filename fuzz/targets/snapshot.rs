//! Any bytes as a snapshot; what is done with them stands in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| botserver_fuzz::snapshot_any(bytes));
