//! The door for commands on a data directory that a server holds: a socket in it that nobody but the server's own user
//! can open. One line of JSON asks, one answers.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use botserver_auth::Auth;
use botserver_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    commands::kb,
    debugging::{Begun, Door},
    documents::Documents,
};

const SOCKET: &str = "control.sock";
/// No question is longer.
const LONGEST: u64 = 16 << 10;
/// No answer is longer: passages are short, and few.
const LONGEST_ANSWER: u64 = 16 << 20;
/// How long a question about documents waits for a server that has just started to know its bots.
const STARTING: Duration = Duration::from_secs(5);
/// Who asks and then says nothing holds up the others for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum Request {
    OwnerLink,
    Documents {
        ask: kb::Ask,
    },
    /// The connection is a debugger's from then on.
    Debug {
        bot: String,
        #[serde(default)]
        conversation: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    OwnerLink(Link),
    Documents(Json),
    Debugging(Debugging),
    Refused(String),
}

/// Where the scripts of the bot are that a debugger looks into.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Debugging {
    /// The folder of the package.
    pub(crate) root: PathBuf,
}

/// A link that makes whoever opens it first an owner. Never logged.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) link: String,
    /// RFC 3339.
    pub(crate) expires_at: String,
}

/// Makes a link.
pub(crate) async fn owner_link(auth: &Auth, base: &str) -> Result<Link> {
    let made = auth.issue_owner_link().await?;
    let expires_at = Timestamp::from_millisecond(made.expires_at_ms)?.to_string();
    Ok(Link { link: format!("{base}{}", made.path.expose()), expires_at })
}

/// The server's side.
pub(crate) struct Control {
    listener: UnixListener,
    auth: Auth,
    documents: Documents,
    door: Door,
    base: String,
    debuggers: TaskTracker,
}

impl Control {
    /// Opens the socket of a directory that this process holds; `base` is the address people use.
    pub(crate) fn open(dir: &Path, auth: Auth, documents: Documents, door: Door, base: String) -> io::Result<Self> {
        let path = dir.join(SOCKET);
        match std::fs::remove_file(&path) {
            // Left behind by a server that was killed.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, auth, documents, door, base, debuggers: TaskTracker::new() })
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a command could not be heard");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = stop.cancelled() => break,
            };
            // A command that went away has its reasons.
            if let Ok(Ok(Some((begun, stream)))) = timeout(PATIENCE, self.answer(stream)).await {
                self.debuggers.spawn(begun.talk(stream, stop.clone()));
            }
        }
        self.debuggers.close();
        self.debuggers.wait().await;
    }

    /// Answers one line; a debugger that is let in stays.
    async fn answer(&self, mut stream: UnixStream) -> io::Result<Option<(Begun, UnixStream)>> {
        let mut stays = None;
        let answer = match serde_json::from_str(&line(&mut stream, LONGEST).await?) {
            Ok(Request::OwnerLink) => match owner_link(&self.auth, &self.base).await {
                Ok(link) => Answer::OwnerLink(link),
                Err(error) => {
                    tracing::error!(%error, "an owner link cannot be made");
                    Answer::Refused("the server failed to make a link; its log has the reason".to_owned())
                }
            },
            Ok(Request::Documents { ask }) => self.about_documents(ask).await,
            Ok(Request::Debug { bot, conversation }) => match self.door.begin(&bot, conversation.as_deref()) {
                Ok((begun, about)) => {
                    stays = Some(begun);
                    Answer::Debugging(about)
                }
                Err(reason) => Answer::Refused(reason),
            },
            Err(_) => Answer::Refused("this server does not know the command; it may be an older one".to_owned()),
        };
        say(&mut stream, &answer).await?;
        Ok(stays.map(|begun| (begun, stream)))
    }

    async fn about_documents(&self, ask: kb::Ask) -> Answer {
        let is_known = timeout(STARTING, self.documents.are_attached()).await.is_ok();
        match kb::answer(&self.documents.knowledge, self.auth.org_id(), ask).await {
            Ok(found) => Answer::Documents(found),
            Err(error) if is_known => Answer::Refused(format!("{error:#}")),
            Err(error) => Answer::Refused(format!(
                "{error:#}; but this server is still starting and has not looked at all bots yet: ask again in a moment"
            )),
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Some(path) = self.listener.local_addr().ok().as_ref().and_then(|address| address.as_pathname()) {
            // What stays behind is removed by the next server.
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn line(stream: &mut UnixStream, longest: u64) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(longest)).read_line(&mut line).await?;
    Ok(line)
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), what: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(what)?;
    text.push('\n');
    stream.write_all(text.as_bytes()).await
}

/// Asks the server that holds a directory for an owner link.
pub(crate) async fn ask_for_owner_link(dir: &Path) -> Result<Link> {
    match ask(dir, &Request::OwnerLink).await? {
        Answer::OwnerLink(link) => Ok(link),
        Answer::Refused(reason) => bail!(reason),
        Answer::Documents(_) | Answer::Debugging(_) => bail!("the server answered something else"),
    }
}

/// Asks the server that holds a directory about documents.
pub(crate) async fn ask_about_documents(dir: &Path, about: kb::Ask) -> Result<Json> {
    match ask(dir, &Request::Documents { ask: about }).await? {
        Answer::Documents(found) => Ok(found),
        Answer::Refused(reason) => bail!(reason),
        Answer::OwnerLink(_) | Answer::Debugging(_) => bail!("the server answered something else"),
    }
}

/// What a debugger reads, and what it writes to.
type Connection = (Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf);

/// Asks the server that holds a directory to let a debugger in; the connection is the session.
pub(crate) async fn begin_debugging(
    dir: &Path,
    bot: &str,
    conversation: Option<&str>,
) -> Result<(Debugging, Connection)> {
    let path = dir.join(SOCKET);
    let unreachable =
        || format!("cannot reach a server through {}; start one with `botserver serve --dev`", path.display());
    let (bot, conversation) = (bot.to_owned(), conversation.map(str::to_owned));
    let asked = async {
        let (reader, mut writer) = UnixStream::connect(&path).await?.into_split();
        say(&mut writer, &Request::Debug { bot, conversation }).await?;
        let mut lines = BufReader::new(reader).lines();
        let answer = lines.next_line().await?.unwrap_or_default();
        io::Result::Ok((answer, (lines, writer)))
    };
    let (answer, connection) = timeout(PATIENCE, asked).await.with_context(unreachable)?.with_context(unreachable)?;
    match serde_json::from_str(&answer).context("the server's answer cannot be read")? {
        Answer::Debugging(about) => Ok((about, connection)),
        Answer::Refused(reason) => bail!(reason),
        Answer::OwnerLink(_) | Answer::Documents(_) => bail!("the server answered something else"),
    }
}

async fn ask(dir: &Path, request: &Request) -> Result<Answer> {
    let path = dir.join(SOCKET);
    let unreachable = || format!("cannot reach the server through {}", path.display());
    let asked = async {
        let mut stream = UnixStream::connect(&path).await?;
        say(&mut stream, request).await?;
        line(&mut stream, LONGEST_ANSWER).await
    };
    let answer = timeout(PATIENCE, asked).await.with_context(unreachable)?.with_context(unreachable)?;
    serde_json::from_str(&answer).context("the server's answer cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command_line::Common,
        data_dir::HeldDir,
        installation::Installation,
        samples,
        settings::{self, Overrides},
    };

    /// Who asks in the moment between the first breath of a server and its knowledge of all bots is not told that there is
    /// no such bot.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_question_waits_until_the_bots_are_known() {
        let data = tempfile::tempdir().expect("a folder");
        let dialog = data.path().join("bots/shop.gbai");
        std::fs::create_dir_all(&dialog).expect("a folder");
        std::fs::write(dialog.join("start.bas"), "TALK 1\n").expect("a script");
        let common = Common { data: Some(data.path().to_owned()), config: None };
        let settings = settings::load(&common, &Overrides::default()).expect("settings");
        let held = HeldDir::take(data.path()).expect("free");
        let installation = Installation::open(settings, held).await.expect("an installation");
        let own = &installation.assembled;
        own.packages.mount_all(samples::quiet(false)).await.expect("mounted");
        let stop = CancellationToken::new();
        let door = Door { debuggers: own.debuggers.clone(), packages: own.packages.clone() };
        let control =
            Control::open(data.path(), own.auth.clone(), own.documents.clone(), door, String::new()).expect("a socket");
        let asked = async {
            let found = ask_about_documents(data.path(), kb::Ask::Status { name: "shop".to_owned() }).await;
            stop.cancel();
            found
        };
        let later = async {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            own.documents.attach_all().await;
        };
        let (found, (), ()) = tokio::join!(asked, later, control.serve(stop.clone()));
        assert_eq!(found.expect("a status")["name"], "shop");
    }
}
