//! The child alone, so that this crate can be tested without the server: the same as `botserver extract`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(botserver_documents::extract_main(std::env::args_os().skip(1)))
}
