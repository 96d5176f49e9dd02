//! Answers of a model: how long what it streams needs to the page, and how soon it is told to stop.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    client::{Chat, Latency},
    programs::{Places, Server},
    report::{Section, Table, figure},
};

const ANSWERS: usize = 200;
/// What the model is asked so that it never ends.
const ENDLESS: &str = "Talk until I stop you";
/// Between two pieces of an answer.
const PACE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// What the model did, and when.
enum Did {
    Began(Instant),
    /// The connection was closed by the server.
    Left(Instant),
}

pub(crate) async fn measure(places: &Places) -> Result<Section> {
    let mut section = Section {
        title: "Answers of a model",
        method: format!(
            "A model that streams a piece every {} ms, in the load generator's process, behind the protocol of OpenAI. \
             *First token*: from the model's first write to the frame `delta` at the socket of the page, {ANSWERS} \
             answers one after another. *Stop*: from the frame `cancel` to the end of the connection to the model, as \
             often. Durable, on SQLite.",
            PACE.as_millis()
        ),
        ..Section::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let model = listener.local_addr()?.to_string();
    let server = Server { outbound: Some(model.clone()), ..Server::echo() }.start(places).await?;
    let bot = server.folder().context("a folder")?.join("bots/model.gbai");
    fs::create_dir_all(bot.join("model.gbdialog"))?;
    fs::create_dir_all(bot.join("model.gbot"))?;
    let config = format!("name,value\nllm-url,http://{model}/v1\nllm-model,fast\nllm-key,none\nllm-rate-limit,0\n");
    fs::write(bot.join("model.gbot/config.csv"), config)?;
    fs::write(bot.join("model.gbdialog/start.bas"), "TALK \"Hello.\"\n")?;
    let (tell, mut heard) = mpsc::channel(16);
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, tell.clone()));
        }
    });
    let opening = async {
        loop {
            if let Ok(chat) = Chat::open(&server.address, "model").await {
                return chat;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let mut chat = timeout(PATIENCE, opening).await.context("the bot is not served")?;
    let (mut first, mut stop) = (Latency::new()?, Latency::new()?);
    for _ in 0..ANSWERS {
        chat.write("How are you?").await?;
        let shown = delta(&mut chat).await.with_context(|| server.log())?;
        let Some(Did::Began(began)) = heard.recv().await else { anyhow::bail!("the model was not asked") };
        first.record(shown.saturating_duration_since(began));
        end(&mut chat).await?;
        chat.write(ENDLESS).await?;
        delta(&mut chat).await?;
        ensure!(matches!(heard.recv().await, Some(Did::Began(_))), "the model was not asked");
        let asked = Instant::now();
        chat.cancel().await?;
        let Some(Did::Left(left)) = heard.recv().await else { anyhow::bail!("the model was not left") };
        stop.record(left.saturating_duration_since(asked));
        end(&mut chat).await?;
    }
    serving.abort();
    let mut table = Table::new("", &["", "p50, ms", "p99, ms", "slowest, ms"]);
    for (name, times, goal) in
        [("first token, to the page", &first, 50.0), ("stop, until the model is left", &stop, 100.0)]
    {
        let cells = [times.ms(0.5), times.ms(0.99), times.ms(1.0)].map(figure);
        eprintln!("  {name}: {}", cells.join(" "));
        section.goal(
            &format!("{name}, slowest"),
            format!("≤ {goal} ms"),
            format!("{} ms", cells[2]),
            times.ms(1.0) <= goal,
        );
        table.row([name.to_owned()].into_iter().chain(cells));
    }
    section.tables.push(table);
    server.stop().await?;
    Ok(section)
}

/// Waits for the first piece of an answer: when it came.
async fn delta(chat: &mut Chat) -> Result<Instant> {
    loop {
        let frame = chat.next_json().await?;
        if frame["type"] == "delta" {
            return Ok(Instant::now());
        }
        ensure!(frame["type"] != "error" && frame["event"]["kind"] != "error", "an error: {frame}");
    }
}

async fn end(chat: &mut Chat) -> Result<()> {
    while chat.next_json().await?["event"]["kind"] != "turn.end" {}
    Ok(())
}

/// One request and its answer. Nobody listens any more when the bench is over.
async fn answer(mut stream: TcpStream, tell: mpsc::Sender<Did>) -> Result<()> {
    stream.set_nodelay(true)?;
    let request = read(&mut stream).await?;
    // What was said last stands at the end; earlier messages are in the request too.
    let endless = request.rfind(ENDLESS).is_some_and(|at| request.rfind("How are you?").is_none_or(|other| other < at));
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await?;
    tell.send(Did::Began(Instant::now())).await?;
    let mut said = 0;
    while endless || said < 5 {
        stream.write_all(piece("word ", None).as_bytes()).await?;
        said += 1;
        let mut nothing = [0; 64];
        // Nothing more is sent to a model that answers; what can be read is the end.
        if let Ok(Ok(0) | Err(_)) = timeout(PACE, stream.read(&mut nothing)).await {
            return Ok(tell.send(Did::Left(Instant::now())).await?);
        }
    }
    let end = format!("{}data: [DONE]\n\n", piece("", Some("stop")));
    Ok(stream.write_all(end.as_bytes()).await?)
}

fn piece(text: &str, reason: Option<&str>) -> String {
    let choice = serde_json::json!({"index": 0, "delta": {"content": text}, "finish_reason": reason});
    let chunk = serde_json::json!({
        "id": "a", "object": "chat.completion.chunk", "created": 0, "model": "fast", "choices": [choice],
    });
    format!("data: {chunk}\n\n")
}

async fn read(stream: &mut TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    loop {
        ensure!(stream.read_buf(&mut bytes).await? > 0, "half a request");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().filter_map(|line| line.split_once(':'));
        let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length.filter_map(|(_, value)| value.trim().parse::<usize>().ok()).next().unwrap_or_default();
        if body.len() >= length {
            return Ok(body.to_owned());
        }
    }
}
