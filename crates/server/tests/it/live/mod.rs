//! A running server with packages of ours, and the people who use it: over HTTP and over the chat socket.

mod editor;
mod outside;
mod person;
mod schema;
mod socket;

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use reqwest::Client;

pub(crate) use self::{
    editor::Editor,
    outside::Slow,
    person::{Answer, Body, Visitor, message_id, texts},
    schema::Schema,
    socket::{Heard, Socket},
};
use crate::support::{Folder, Server};

/// Nothing takes longer, also on a machine that has a lot to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// The bot of the tests: each suggestion does one thing.
const PROBE: &[(&str, &str)] = &[
    (
        "start.bas",
        "CLEAR SUGGESTIONS\nADD SUGGESTION TOOL \"ask\" AS \"Ask me\"\nADD SUGGESTION TOOL \"slow\" AS \"Slow\"\n\
         ADD SUGGESTION TOOL \"sleep\" AS \"Sleep\"\nADD SUGGESTION TOOL \"fail\" AS \"Fail\"\n\
         ADD SUGGESTION TOOL \"broken\" AS \"Broken\"\nADD SUGGESTION TOOL \"photo\" AS \"Photo\"\n\
         ADD SUGGESTION TOOL \"count\" AS \"Count\"\nTALK \"Welcome.\"\n",
    ),
    ("ask.bas", "HEAR n AS INTEGER WITH \"How many?\"\nTALK \"You said ${n}.\"\n"),
    ("slow.bas", "TALK \"Looking.\"\nanswer = GET target + \"/hold\"\nTALK \"Found: ${answer}\"\n"),
    ("sleep.bas", "TALK \"Good night.\"\nWAIT 50\nTALK \"Good morning.\"\n"),
    ("fail.bas", "TALK \"Before.\"\nx = 0\nTALK 10 / x\n"),
    ("broken.bas", "IF x THEN\nTALK \"never\"\n"),
    ("photo.bas", "HEAR photo AS FILE WITH \"A file, please.\"\nTALK \"Thank you.\"\nSEND FILE photo, \"Yours\"\n"),
    ("count.bas", "SAVE \"visits\", { visitor: \"one\" }\nrows = FIND \"visits\"\nTALK \"${COUNT(rows)} visits\"\n"),
];

/// What a server is started with.
pub(crate) struct Setup {
    folder: Folder,
    settings: Vec<(String, String)>,
    database: Option<String>,
    config: Option<String>,
    options: Vec<String>,
    start: Option<&'static str>,
    samples: bool,
}

impl Setup {
    /// On SQLite, with the probe.
    pub(crate) fn new() -> Self {
        // One visitor of a test does in a second what people do in an hour.
        let plenty = ["MESSAGES_PER_MINUTE", "READS_PER_MINUTE", "CHANGES_PER_MINUTE", "REQUESTS_PER_ADDRESS"];
        let settings = plenty.map(|name| (format!("BOTSERVER_LIMITS__{name}"), "1000000".to_owned()));
        let new = Self {
            folder: Folder::new(),
            settings: settings.into(),
            database: None,
            config: None,
            options: Vec::new(),
            start: None,
            samples: false,
        };
        // No test pulls the plug, so nothing needs to reach the disk.
        new.set("STORAGE__DURABILITY", "off")
    }

    /// On another database.
    pub(crate) fn on(mut self, database: &str) -> Self {
        self.database = Some(database.to_owned());
        self
    }

    /// With the sample bots instead of the probe.
    pub(crate) fn with_samples(mut self) -> Self {
        self.samples = true;
        self
    }

    /// With a setting: `LIMITS__MESSAGES_PER_MINUTE`.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let name = format!("BOTSERVER_{name}");
        self.settings.retain(|(own, _)| *own != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// With a settings file.
    pub(crate) fn config(mut self, path: &str) -> Self {
        self.config = Some(path.to_owned());
        self
    }

    /// With one more option of the command.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// With another first dialog of the probe.
    pub(crate) fn with_start(mut self, text: &'static str) -> Self {
        self.start = Some(text);
        self
    }

    /// With a file below the folder of the packages.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.folder.write(&format!("bots/{path}"), text);
        self
    }

    /// With a place outside that answers when it is told to.
    pub(crate) fn reaching(self, slow: &Slow) -> Self {
        let config = format!("param-target,http://{}\n", slow.address);
        self.file("probe.gbai/probe.gbot/config.csv", &config).set("OUTBOUND__ALLOW", &slow.address)
    }

    /// Starts the server.
    pub(crate) fn start(self) -> Live {
        if !self.samples {
            for (name, text) in PROBE {
                let text = self.start.filter(|_| *name == "start.bas").unwrap_or(text);
                self.folder.write(&format!("bots/probe.gbai/probe.gbdialog/{name}"), text);
            }
        }
        let mut live = Live { setup: self, server: None, http: client(), base: String::new() };
        live.start();
        live
    }
}

/// A client like any other program's.
#[expect(clippy::disallowed_methods, reason = "a person's browser, not the product")]
fn client() -> Client {
    // Another test of this process may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plain = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    plain.build().expect("a plain client")
}

/// A running server.
pub(crate) struct Live {
    setup: Setup,
    server: Option<Server>,
    http: Client,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
}

impl Live {
    /// Starts it again on the same data.
    pub(crate) fn start(&mut self) {
        let Setup { folder, settings, database, config, options, samples, .. } = &self.setup;
        let server = Server::start_with(&folder.path("data"), |command| {
            command.args(options).envs(settings.iter().map(|(name, value)| (name, value)));
            if !samples {
                command.arg("--bots").arg(folder.path("bots"));
            }
            if let Some(config) = config {
                command.args(["--config", config]);
            }
            if let Some(database) = database {
                command.args(["--database", database]);
            }
        });
        server.chat.trim_end_matches('/').clone_into(&mut self.base);
        self.server = Some(server);
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("a running server")
    }

    /// The address of the database.
    pub(crate) fn database(&self) -> String {
        let file = || format!("sqlite://{}", self.data().join("botserver.db").display());
        self.setup.database.clone().unwrap_or_else(file)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.setup.folder.path("data")
    }

    /// A file below the folder of the packages.
    pub(crate) fn bots(&self, path: &str) -> PathBuf {
        self.setup.folder.path(if self.setup.samples { "data/bots" } else { "bots" }).join(path)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    /// Waits for the end that a signal brings.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        self.server.take().expect("a running server").ended()
    }

    /// Somebody who has never been here.
    pub(crate) fn stranger(&self) -> Visitor {
        Visitor::new(self.http.clone(), &self.base)
    }

    /// Somebody whose browser has a cookie.
    pub(crate) async fn visitor(&self) -> Visitor {
        let visitor = self.stranger();
        visitor.get("/api/v1/me").await.expect(200);
        visitor
    }

    /// Whoever has opened the owner's link.
    pub(crate) async fn owner(&self) -> Visitor {
        let owner = self.visitor().await;
        owner.enter(&self.server().owner).await.expect(303);
        owner
    }
}

/// Each `async fn name(setup: Setup) { … }` becomes two tests, `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($setup:ident: $type:ty) $body:block)+) => {
        $(
            $(#[$meta])*
            async fn $name($setup: $type) $body

            mod $name {
                #[tokio::test(flavor = "multi_thread")]
                async fn sqlite() {
                    super::$name($crate::live::Setup::new()).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn postgres() {
                    let schema = $crate::live::Schema::new();
                    super::$name($crate::live::Setup::new().on(&schema.url())).await;
                    schema.remove().await;
                }
            }
        )+
    };
}
pub(crate) use on_both;
