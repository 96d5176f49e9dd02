//! The chat socket against its document (docs/chat-protocol.md), and against those who do not keep to it.

use serde_json::{Value as Json, json};
use tokio_tungstenite::tungstenite::Message;

use crate::live::{Body, Heard, Live, Setup, Slow, Socket, message_id, on_both, texts};

const VERSION: &str = "botserver.chat.v1";

fn kinds(events: &[Json]) -> Vec<&str> {
    events.iter().filter_map(|frame| frame["event"]["kind"].as_str()).collect()
}

/// Everything that comes until the socket is closed, and the code it is closed with.
async fn rest(socket: &mut Socket) -> (Vec<Json>, Option<u16>) {
    let mut frames = Vec::new();
    loop {
        match socket.heard().await {
            Heard::Frame(frame) => frames.push(frame),
            Heard::Closed(code) => return (frames, code),
        }
    }
}

/// Somebody else talks with the bot: it goes on serving.
async fn assert_serves(live: &Live) {
    let visitor = live.visitor().await;
    let (mut socket, _) = visitor.socket("probe", json!({"visible": true})).await;
    assert_eq!(kinds(&socket.turn().await), ["message", "suggestions", "turn.end"]);
    assert!(!live.server().log().contains("panicked"), "{}", live.server().log());
}

on_both! {
    async fn a_conversation_goes_as_the_document_says(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let (mut socket, ready) = visitor.socket("probe", json!({"locale": "pt"})).await;
        assert_eq!((&ready["protocol"], &ready["seq"], &ready["owner"]), (&json!(1), &json!(0), &json!(false)));
        assert_eq!((&ready["queued"], &ready["working"], &ready["title"]), (&json!([]), &json!(false), &Json::Null));
        assert_eq!((&ready["bot"]["name"], ready["bot"]["id"].is_string()), (&json!("probe"), true), "{ready}");
        let conversation = ready["conversation"].as_str().unwrap().to_owned();
        assert!(conversation.starts_with("cnv_"), "{ready}");
        // Nobody looks: nobody is greeted. A ping is answered, and nothing comes before it.
        socket.send(json!({"type": "ping"})).await;
        assert_eq!(socket.frame().await, json!({"type": "pong"}));
        socket.send(json!({"type": "visible"})).await;
        let greeting = socket.turn().await;
        assert_eq!(kinds(&greeting), ["message", "suggestions", "turn.end"]);
        assert_eq!(greeting[2]["event"]["outcome"], "done");
        assert_eq!(greeting.iter().map(|own| own["seq"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(greeting[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{}", greeting[0]);
        let chip = greeting[1]["event"]["items"][0].clone();
        assert_eq!(chip["label"], "Ask me");
        // Twice visible is once greeted; typing is ignored.
        socket.send(json!({"type": "visible"})).await;
        socket.send(json!({"type": "typing"})).await;
        // Pressing a chip.
        let id = message_id();
        socket.send(json!({"type": "message", "id": id, "text": chip["text"], "action": chip["action"], "unknown": 1})).await;
        let frames = socket.until(|frame| frame["event"]["kind"] == "turn.end").await;
        let ack = frames.iter().find(|frame| frame["type"] == "ack").unwrap();
        assert_eq!((&ack["id"], &ack["ahead"]), (&json!(id), &json!(0)), "{ack}");
        let events: Vec<Json> = frames.iter().filter(|frame| frame["type"] == "event").cloned().collect();
        assert_eq!(kinds(&events), ["message", "message", "hear", "turn.end"]);
        assert_eq!((&events[0]["event"]["id"], &events[0]["event"]["role"]), (&json!(id), &json!("person")));
        let hear = &events[2]["event"]["input"];
        assert_eq!((&hear["kind"], &hear["attempt"], &hear["secret"]), (&json!("integer"), &json!(1), &json!(false)), "{hear}");
        assert_eq!((&events[3]["event"]["outcome"], &events[3]["event"]["turn"]), (&json!("waiting"), &events[0]["event"]["turn"]));
        // A wrong answer is asked again, in the person's language; the right one ends it.
        socket.say("dois?").await;
        let again = socket.turn().await;
        assert_eq!(kinds(&again), ["message", "message", "hear", "turn.end"]);
        assert_eq!(again[2]["event"]["input"]["attempt"], 2);
        let sentence = texts(&json!([again[1]["event"]])).concat();
        assert!(!sentence.contains("number") && !sentence.is_empty(), "{sentence}");
        socket.say("3").await;
        let heard = socket.turn().await;
        assert_eq!(kinds(&heard), ["message", "hear", "message", "turn.end"]);
        assert_eq!((&heard[1]["event"]["input"], &heard[3]["event"]["outcome"]), (&Json::Null, &json!("done")));
        // Without a conversation a new one begins, now that something was written in this one.
        let (_, ready) = visitor.socket("probe", json!({})).await;
        assert_ne!(ready["conversation"], json!(conversation));
        let (_, same) = visitor.socket("probe", json!({})).await;
        assert_eq!(same["conversation"], ready["conversation"], "one that nobody has written in is taken up");
    }

    async fn whoever_comes_back_gets_exactly_what_they_lack(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let (mut socket, ready) = visitor.socket("probe", json!({"visible": true})).await;
        let conversation = ready["conversation"].clone();
        let mut whole = socket.turn().await;
        for text in ["Ask me", "7", "hello", "Fail"] {
            socket.say(text).await;
            whole.extend(socket.turn().await);
        }
        drop(socket);
        let newest = whole.len();
        for after in (0..=newest + 2).map(|number| number as i64).chain([-3, i64::MAX]) {
            let (mut socket, ready) = visitor.socket("probe", json!({"conversation": conversation, "after": after})).await;
            assert_eq!((&ready["seq"], &ready["conversation"]), (&json!(newest), &conversation));
            assert_eq!(ready["title"], "Ask me");
            socket.send(json!({"type": "ping"})).await;
            let mut frames = socket.until(|frame| frame["type"] == "pong").await;
            frames.pop();
            let from = usize::try_from(after.max(0)).unwrap_or(usize::MAX).min(newest);
            assert_eq!(frames, whole[from..], "after {after}");
        }
        // Somebody who is far behind and somebody who is not hear the same from now on.
        let (mut old, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
        let (mut new, _) = visitor.socket("probe", json!({"conversation": conversation, "after": newest})).await;
        new.say("hello").await;
        let heard = new.turn().await;
        old.until(|frame| frame["seq"] == json!(newest)).await;
        assert_eq!(old.turn().await, heard);
        assert_eq!(heard[0]["seq"], json!(newest + 1));
    }

    async fn messages_queue_and_are_withdrawn(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let (mut socket, ready) = visitor.socket("probe", json!({"visible": true})).await;
        let conversation = ready["conversation"].clone();
        socket.turn().await;
        let running = socket.say("Slow").await;
        slow.arrived().await;
        let (one, two) = (socket.say("one").await, socket.say("two").await);
        let listed = json!([{"id": one, "text": "one"}, {"id": two, "text": "two"}]);
        let frames = socket.until(|frame| frame["type"] == "queue" && frame["items"] == listed).await;
        assert!(frames.iter().any(|frame| frame["type"] == "working" && frame["on"] == true), "{frames:?}");
        // Another tab sees the same.
        let (mut tab, ready) = visitor.socket("probe", json!({"conversation": conversation})).await;
        assert_eq!((&ready["working"], &ready["queued"]), (&json!(true), &listed));
        tab.send(json!({"type": "withdraw", "id": one})).await;
        let left = json!([{"id": two, "text": "two"}]);
        for socket in [&mut tab, &mut socket] {
            socket.until(|frame| frame["type"] == "queue" && frame["items"] == left).await;
        }
        tab.send(json!({"type": "withdraw", "id": running})).await;
        let refused = tab.next("error").await;
        assert_eq!((&refused["code"], &refused["id"]), (&json!("already_taken"), &json!(running)), "{refused}");
        tab.send(json!({"type": "withdraw", "id": message_id()})).await;
        assert_eq!(tab.next("error").await["code"], "not_found");
        slow.answer();
        let first = socket.turn().await;
        assert_eq!((&first.last().unwrap()["event"]["outcome"], kinds(&first)[0]), (&json!("done"), "message"));
        let second = socket.turn().await;
        assert_eq!(second[0]["event"]["id"], json!(two));
        let said = visitor.transcript(conversation.as_str().unwrap()).await;
        assert!(!said.iter().any(|line| line == "person: one"), "{said:?}");
    }

    async fn a_running_turn_is_cancelled(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let (mut socket, _) = visitor.socket("probe", json!({"visible": true})).await;
        socket.turn().await;
        // Nothing runs: nothing happens.
        socket.send(json!({"type": "cancel"})).await;
        let id = socket.say("Slow").await;
        slow.arrived().await;
        socket.send(json!({"type": "cancel"})).await;
        let stopped = socket.turn().await;
        let end = &stopped.last().unwrap()["event"];
        assert_eq!((&end["outcome"], &end["item"]), (&json!("cancelled"), &json!(id)), "{end}");
        // A script that sleeps for a while works, as far as people can see, and can be stopped too.
        let id = socket.say("Sleep").await;
        socket.until(|frame| texts(&json!([frame["event"]])) == ["Good night."]).await;
        socket.until(|frame| frame["type"] == "working" && frame["on"] == true).await;
        socket.send(json!({"type": "cancel"})).await;
        let stopped = socket.turn().await;
        let end = &stopped.last().unwrap()["event"];
        assert_eq!((&end["outcome"], &end["item"]), (&json!("cancelled"), &json!(id)), "{stopped:?}");
        socket.say("Ask me").await;
        assert_eq!(socket.turn().await.last().unwrap()["event"]["outcome"], "waiting");
    }

    async fn refusals_are_frames_with_a_code(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).set("LIMITS__QUEUED_MESSAGES", "1").set("LIMITS__MESSAGES_PER_MINUTE", "12").start();
        let visitor = live.visitor().await;
        let (mut socket, _) = visitor.socket("probe", json!({"visible": true})).await;
        socket.turn().await;
        let refused = async |socket: &mut Socket, frame: Json, code: &str| {
            socket.send(frame.clone()).await;
            let error = socket.next("error").await;
            assert_eq!((&error["code"], &error["id"]), (&json!(code), &frame["id"]), "{error}");
            assert!(error["detail"].as_str().is_some_and(|text| text.len() > 10) && error["title"].is_string(), "{error}");
            error
        };
        let message = |text: &str| json!({"type": "message", "id": message_id(), "text": text});
        refused(&mut socket, message(" "), "empty_message").await;
        refused(&mut socket, message(&"x".repeat(16_001)), "too_large").await;
        let mut strange = message("x");
        strange["attachments"] = json!(["att_00000000000000000000000000000000"]);
        refused(&mut socket, strange, "not_found").await;
        let other = live.visitor().await;
        let (mut theirs, _) = other.socket("probe", json!({})).await;
        let taken = theirs.say("hello").await;
        theirs.turn().await;
        refused(&mut socket, json!({"type": "message", "id": taken, "text": "hello"}), "id_taken").await;
        socket.say("Slow").await;
        slow.arrived().await;
        socket.say("waits").await;
        socket.until(|frame| frame["type"] == "queue" && frame["items"][0]["text"] == "waits").await;
        let full = refused(&mut socket, message("too many"), "queue_full").await;
        assert!(full["retry_after"].is_u64(), "{full}");
        slow.answer();
        socket.turn().await;
        socket.turn().await;
        // Twelve in a minute; the minute may have turned meanwhile.
        let mut limited = None;
        for _ in 0..30 {
            let id = socket.say("more").await;
            let answer = socket.until(|frame| frame["id"] == json!(id) && (frame["type"] == "ack" || frame["type"] == "error")).await.pop().unwrap();
            if answer["type"] == "error" && answer["code"] == "rate_limited" {
                limited = Some(answer);
                break;
            }
        }
        let limited = limited.expect("a limit");
        assert!((1..=60).contains(&limited["retry_after"].as_u64().unwrap()), "{limited}");
        assert!(limited["detail"].as_str().unwrap().contains("12 in 60 seconds"), "{limited}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_version_and_only_bots_that_serve_are_talked_with() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    for (bot, protocol, status) in [
        ("probe", "", 400),
        ("probe", "botserver.chat.v2", 400),
        ("probe", "BOTSERVER.CHAT.V1", 400),
        ("probe", "graphql-ws", 400),
        ("nobody", VERSION, 404),
        ("probe%2f..", VERSION, 404),
    ] {
        assert_eq!(visitor.open(bot, protocol).await.err(), Some(status), "{bot} {protocol}");
    }
    assert!(visitor.open("probe", "botserver.chat.v9, botserver.chat.v1").await.is_ok());
    assert!(visitor.open("PROBE", VERSION).await.is_ok(), "case does not count");
    visitor.get("/api/v1/bots/probe/socket").await.problem(426, "not_a_socket");
    assert_serves(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_before_hello_ends_the_socket_and_nothing_else() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let garbage = [
        Message::text(""),
        Message::text("hello"),
        Message::text("{"),
        Message::text("null"),
        Message::text("[]"),
        Message::text("{\"type\":\"message\",\"id\":\"msg_00000000000000000000000000000000\"}"),
        Message::text("{\"type\":\"ping\"}"),
        Message::text("{\"type\":\"hello\",\"conversation\":5}"),
        Message::text("{\"type\":\"hello\",\"conversation\":\"cnv_zz\"}"),
        Message::text("{\"type\":\"hello\",\"conversation\":\"msg_00000000000000000000000000000000\"}"),
        Message::text("{\"type\":\"hello\",\"after\":\"x\"}"),
        Message::text("{\"type\":\"hello\",\"after\":99999999999999999999}"),
        Message::text("{\"type\":\"hello\",\"visible\":\"yes\"}"),
        Message::text("\u{0}"),
        Message::text("[".repeat(60_000)),
    ];
    for frame in garbage {
        let mut socket = visitor.open("probe", VERSION).await.expect("a socket");
        socket.send_raw(frame.clone()).await;
        let (frames, code) = rest(&mut socket).await;
        assert_eq!((frames.len(), code), (1, Some(1008)), "{frame:?}: {frames:?}");
        assert_eq!(frames[0]["code"], "bad_frame", "{frame:?}");
    }
    for frame in [Message::binary(vec![0; 100]), Message::binary(b"{\"type\":\"hello\"}".to_vec())] {
        let mut socket = visitor.open("probe", VERSION).await.expect("a socket");
        socket.send_raw(frame).await;
        let (frames, code) = rest(&mut socket).await;
        assert_eq!((&frames[0]["code"], code), (&json!("bad_frame"), Some(1008)), "{frames:?}");
    }
    for size in [64 << 10, 300 << 10] {
        let mut socket = visitor.open("probe", VERSION).await.expect("a socket");
        socket.send_raw(Message::text(format!("{{\"type\":\"hello\",\"x\":\"{}\"}}", "x".repeat(size)))).await;
        let (frames, code) = rest(&mut socket).await;
        assert_eq!((frames.len(), code), (1, Some(1009)), "{size}: {frames:?}");
        assert_eq!((&frames[0]["code"], &frames[0]["limit"]), (&json!("too_large"), &json!(64 << 10)));
    }
    let mut socket = visitor.open("probe", VERSION).await.expect("a socket");
    socket.send_raw(Message::text("x".repeat(8 << 20))).await;
    rest(&mut socket).await;
    // A pretty long language, and fields that nobody knows, are no garbage.
    let (_, ready) = visitor.socket("probe", json!({"locale": "x".repeat(10_000), "later": {"a": [1]}})).await;
    assert_eq!(ready["protocol"], 1);
    assert_serves(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_middle_is_answered_and_the_conversation_goes_on() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let (mut socket, ready) = visitor.socket("probe", json!({"visible": true})).await;
    socket.turn().await;
    let id = message_id();
    let garbage = [
        String::new(),
        "{".to_owned(),
        "\"text\"".to_owned(),
        "{}".to_owned(),
        "{\"type\":\"dance\"}".to_owned(),
        "{\"type\":5}".to_owned(),
        "{\"type\":\"hello\"}".to_owned(),
        "{\"type\":\"message\"}".to_owned(),
        "{\"type\":\"message\",\"id\":\"x\",\"text\":\"y\"}".to_owned(),
        format!("{{\"type\":\"message\",\"id\":\"{id}\",\"text\":5}}"),
        format!("{{\"type\":\"message\",\"id\":\"{id}\",\"text\":\"x\",\"attachments\":\"y\"}}"),
        "{\"type\":\"withdraw\",\"id\":\"../x\"}".to_owned(),
        "[".repeat(50_000),
        format!("{{\"type\":\"ping\",\"type\":\"message\",\"x\":\"{}\"}}", "\\u0000".repeat(1_000)),
    ];
    for text in &garbage {
        socket.send_raw(Message::text(text.clone())).await;
        let error = socket.frame().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("bad_frame")), "{text}: {error}");
        assert!(error["detail"].as_str().is_some_and(|text| text.len() > 10), "{error}");
    }
    socket.say("Ask me").await;
    assert_eq!(socket.turn().await.last().unwrap()["event"]["outcome"], "waiting");
    socket.send_raw(Message::binary(vec![1, 2, 3])).await;
    let error = socket.frame().await;
    assert_eq!(error["code"], "bad_frame", "{error}");
    // A message that is too long is refused in words, under its id, and the next one is heard.
    let sent = message_id();
    let text = "é".repeat(33_000);
    socket.send(json!({"type": "message", "id": sent, "text": text})).await;
    let error = socket.frame().await;
    assert_eq!((&error["code"], &error["id"], &error["limit"]), (&json!("too_large"), &json!(sent), &json!(65_536)));
    assert!(error["detail"].as_str().is_some_and(|text| text.contains("65536 bytes")), "{error}");
    socket.send(json!({"type": "ping"})).await;
    assert_eq!(socket.frame().await, json!({"type": "pong"}));
    // One that is far too long is told so before the end.
    socket.send_raw(Message::text("x".repeat(300 << 10))).await;
    let (frames, code) = rest(&mut socket).await;
    assert_eq!((frames.len(), code), (1, Some(1009)), "{frames:?}");
    assert_eq!(frames[0]["code"], "too_large");
    let (mut socket, _) = visitor.socket("probe", json!({"conversation": ready["conversation"]})).await;
    socket.until(|frame| frame["event"]["outcome"] == "waiting").await;
    socket.say("5").await;
    assert_eq!(texts(&json!([socket.turn().await[2]["event"]])), ["You said 5."]);
    assert_serves(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_of_somebody_else_or_of_another_bot_is_not_there() {
    let live = Setup::new().file("other.gbai/start.bas", "TALK \"Other.\"\n").start();
    let (visitor, stranger) = (live.visitor().await, live.visitor().await);
    let conversation = visitor.begin("probe").await;
    visitor.say(&conversation, "private").await;
    for (who, bot, id) in [
        (&stranger, "probe", conversation.as_str()),
        (&visitor, "other", &conversation),
        (&visitor, "probe", "cnv_00000000000000000000000000000000"),
        (&live.stranger(), "probe", &conversation),
        (&live.owner().await, "probe", &conversation),
    ] {
        let mut socket = who.open(bot, VERSION).await.expect("a socket");
        socket.send(json!({"type": "hello", "conversation": id, "visible": true})).await;
        assert_eq!(rest(&mut socket).await, (Vec::new(), Some(4404)), "{bot} {id}");
    }
    // Deleted while somebody looks.
    let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
    visitor.call("DELETE", &format!("/api/v1/conversations/{conversation}"), Body::None).await.expect(204);
    assert_eq!(rest(&mut socket).await.1, Some(4409));
    assert_serves(&live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sockets_that_come_and_go_leave_nothing_behind() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    for round in 0..50 {
        let mut socket = visitor.open("probe", VERSION).await.expect("a socket");
        if round % 3 > 0 {
            socket.send(json!({"type": "hello", "conversation": conversation, "visible": round % 2 == 0})).await;
        }
        if round % 3 > 1 {
            socket.frame().await;
        }
    }
    // The counter of open ones comes down to none.
    loop {
        let metrics = visitor.get("/metrics").await.expect(200).text();
        let open = metrics.lines().find_map(|line| line.strip_prefix("botserver_sockets_open ")).expect("the counter");
        if open == "0" {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_serves(&live).await;
}
