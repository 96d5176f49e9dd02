//! Any bytes as an image; what is done with them stands in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| botserver_fuzz::image_any(bytes));
