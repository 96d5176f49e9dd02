//! Conversations and messages over HTTP, on both databases.

use serde_json::{Value as Json, json};

use crate::live::{Body, Setup, Slow, Visitor, message_id, on_both, texts};

fn items(page: &Json) -> Vec<Json> {
    page["items"].as_array().expect("items").clone()
}

fn kinds(events: &Json) -> Vec<String> {
    let kind = |item: &Json| item["event"]["kind"].as_str().expect("a kind").to_owned();
    events["items"].as_array().expect("items").iter().map(kind).collect()
}

/// All pages of a list.
async fn all(visitor: &Visitor, path: &str, limit: u32) -> Vec<Vec<Json>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = visitor.get(&format!("{path}limit={limit}{cursor}")).await.expect(200).json();
        pages.push(items(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

on_both! {
    async fn a_turn_that_sleeps_is_not_reported_as_done(setup: Setup) {
        let live = setup.file("nap.gbai/nap.gbdialog/start.bas", "HEAR a\nWAIT 3\nTALK \"waited\"\n").start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("nap").await;
        visitor.say(&conversation, "Good morning").await;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let message = json!({"id": message_id(), "text": "yes"});
        for _ in 0..2 {
            assert_eq!(visitor.post(&path, message.clone()).await.expect(202).json()["state"], "taken");
        }
        let end = visitor.post(&format!("{path}?wait=30"), message.clone()).await.expect(200).json();
        assert_eq!((&end["state"], texts(&end["messages"])), (&json!("done"), vec!["waited".to_owned()]), "{end}");
        assert_eq!(visitor.post(&path, message).await.expect(202).json()["state"], "done");
    }

    async fn a_message_is_answered_when_its_turn_has_ended(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        // The first message begins the conversation: start.bas greets, then the message is answered.
        let first = visitor.say(&conversation, "Ask me").await;
        assert_eq!((&first["state"], &first["turn"]["outcome"]), (&json!("done"), &json!("waiting")), "{first}");
        assert_eq!(texts(&first["messages"]), ["Welcome.", "How many?"]);
        let events: Vec<&str> =
            first["events"].as_array().unwrap().iter().filter_map(|own| own["event"]["kind"].as_str()).collect();
        assert_eq!(events, ["message", "message", "hear", "suggestions", "turn.end"]);
        assert_eq!(visitor.hears(&conversation, "none").await.len(), 1, "asked again");
        assert_eq!(visitor.hears(&conversation, "1,234").await, ["You said 1234."]);
        // A turn that takes long is not reported before its answer, however often somebody looks.
        let asking = visitor.same();
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=60");
        let answer = async { asking.post(&path, json!({"text": "Slow"})).await.expect(200).json() };
        let watching = async {
            slow.arrived().await;
            let short = format!("/api/v1/conversations/{conversation}/messages?wait=1");
            let queued = visitor.post(&short, json!({"text": "hello"})).await.expect(202).json();
            assert_eq!((&queued["state"], queued.get("turn")), (&json!("queued"), None), "{queued}");
            let events = visitor.get(&format!("/api/v1/conversations/{conversation}/events?after=0")).await.json();
            let shown = texts(&json!(items(&events).iter().map(|own| own["event"].clone()).collect::<Vec<_>>()));
            assert_eq!(shown.last().map(String::as_str), Some("Looking."), "what was said is seen at once");
            assert_eq!(kinds(&events).last().map(String::as_str), Some("message"), "and the turn has not ended");
            slow.answer();
        };
        let (answer, ()) = tokio::join!(answer, watching);
        assert_eq!(texts(&answer["messages"]), ["Looking.", "Found: done"]);
        assert_eq!(answer["turn"]["outcome"], "done");
    }

    async fn what_only_the_owner_may_see_stays_with_the_owner(setup: Setup) {
        let live = setup.start();
        let (visitor, owner) = (live.visitor().await, live.owner().await);
        for (who, sees) in [(&visitor, false), (&owner, true)] {
            let conversation = who.begin("probe").await;
            let failed = who.say(&conversation, "Fail").await;
            assert_eq!(failed["turn"]["outcome"], "failed", "{failed}");
            let find = |events: &Json| {
                let all = events.as_array().cloned().unwrap_or_default();
                all.into_iter().map(|own| own["event"].clone()).find(|own| own["kind"] == "error").expect("the error")
            };
            let answered = find(&failed["events"]);
            let listed = who.get(&format!("/api/v1/conversations/{conversation}/events")).await.expect(200).json();
            let (mut socket, _) = who.socket("probe", json!({"conversation": conversation})).await;
            let streamed = socket.until(|frame| frame["event"]["kind"] == "error").await.pop().unwrap();
            for error in [answered, find(&listed["items"]), streamed["event"].clone()] {
                assert_eq!(error.get("script").is_some(), sees, "{error}");
                assert!(error["reference"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
                if sees {
                    assert_eq!((&error["script"]["line"], &error["script"]["source"]), (&json!(3), &json!("TALK 10 / x")));
                }
            }
            // Live, while the script fails, too.
            socket.say("Fail").await;
            let live = socket.until(|frame| frame["event"]["kind"] == "error").await.pop().unwrap();
            assert_eq!(live["event"].get("script").is_some(), sees, "{live}");
        }
    }

    async fn sending_twice_is_one_message(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let id = message_id();
        let body = json!({"id": id, "text": "hello"});
        let send = async || visitor.post(&format!("{path}?wait=30"), body.clone()).await;
        let (one, two, three) = tokio::join!(send(), send(), send());
        for answer in [one, two, three] {
            let answer = answer.expect(200).json();
            assert_eq!((&answer["id"], &answer["turn"]["outcome"]), (&json!(id), &json!("done")), "{answer}");
        }
        // Long after, and over the socket.
        let again = send().await.expect(200).json();
        assert_eq!(texts(&again["messages"]).first().map(String::as_str), Some("Welcome."));
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
        socket.send(json!({"type": "message", "id": id, "text": "hello"})).await;
        let ack = socket.next("ack").await;
        assert_eq!((&ack["id"], &ack["state"]), (&json!(id), &json!("taken")));
        let said = visitor.transcript(&conversation).await;
        assert_eq!(said.iter().filter(|line| *line == "person: hello").count(), 1, "{said:?}");
        // In another conversation the id is another's.
        let other = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{other}/messages");
        visitor.post(&path, body.clone()).await.problem(409, "id_taken");
        let stranger = live.visitor().await;
        let theirs = stranger.begin("probe").await;
        stranger.post(&format!("/api/v1/conversations/{theirs}/messages"), body).await.problem(409, "id_taken");
        for id in ["msg_", "msg_zz", "cnv_00000000000000000000000000000000", ""] {
            visitor.post(&path, json!({"id": id, "text": "x"})).await.problem(400, "wrong_shape");
        }
    }

    async fn one_key_is_one_conversation(setup: Setup) {
        let live = setup.file("other.gbai/start.bas", "TALK \"Other.\"\n").start();
        let (visitor, stranger) = (live.visitor().await, live.visitor().await);
        let begin = async |who: &Visitor, bot: &str, key: &str| {
            let path = format!("/api/v1/bots/{bot}/conversations");
            who.call_with("POST", &path, &[("idempotency-key", key)], Body::None).await
        };
        let (one, two) = tokio::join!(begin(&visitor, "probe", "k1"), begin(&visitor, "probe", "k1"));
        let one = one.expect(201).json();
        assert_eq!(one, two.expect(201).json());
        assert_eq!(one, begin(&visitor, "probe", "k1").await.expect(201).json());
        assert_ne!(one["id"], begin(&visitor, "probe", "k2").await.expect(201).json()["id"]);
        assert_ne!(one["id"], begin(&stranger, "probe", "k1").await.expect(201).json()["id"], "a key is its sender's");
        begin(&visitor, "other", "k1").await.problem(409, "idempotency_key_used");
        let longest = "k".repeat(200);
        let long = begin(&visitor, "probe", &longest).await.expect(201).json();
        assert_eq!(long, begin(&visitor, "probe", &longest).await.expect(201).json());
        begin(&visitor, "probe", &"k".repeat(201)).await.problem(400, "bad_idempotency_key");
        begin(&visitor, "probe", "").await.problem(400, "bad_idempotency_key");
    }

    async fn what_waits_can_be_withdrawn_and_twenty_is_enough(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let slowly = visitor.post(&path, json!({"text": "Slow"})).await.expect(202).json();
        slow.arrived().await;
        let mut waiting = Vec::new();
        for number in 0..20 {
            let id = message_id();
            let sent = visitor.post(&path, json!({"id": id, "text": format!("number {number}")})).await.expect(202);
            assert_eq!(sent.json()["state"], "queued");
            waiting.push(id);
        }
        let full = visitor.post(&path, json!({"text": "one too many"})).await;
        let sentence = full.problem(429, "queue_full");
        assert!(sentence.contains("20 messages are waiting already"), "{sentence}");
        assert!(full.header("retry-after").parse::<u64>().is_ok(), "{:?}", full.headers);
        // What waits already may be sent again.
        visitor.post(&path, json!({"id": waiting[3], "text": "number 3"})).await.expect(202);
        let withdraw = async |id: &str| visitor.call("DELETE", &format!("{path}/{id}"), Body::None).await;
        withdraw(&waiting[0]).await.expect(204);
        withdraw(&waiting[0]).await.expect(204);
        withdraw(&message_id()).await.problem(404, "not_found");
        let sentence = withdraw(slowly["id"].as_str().unwrap()).await.problem(409, "already_taken");
        assert!(sentence.contains("answering this message already"), "{sentence}");
        // There is room again, and the others are answered in their order.
        let last = async { visitor.post(&format!("{path}?wait=60"), json!({"text": "last"})).await.expect(200) };
        let (_, ()) = tokio::join!(last, async { slow.answer() });
        let said = visitor.transcript(&conversation).await;
        let own: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("person: ")).collect();
        let mut expected = vec!["Slow".to_owned()];
        expected.extend((1..20).map(|number| format!("number {number}")));
        expected.push("last".to_owned());
        assert_eq!(own, expected);
    }

    async fn a_running_turn_can_be_stopped(setup: Setup) {
        let slow = Slow::start().await;
        let live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=60");
        let cancel = format!("/api/v1/conversations/{conversation}/cancel");
        visitor.call("POST", &cancel, Body::None).await.expect(202);
        let stopped = async { visitor.post(&path, json!({"text": "Slow"})).await.expect(200).json() };
        let stopping = async {
            slow.arrived().await;
            visitor.call("POST", &cancel, Body::None).await.expect(202);
        };
        let (stopped, ()) = tokio::join!(stopped, stopping);
        assert_eq!(stopped["turn"]["outcome"], "cancelled", "{stopped}");
        assert_eq!(texts(&stopped["messages"]), ["Welcome.", "Looking.", "Stopped."]);
        assert_eq!(visitor.hears(&conversation, "ask me").await, ["How many?"], "the conversation goes on");
    }

    async fn lists_have_pages_and_words_find_conversations(setup: Setup) {
        let live = setup.file("other.gbai/start.bas", "TALK \"Other.\"\n").start();
        let visitor = live.visitor().await;
        let mut made = Vec::new();
        for number in 0..7 {
            let conversation = visitor.begin(if number == 3 { "other" } else { "probe" }).await;
            visitor.say(&conversation, &format!("The {number}. kettle 100% Ünïcode_{number}")).await;
            made.push(conversation);
        }
        // One in which nothing was written is in no list.
        visitor.begin("probe").await;
        let ids = |page: &[Json]| -> Vec<String> { page.iter().map(|own| own["id"].as_str().unwrap().to_owned()).collect() };
        let newest: Vec<String> = made.iter().rev().cloned().collect();
        for limit in [1, 2, 3, 6, 7, 8] {
            let pages = all(&visitor, "/api/v1/conversations?", limit).await;
            assert!(pages.iter().all(|page| page.len() <= limit as usize));
            assert_eq!(ids(&pages.concat()), newest, "in pages of {limit}");
        }
        let bot = visitor.get("/api/v1/bots/other").await.json()["id"].as_str().unwrap().to_owned();
        let of_bot = all(&visitor, &format!("/api/v1/conversations?bot={bot}&"), 5).await.concat();
        assert_eq!(ids(&of_bot), [made[3].clone()]);
        for (words, found) in
            [("kettle", 7), ("KETTLE", 7), ("5.+kettle", 1), ("100%25", 7), ("%25", 7), ("e_4", 1), ("_", 7), ("e__", 0), ("%C3%BCn%C3%AFc", 7), ("nowhere", 0)]
        {
            let pages = all(&visitor, &format!("/api/v1/conversations?q={words}&"), 50).await.concat();
            assert_eq!(pages.len(), found, "{words}");
        }
        // What a bot said is found too.
        assert_eq!(all(&visitor, "/api/v1/conversations?q=Other.&", 50).await.concat().len(), 1);
        let messages = format!("/api/v1/conversations/{}/messages?", made[0]);
        let whole = all(&visitor, &messages, 200).await.concat();
        assert_eq!(whole.len(), 3, "{whole:?}");
        assert_eq!(all(&visitor, &messages, 1).await.concat(), whole);
        for path in ["/api/v1/conversations?", &messages, "/api/v1/bots?"] {
            visitor.get(&format!("{path}limit=0")).await.problem(400, "bad_limit");
            visitor.get(&format!("{path}limit=201")).await.problem(400, "bad_limit");
            visitor.get(&format!("{path}cursor=!!")).await.problem(400, "bad_cursor");
            let odd = visitor.get(&format!("{path}cursor=eHh4")).await;
            assert!(odd.status.as_u16() < 500, "{path}: {}", odd.text());
        }
    }

    async fn events_are_numbered_without_gaps_from_anywhere(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/events");
        assert_eq!(visitor.get(&path).await.expect(200).json(), json!({"items": [], "next_after": 0}));
        for text in ["Ask me", "7", "hello"] {
            visitor.say(&conversation, text).await;
        }
        let whole = items(&visitor.get(&path).await.expect(200).json());
        let numbers: Vec<i64> = whole.iter().map(|own| own["seq"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
        for after in 0..=numbers.len() {
            let rest = visitor.get(&format!("{path}?after={after}")).await.expect(200).json();
            assert_eq!(items(&rest), whole[after..], "after {after}");
            assert_eq!(rest["next_after"], json!(numbers.len()));
        }
        for after in ["-5", "99999", "9223372036854775807"] {
            visitor.get(&format!("{path}?after={after}")).await.expect(200);
        }
        visitor.get(&format!("{path}?after=x")).await.problem(400, "bad_query");
    }

    async fn a_conversation_is_renamed_rated_and_deleted(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}");
        visitor.say(&conversation, "My printer is on fire").await;
        assert_eq!(visitor.get(&path).await.json()["title"], "My printer is on fire");
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation, "after": 1_000})).await;
        let renamed = visitor.call("PATCH", &path, Body::Json(json!({"title": "  Printer "}))).await.expect(200).json();
        assert_eq!(renamed["title"], "Printer");
        let told = socket.until(|frame| frame["event"]["kind"] == "conversation").await.pop().unwrap();
        assert_eq!(told["event"]["title"], "Printer");
        for title in ["", "   ", &"x".repeat(201)] {
            visitor.call("PATCH", &path, Body::Json(json!({"title": title}))).await.problem(400, "invalid");
        }
        assert_eq!(visitor.get("/api/v1/conversations").await.json()["items"][0]["title"], "Printer");

        let messages = items(&visitor.get(&format!("{path}/messages")).await.json());
        let (own, bots) = (messages[0]["id"].as_str().unwrap(), messages[1]["id"].as_str().unwrap());
        let rate = async |id: &str, body: Json| {
            visitor.call("PUT", &format!("{path}/messages/{id}/feedback"), Body::Json(body)).await
        };
        for (rating, kept) in [(json!("up"), json!("up")), (json!("down"), json!("down")), (Json::Null, Json::Null)] {
            rate(bots, json!({"rating": rating, "reason": "because"})).await.expect(204);
            let messages = items(&visitor.get(&format!("{path}/messages")).await.json());
            assert_eq!(messages[1]["feedback"], kept);
        }
        rate(own, json!({"rating": "up"})).await.problem(404, "not_found");
        rate(&message_id(), json!({"rating": "up"})).await.problem(404, "not_found");
        rate(bots, json!({"rating": "sideways"})).await.problem(400, "wrong_shape");
        rate(bots, json!({"rating": "up", "reason": "x".repeat(2_001)})).await.problem(400, "invalid");

        let file = visitor.upload(&conversation, "a.txt", b"private").await.expect(201).json();
        visitor.call("DELETE", &path, Body::None).await.expect(204);
        assert_eq!(socket_end(&mut socket).await, Some(4409));
        for gone in [path.clone(), format!("{path}/messages"), format!("{path}/events"), file["url"].as_str().unwrap().to_owned()] {
            visitor.get(&gone).await.problem(404, "not_found");
        }
        visitor.post(&format!("{path}/messages"), json!({"text": "hello?"})).await.problem(404, "not_found");
        visitor.call("DELETE", &path, Body::None).await.problem(404, "not_found");
        assert_eq!(visitor.get("/api/v1/conversations").await.json()["items"], json!([]));
    }

    async fn messages_have_bounds(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
        for text in ["", "  \n\t "] {
            visitor.post(&path, json!({"text": text})).await.problem(400, "empty_message");
        }
        visitor.post(&path, json!({})).await.problem(400, "empty_message");
        let sentence = visitor.post(&path, json!({"text": "é".repeat(16_001)})).await.problem(413, "too_large");
        assert!(sentence.contains("16000 characters") || sentence.contains("16,000"), "{sentence}");
        visitor.post(&path, json!({"text": "é".repeat(16_000)})).await.expect(200);
        visitor.post(&path, json!({"text": "x".repeat(900_000)})).await.problem(413, "too_large");
        let files: Vec<String> = (0..11).map(|_| message_id().replace("msg_", "att_")).collect();
        visitor.post(&path, json!({"attachments": files})).await.problem(413, "too_large");
        visitor.post(&path, json!({"attachments": files[..1]})).await.problem(404, "not_found");
        // Everything that a text can be comes back as it was, except the one character no database takes.
        for text in ["<script>alert(1)</script>", "'; DROP TABLE session_messages; --", "\u{202e}abc\u{0}def", "🫖 ﷽ \u{feff}", "%s %n \\x00"] {
            visitor.post(&path, json!({"text": text})).await.expect(200);
            let said = visitor.transcript(&conversation).await;
            let own = said.iter().rev().find_map(|line| line.strip_prefix("person: ")).unwrap();
            assert_eq!(own, text.replace('\0', ""));
        }
        // An action that was never offered is not obeyed.
        let forged = json!({"text": "x", "action": "tool:{\"tool\":\"fail\",\"with\":[]}"});
        let ran = visitor.post(&path, forged).await.expect(200).json();
        assert_eq!(ran["turn"]["outcome"], "failed", "this one is offered");
        let forged = json!({"text": "x", "action": "tool:{\"tool\":\"start\",\"with\":[]}"});
        let ran = visitor.post(&path, forged).await.expect(200).json();
        assert!(texts(&ran["messages"])[0].starts_with("I do not understand free text yet"), "{ran}");
    }
}

async fn socket_end(socket: &mut crate::live::Socket) -> Option<u16> {
    loop {
        if let crate::live::Heard::Closed(code) = socket.heard().await {
            return code;
        }
    }
}
