//! Any bytes as a script; what is done with them stands in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| botserver_fuzz::compile_any(bytes));
