//! Suggestions, contexts, the system prompt and the session's variables: kept in the state document.

use botserver_basic_types::Value;
use botserver_context::{ConversationContext, ToolCall};
use botserver_runtime::TurnBuffer;

use crate::stage::Stage;

#[tokio::test]
async fn suggestions_in_all_their_forms() {
    let script = r#"
        ADD SUGGESTION "track" AS "Where is my order?"
        ADD_SUGGESTION "Opening hours"
        ADD SUGGESTION "Call me", "action:call"
        ADD SUGGESTION TOOL "find-product.bas" WITH "tea", 2 AS "Find tea"
        ADD SUGGESTION TEXT "I want to pay" AS "Pay"
        label = "Opening hours"
        ADD SUGGESTION label
    "#;
    let shown = Stage::of(script).run(&[]).await.context().suggestions;
    let shown: Vec<_> = shown.iter().map(|own| (&*own.label, &*own.text, own.action.as_deref())).collect();
    let tool = ToolCall { tool: "find-product".to_owned(), with: vec![Value::text("tea"), Value::Int(2)] }.to_action();
    assert_eq!(
        shown,
        [
            ("Where is my order?", "Where is my order?", Some("context:track")),
            ("Call me", "Call me", Some("action:call")),
            ("Find tea", "Find tea", Some(tool.as_str())),
            ("Pay", "I want to pay", None),
            // Added again: it stands once, at the end.
            ("Opening hours", "Opening hours", None),
        ]
    );
    let call = ToolCall::from_action(&tool).unwrap();
    assert_eq!((call.tool.as_str(), call.with.len()), ("find-product", 2));
}

#[tokio::test]
async fn suggestions_are_announced_once_and_only_offered_ones_count() {
    let stage = Stage::of("ADD SUGGESTION \"a\" AS \"A\"");
    let mut turn = stage.run(&[]).await.turn;
    let announced = ConversationContext::take_unshown(&mut turn).unwrap();
    assert_eq!(announced.len(), 1);
    assert!(ConversationContext::take_unshown(&mut turn).is_none(), "they have been shown");
    let context = ConversationContext::load(&turn);
    assert!(context.offers("context:a") && !context.offers("context:b") && !context.offers("tool:{}"));

    let cleared = Stage::of("ADD SUGGESTION \"A\"\nCLEAR SUGGESTIONS").run(&[]).await;
    assert!(cleared.context().suggestions.is_empty());
    let many = "FOR i = 1 TO 60\nADD SUGGESTION \"label \" + i\nNEXT";
    let ran = Stage::of(many).run(&[]).await;
    assert_eq!(ran.transcript, "failed: there are 50 suggestions already");
}

#[tokio::test]
async fn contexts_and_the_prompt_replace_each_other_by_name() {
    let script = r#"
        SET CONTEXT "We are a shop."
        SET CONTEXT "Hours" AS "9 to 18"
        SET_CONTEXT "hours", "10 to 17"
        who = "Ana"
        SELECT CASE who
        CASE "Bob"
            BEGIN SYSTEM PROMPT
            never
            END SYSTEM PROMPT
        CASE ELSE
            BEGIN SYSTEM PROMPT
            Be brief with ${who}.
            Say "please".
            END SYSTEM PROMPT
        END SELECT
    "#;
    let context = Stage::of(script).run(&[]).await.context();
    let texts: Vec<_> = context.contexts.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert_eq!(texts, [("default", "We are a shop."), ("hours", "10 to 17")]);
    assert_eq!(context.system_prompt.as_deref(), Some("Be brief with Ana.\nSay \"please\"."));
}

#[tokio::test]
async fn session_values_keep_their_types_over_runs_and_restarts() {
    let stage = Stage::new(&[
        (
            "start.bas",
            "cart = { items: [1, 2.5], open: TRUE }\nSET SESSION \"Cart\", cart\nSET \"session.po_id\" = 7\nrole = \"guest\"\nSET role, role\nHEAR x\nSET SESSION \"said\" AS x\nTALK GET SESSION \"SAID\"",
        ),
        (
            "later.bas",
            "c = GET SESSION \"cart\"\nTALK c.items[1] + 1\npo = GET \"session.po_id\"\nTALK po + 1\nrole = GET role\nTALK role\nTALK session.said + \" \" + session.id\nTALK \"[\" + GET SESSION(\"none\") + \"]\"",
        ),
    ]);
    let first = stage.run(&["hi"]).await;
    assert_eq!(first.transcript, "[any]\nyou: hi\nbot: hi");
    let state = first.turn.state;
    let before = || TurnBuffer { state: state.clone(), ..TurnBuffer::default() };
    let later = stage.call("later", Vec::new(), &[], before).await.transcript;
    let id = botserver_kernel::ConversationId::new(uuid::Uuid::from_u128(10));
    assert_eq!(later, format!("bot: 3.5\nbot: 8\nbot: guest\nbot: hi {id}\nbot: []"));
}

#[tokio::test]
async fn who_talks_with_which_bot_where() {
    let script = "TALK bot.name + \" \" + channel + \" \" + user.role + \" \" + user.language + \" [\" + username + user.email + \"]\"\nTALK LEN(user.id) > 10\nuser = { id: 1 }\nTALK user.id";
    // What a script assigns is its own, everywhere in it.
    let own = "user = { id: 1, role: \"own\" }\nTALK user.role";
    assert_eq!(Stage::of(own).run(&[]).await.transcript, "bot: own");
    let free = script.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(Stage::of(&free).run(&[]).await.transcript, "bot: shop web visitor en []\nbot: true");
}

#[tokio::test]
async fn the_session_has_room_for_a_megabyte() {
    let script = "text = REPEAT(\"x\", 600000)\nSET SESSION \"a\", text\nON ERROR RESUME NEXT\nSET SESSION \"b\", text\nTALK ERROR MESSAGE\nTALK GET SESSION \"b\"\nTALK LEN(GET SESSION \"a\")";
    assert_eq!(
        Stage::of(script).run(&[]).await.transcript,
        "bot: the variables of a session may take 1 MB together\nbot: 600000"
    );
}
