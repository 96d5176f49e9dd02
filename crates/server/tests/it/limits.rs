//! Settings and keys of `config.csv` do what they say.

use serde_json::json;

use crate::live::{Body, Live, Setup, Visitor, on_both, texts};

const CONFIG: &str = "probe.gbai/probe.gbot/config.csv";

/// Says one thing to a bot and tells the reason of the error that comes.
async fn fails(owner: &Visitor, bot: &str) -> String {
    let conversation = owner.begin(bot).await;
    let said = owner.say(&conversation, "go").await;
    let error = said["events"].as_array().unwrap().iter().find(|own| own["event"]["kind"] == "error");
    error.map_or_else(|| texts(&said["messages"]).concat(), |own| own["event"]["script"]["message"].to_string())
}

on_both! {
    async fn sixty_messages_a_minute_are_a_visitors_and_the_rest_hears_why(setup: Setup) {
        let live = setup.set("LIMITS__MESSAGES_PER_MINUTE", "60").start();
        let (visitor, other, owner) = (live.visitor().await, live.visitor().await, live.owner().await);
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
        // The minute may turn in the middle, then there are sixty more.
        let mut sent = 0;
        let refused = loop {
            let answer = visitor.post(&path, json!({"text": "hello"})).await;
            if answer.status.as_u16() == 429 {
                break answer;
            }
            answer.expect(200);
            sent += 1;
            assert!(sent <= 200, "no limit");
        };
        assert!(sent >= 60, "{sent}");
        let sentence = refused.problem(429, "rate_limited");
        assert!(sentence.contains("60 in 60 seconds are allowed; go on in "), "{sentence}");
        let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&seconds));
        assert_eq!(refused.json()["retry_after"], json!(seconds));
        // Others, and the owner, go on; and reading is something else.
        let theirs = other.begin("probe").await;
        other.say(&theirs, "hello").await;
        let own = owner.begin("probe").await;
        for _ in 0..61 {
            owner.say(&own, "hello").await;
        }
        visitor.get(&format!("/api/v1/conversations/{conversation}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_can_lower_what_the_server_grants_and_not_raise_it() {
    let live = Setup::new()
        .set("LIMITS__MESSAGES_PER_MINUTE", "20")
        .set("LIMITS__UPLOAD_MAX_BYTES", "20 KB")
        .file("small.gbai/start.bas", "TALK \"Small.\"\n")
        .file("small.gbai/config.csv", "session-rate-limit,3\nupload-max-size,1 KB\n")
        .file("large.gbai/start.bas", "TALK \"Large.\"\n")
        .file("large.gbai/config.csv", "session-rate-limit,1000\nupload-max-size,1 GB\n")
        .start();
    for (bot, messages, bytes) in [("small", 3, 1 << 10), ("large", 20, 20 << 10)] {
        let visitor = live.visitor().await;
        let conversation = visitor.begin(bot).await;
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
        let mut sent = 0;
        while visitor.post(&path, json!({"text": "hello"})).await.status.as_u16() == 200 {
            sent += 1;
        }
        // A minute that turned meanwhile grants as many again.
        assert!((messages..=messages * 2).contains(&sent), "{bot}: {sent}");
        visitor.upload(&conversation, "fits", &vec![1; bytes]).await.expect(201);
        visitor.upload(&conversation, "large", &vec![1; bytes + 1]).await.problem(413, "too_large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_scripts_come_from_the_bots_settings() {
    let looping = "n = 0\nFOR i = 1 TO 50\n  n = n + 1\nNEXT\nTALK \"Counted ${n}.\"\n";
    let jumping = "n = 0\nagain:\nn = n + 1\nIF n < 50 THEN GOTO again\nTALK \"Jumped ${n}.\"\n";
    let keeping = "SET SESSION \"a\", STRING(3000, \"x\")\nTALK \"Kept.\"\n";
    let setup = [
        ("loops", looping, "loop-max-iterations,49\n"),
        ("loopsmore", looping, "loop-max-iterations,50\n"),
        ("jumps", jumping, "goto-max-iterations,48\n"),
        ("jumpsmore", jumping, "goto-max-iterations,49\n"),
        ("keeps", keeping, "session-variable-limit,2 KB\n"),
        ("keepsmore", keeping, "session-variable-limit,8 KB\n"),
        ("waits", "HEAR x WITH \"Yes?\"\nTALK \"Heard ${x}.\"\n", "hear-timeout-secs,1s\n"),
    ];
    let live = setup.into_iter().fold(Setup::new(), |all, (bot, script, config)| {
        all.file(&format!("{bot}.gbai/start.bas"), script).file(&format!("{bot}.gbai/config.csv"), config)
    });
    let live = live.start();
    let owner = live.owner().await;
    for (bot, part) in [
        ("loops", "after 49 rounds"),
        ("loopsmore", "Counted 50."),
        ("jumps", "after 48 jumps"),
        ("jumpsmore", "Jumped 50."),
        ("keeps", "2 KB together"),
        ("keepsmore", "Kept."),
    ] {
        let heard = fails(&owner, bot).await;
        assert!(heard.contains(part), "{bot}: {heard}");
    }
    // HEAR gives up after the time that the bot sets, in any unit.
    let (mut socket, _) = owner.socket("waits", json!({"visible": true})).await;
    socket.until(|frame| frame["event"]["kind"] == "hear").await;
    let failed = socket.until(|frame| frame["event"]["kind"] == "error").await.pop().unwrap();
    assert!(failed["event"]["script"]["message"].as_str().unwrap().contains("HEAR timed out after 1 s"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_visitor_and_by_address() {
    let live = Setup::new()
        .set("LIMITS__READS_PER_MINUTE", "30")
        .set("LIMITS__CHANGES_PER_MINUTE", "10")
        .set("LIMITS__REQUESTS_PER_ADDRESS", "50")
        .set("SERVER__TRUSTED_PROXIES", "127.0.0.1, 198.51.100.0/24")
        .start();
    let until_refused = async |who: &dyn Fn() -> Visitor, one: Option<Visitor>, method: &str, path: &str| {
        for number in 0..400 {
            let answer = match &one {
                Some(one) => one.call(method, path, Body::None).await,
                None => who().call(method, path, Body::None).await,
            };
            if answer.status.as_u16() == 429 {
                let sentence = answer.problem(429, "rate_limited");
                assert!(answer.header("retry-after").parse::<u64>().is_ok());
                return (number, sentence);
            }
        }
        (400, String::new())
    };
    let visitor = live.visitor().await;
    let (reads, sentence) = until_refused(&|| live.stranger(), Some(visitor.same()), "GET", "/api/v1/me").await;
    assert!((29..=60).contains(&reads) && sentence.contains("30 in 60 seconds"), "{reads} {sentence}");
    let begin = "/api/v1/bots/probe/conversations";
    let (changes, sentence) = until_refused(&|| live.stranger(), Some(visitor), "POST", begin).await;
    assert!((10..=20).contains(&changes) && sentence.contains("10 in 60 seconds"), "{changes} {sentence}");
    // Whoever drops their cookie is new each time, but has one address, behind one proxy or two.
    for chain in ["203.0.113.5", "203.0.113.6, 198.51.100.7"] {
        let outside = || live.stranger().saying("x-forwarded-for", chain);
        let (requests, sentence) = until_refused(&outside, None, "GET", "/api/v1/me").await;
        assert!((50..=100).contains(&requests) && sentence.contains("50 in 60 seconds"), "{requests} {sentence}");
    }
    // Nobody can say they are somebody else's address: what stands left of the last foreign one is a lie.
    let liar = live.stranger().saying("x-forwarded-for", "192.0.2.77, 203.0.113.5");
    liar.get("/api/v1/me").await.problem(429, "rate_limited");
    live.stranger().saying("x-forwarded-for", "192.0.2.77").get("/api/v1/me").await.expect(200);
}

async fn frame_policy(live: &Live, path: &str) -> String {
    let page = live.stranger().get(path).await.expect(200);
    let policy = page.header("content-security-policy");
    policy.rsplit("frame-ancestors").next().unwrap_or_default().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_names_the_sites_that_may_show_it() {
    let live = Setup::new()
        .set("SERVER__CORS_ALLOWED_ORIGINS", "https://partner.example")
        .file(CONFIG, "cors-allowed-origins,\"https://shop.example, https://www.shop.example:8443\"\n")
        .file("default.gbai/start.bas", "TALK \"Hi.\"\n")
        .file("default.gbai/config.csv", "cors-allowed-origins,https://home.example\n")
        .start();
    let probes = "'self' https://partner.example https://shop.example https://www.shop.example:8443";
    let visitor = live.visitor().await;
    // The rest of the server learns of it in a moment.
    while frame_policy(&live, "/probe?embed=1").await != probes {
        tokio::task::yield_now().await;
    }
    assert_eq!(frame_policy(&live, "/probe").await, "'self'", "a page of its own is in no frame");
    assert_eq!(frame_policy(&live, "/Probe?embed=1").await, probes);
    let id = visitor.begin("probe").await;
    assert_eq!(frame_policy(&live, &format!("/probe/c/{id}?embed=1")).await, probes);
    assert_eq!(frame_policy(&live, "/?embed=1").await, "'self' https://partner.example https://home.example");
    assert_eq!(frame_policy(&live, "/other?embed=1").await, "'self' https://partner.example");
    // Showing is not calling: only the operator's sites may use the API from their own pages.
    for (origin, allowed) in
        [("https://partner.example", true), ("https://shop.example", false), ("https://x.example", false)]
    {
        let from = visitor.same().saying("origin", origin).saying("sec-fetch-site", "cross-site");
        let answer = from.call("POST", "/api/v1/bots/probe/conversations", Body::None).await;
        if allowed {
            let answer = answer.expect(201);
            assert_eq!(answer.header("access-control-allow-origin"), origin);
        } else {
            answer.problem(403, "foreign_origin");
        }
    }
    // With the line, the permission is gone.
    std::fs::write(live.bots(CONFIG), "bot-name,Probe\n").expect("written");
    while frame_policy(&live, "/probe?embed=1").await != "'self' https://partner.example" {
        tokio::task::yield_now().await;
    }
}

#[test]
fn keys_that_nothing_uses_are_told_by_check() {
    let folder = crate::support::Folder::new();
    folder.write("a.gbai/start.bas", "TALK 1\n");
    folder.write("a.gbai/a.gbot/config.csv", "llm-tpm-limit,20\nsession-timeout,60\nloop-max-iterations,5\n");
    let done = crate::support::botserver(&["check", &folder.text("a.gbai")], "").expect(0);
    let config = folder.text("a.gbai/a.gbot/config.csv");
    assert!(done.out.contains(&format!("{config}:1:1: warning[C0105]")), "{}", done.all());
    assert!(done.out.contains(&format!("{config}:2:1: warning[C0105]")), "{}", done.all());
    assert!(done.out.contains("auth.session_idle_timeout"), "{}", done.all());
    assert!(!done.out.contains(":3:1"), "{}", done.all());
}
