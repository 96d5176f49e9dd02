//! The sample bots as people talk with them, from their menus, with no model, over the real server.

use serde_json::json;

use crate::live::{Setup, Visitor, on_both, texts};

fn with_samples(setup: Setup) -> Setup {
    setup.with_samples()
}

/// Says a few things; what the bot answered to the last.
async fn talk(visitor: &Visitor, conversation: &str, lines: &[&str]) -> Vec<String> {
    let mut heard = Vec::new();
    for line in lines {
        heard = visitor.hears(conversation, line).await;
    }
    heard
}

/// The number that a bot gave: `**TEA-123ABC**`.
fn number(text: &str, prefix: &str) -> String {
    let at = text.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {text}"));
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

on_both! {
    async fn the_shop_finds_sells_and_tracks(setup: Setup) {
        let live = with_samples(setup).start();
        let visitor = live.visitor().await;
        let shop = visitor.begin("shop").await;
        let first = visitor.say(&shop, "Find something").await;
        assert!(texts(&first["messages"])[0].starts_with("Welcome to **The Corner Shop**!"), "{first}");
        let found = talk(&visitor, &shop, &["pot"]).await.concat();
        assert!(found.contains("**Glass Teapot**, € 34.00 (in stock)"), "{found}");
        assert!(found.contains("**Iron Teapot**, € 58.00 (sold out at the moment)"), "{found}");
        let nothing = talk(&visitor, &shop, &["Find something", "%_'; DROP TABLE products; --"]).await.concat();
        assert!(nothing.contains("I have nothing that fits"), "{nothing}");

        // An order, with everything answered wrong once.
        let menu = visitor.say(&shop, "Order").await;
        let hear = menu["events"].as_array().unwrap().iter().find(|own| own["event"]["kind"] == "hear").unwrap();
        let options = hear["event"]["input"]["options"].as_array().unwrap();
        assert!(options.contains(&json!("Glass Teapot")) && !options.contains(&json!("Iron Teapot")), "{hear}");
        talk(&visitor, &shop, &["a camel"]).await;
        let many = talk(&visitor, &shop, &["glass teapot"]).await.concat();
        assert!(many.contains("How many of **Glass Teapot**? I have 8."), "{many}");
        let too_many = talk(&visitor, &shop, &["a lot", "9"]).await.concat();
        assert!(too_many.contains("I have only 8."), "{too_many}");
        talk(&visitor, &shop, &["2", "Ada Lovelace"]).await;
        let again = talk(&visitor, &shop, &["nowhere"]).await.concat();
        assert!(!again.is_empty() && !again.contains("Shall I order?"), "{again}");
        let confirm = talk(&visitor, &shop, &["ada@example.org"]).await.concat();
        assert!(confirm.contains("2 × **Glass Teapot** for Ada Lovelace: € 68.00 in all. Shall I order?"), "{confirm}");
        let ordered = talk(&visitor, &shop, &["Yes, order"]).await.concat();
        let code = number(&ordered, "TEA-");

        // Somebody else sees the smaller stock, knows the number, and learns nothing.
        let other = live.visitor().await;
        let theirs = other.begin("shop").await;
        let stock = talk(&other, &theirs, &["Order", "Glass Teapot"]).await.concat();
        assert!(stock.contains("I have 6."), "{stock}");
        talk(&other, &theirs, &["0"]).await;
        let refused = talk(&other, &theirs, &["Where is my order?", &code, "eve@example.org"]).await.concat();
        assert!(refused.contains("I cannot find an order"), "{refused}");
        let tracked = talk(&visitor, &shop, &["Where is my order?", &code.to_lowercase(), "ada@example.org"]).await.concat();
        assert!(tracked.contains("2 × Glass Teapot") && tracked.contains("**being packed**"), "{tracked}");

        // Without a yes nothing is sold.
        let no = talk(&visitor, &shop, &["Order", "Tea Bowl", "1", "Ada", "ada@example.org", "No"]).await.concat();
        assert!(no.contains("Nothing is ordered"), "{no}");
        let stock = talk(&other, &theirs, &["Order", "Tea Bowl"]).await.concat();
        assert!(stock.contains("I have 20."), "{stock}");
    }

    async fn the_helpdesk_opens_a_ticket_and_tells_its_state_later(setup: Setup) {
        let mut live = with_samples(setup).start();
        let visitor = live.visitor().await;
        let desk = visitor.begin("helpdesk").await;
        let mut asked = Vec::new();
        let mut say = async |visitor: &Visitor, line: &str| {
            let answer = visitor.say(&desk, line).await;
            for event in answer["events"].as_array().unwrap() {
                let input = &event["event"]["input"];
                if event["event"]["kind"] == "hear" && !input.is_null() {
                    asked.push(format!("{} {}", input["kind"].as_str().unwrap(), input["attempt"]));
                }
            }
            texts(&answer["messages"])
        };
        say(&visitor, "Something is broken").await;
        for line in ["12345", "Grace Hopper", "no address", "still none", "grace@example.org", "A ship", "Printer"] {
            say(&visitor, line).await;
        }
        // The server goes down in the middle of the dialog.
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        for line in ["the day of wrath", "yesterday", "some", "12"] {
            say(&visitor, line).await;
        }
        let done = say(&visitor, "It prints in | colours\nand \"quotes\" ${affected}").await.concat();
        let code = number(&done, "HD-");
        for part in ["Thank you, Grace Hopper.", "- About: Printer", "- Priority: high", "within the hour", "grace@example.org"] {
            assert!(done.contains(part), "{part}: {done}");
        }
        assert_eq!(
            asked,
            [
                "name 1", "name 2", "email 1", "email 2", "email 3", "menu 1", "menu 2", "date 1", "date 2",
                "integer 1", "integer 2", "any 1",
            ]
        );
        // The row is there as it was said, and only whoever knows number and address is told.
        let state = talk(&visitor, &desk, &["How is my ticket doing?", &code, "grace@example.org"]).await.concat();
        assert!(state.contains(&format!("**{code}** (Printer) has been waiting since")), "{state}");
        assert!(state.contains("Its priority is high."), "{state}");
        let other = live.visitor().await;
        let theirs = other.begin("helpdesk").await;
        let refused = talk(&other, &theirs, &["How is my ticket doing?", &code, "eve@example.org"]).await.concat();
        assert!(refused.contains("I do not find a ticket"), "{refused}");

        // The team works on it: a script of the same package, as a technician would have one.
        let script = "DESCRIPTION \"Solves a ticket.\"\nHEAR code WITH \"Which?\"\n\
            UPDATE \"tickets\" SET state = \"solved\", answer = \"Paper was out.\" WHERE code = code\nTALK \"Solved.\"\n";
        std::fs::write(live.bots("helpdesk.gbai/helpdesk.gbdialog/solve.bas"), script).expect("written");
        let start = live.bots("helpdesk.gbai/helpdesk.gbdialog/start.bas");
        let text = std::fs::read_to_string(&start).expect("the script");
        std::fs::write(&start, format!("{text}\nADD SUGGESTION TOOL \"solve\" AS \"Solve\"\n")).expect("written");
        live.server().signal("TERM");
        live.ended();
        live.start();
        let (visitor, technician) = (visitor.at(&live), live.visitor().await);
        let work = technician.begin("helpdesk").await;
        assert_eq!(talk(&technician, &work, &["Solve", &code]).await, ["Solved."]);
        let state = talk(&visitor, &desk, &["How is my ticket doing?", &code, "grace@example.org"]).await;
        assert!(state[0].contains("is solved"), "{state:?}");
        assert!(state[1].contains("> Paper was out."), "{state:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_helpdesk_goes_on_when_answers_stay_wrong() {
    let live = Setup::new().with_samples().start();
    let visitor = live.visitor().await;
    let desk = visitor.begin("helpdesk").await;
    let end = talk(&visitor, &desk, &["Something is broken", "Ada", "x", "y", "z"]).await.concat();
    assert!(end.contains("Without an address we could not answer you."), "{end}");
    // Everything but the address may be missing.
    let never = "???";
    let mut done = String::new();
    for (lines, question) in [
        (vec!["Something is broken"], "your name"),
        (vec!["12", "34", "56"], "Where can we write"),
        (vec!["ada@example.org"], "What is it about?"),
        (vec![never; 3], "Since when?"),
        (vec![never; 3], "How many people"),
        (vec![never; 3], "what happens"),
        (vec!["It hums"], "Your ticket is"),
    ] {
        done = talk(&visitor, &desk, &lines).await.concat();
        assert!(done.to_lowercase().contains(&question.to_lowercase()), "{question}: {done}");
    }
    for part in ["Thank you, ada@example.org.", "- About: Something else", "- Priority: low"] {
        assert!(done.contains(part), "{part}: {done}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_bot_shows_what_can_be_done() {
    let live = Setup::new().with_samples().start();
    let visitor = live.visitor().await;
    let bot = visitor.begin("default").await;
    let asked = talk(&visitor, &bot, &["Let me ask you something", "Ada", "Coffee"]).await;
    assert!(asked[0].contains("Coffee, then."), "{asked:?}");
    let days = talk(&visitor, &bot, &["tomorrow"]).await.concat();
    assert!(days.contains("Tomorrow already!"), "{days}");
    // A number between 1 and 20 is found with five guesses.
    talk(&visitor, &bot, &["Play a little game"]).await;
    let (mut low, mut high) = (1_i32, 20_i32);
    let won = loop {
        let guess = low.midpoint(high);
        let answer = talk(&visitor, &bot, &[&guess.to_string()]).await.concat();
        match &answer {
            text if text.contains("Higher!") => low = guess + 1,
            text if text.contains("Lower!") => high = guess - 1,
            text => break text.clone(),
        }
        assert!(low <= high, "{answer}");
    };
    assert!(won.contains("guesses") || won.contains("first try"), "{won}");
    let how = talk(&visitor, &bot, &["how does this work?"]).await;
    assert!(how[0].contains("A bot is a folder") && how[1].contains("```basic"), "{how:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn free_text_gets_an_honest_sentence_and_the_suggestions() {
    let live = Setup::new().with_samples().file("bare.gbai/start.bas", "TALK \"Hi.\"\n").start();
    for (language, part) in [
        ("en", "no language model is set up for me"),
        ("pt-BR", "modelo de linguagem"),
        ("es", "modelo de lenguaje"),
        ("de", "no language model is set up for me"),
    ] {
        for bot in ["default", "shop", "helpdesk"] {
            let visitor = live.visitor().await.saying("accept-language", language);
            let (mut socket, ready) = visitor.socket(bot, json!({"visible": true, "locale": language})).await;
            let greeting = socket.turn().await;
            let chips = greeting.iter().rev().find(|own| own["event"]["kind"] == "suggestions").expect("suggestions");
            assert!(chips["event"]["items"].as_array().unwrap().len() > 1, "{chips}");
            // A word that is of no language: the sentence is in that of the page.
            socket.say("zeppelin").await;
            let turn = socket.turn().await;
            let said = texts(&json!([turn[1]["event"]])).concat();
            assert!(said.contains(part), "{bot} in {language}: {said}");
            // The chips are still those on the page: nothing has replaced them.
            assert!(turn.iter().all(|own| own["event"]["kind"] != "suggestions"), "{turn:?}");
            assert_eq!(turn.last().unwrap()["event"]["outcome"], "done");
            assert!(ready["conversation"].is_string());
        }
    }
}
