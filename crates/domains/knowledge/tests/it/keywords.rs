//! What scripts say about documents.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, Value};
use botserver_config::BotConfig;
use botserver_db::Db;
use botserver_knowledge::{ActiveCollections, MIGRATIONS, find_in_collection, module};
use botserver_runtime::{CallContext, Handler, KNOWLEDGE_STATE, TurnBuffer};
use botserver_testkit::db_tests;

use crate::world::{BOT, World, visitor};

fn context() -> CallContext {
    CallContext {
        principal: visitor(),
        bot_id: BOT,
        bot_name: "shop".into(),
        package_version: "v1".into(),
        conversation_id: None,
        config: Arc::new(BotConfig::default()),
        locale: "en".into(),
        time_zone: jiff::tz::TimeZone::UTC,
        turn: "t1".into(),
        now: botserver_kernel::Timestamp::from_second(1_767_323_045).unwrap(),
    }
}

fn args(pairs: &[(&str, Value)]) -> Args {
    Args(pairs.iter().map(|(name, value)| (Arc::from(*name), Arg::Value(value.clone()))).collect())
}

/// Runs a keyword as the runtime does: slow reads learn what the conversation uses.
async fn run(world: &World, turn: &mut TurnBuffer, name: &str, pairs: &[(&str, Value)]) -> Value {
    let keyword = module(&world.knowledge).keywords.into_iter().find(|own| own.decl.name == name).unwrap();
    call(turn, &keyword.handler, pairs).await.unwrap()
}

async fn call(
    turn: &mut TurnBuffer,
    handler: &Handler,
    pairs: &[(&str, Value)],
) -> Result<Value, botserver_basic_types::BasicError> {
    let mut args = args(pairs);
    match handler {
        Handler::Say(run) => run(&context(), turn, args),
        Handler::Read { run, .. } => {
            if let Some(chosen) = turn.state.get(KNOWLEDGE_STATE) {
                args.0.push((Arc::from(KNOWLEDGE_STATE), Arg::Value(Value::from_json(chosen))));
            }
            run(&context(), args).await
        }
        _ => panic!("another effect"),
    }
}

async fn two_collections(db: Db) -> World {
    let world = World::new(db).await;
    world.put("policies/returns.md", "# Returns\nSend tea back within thirty days.");
    world.put("products/tea.md", "Tea from Assam is strong.");
    world.take().await;
    world
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_conversation_chooses_what_is_searched(db: Db) {
        let world = two_collections(db).await;
        let mut turn = TurnBuffer::default();
        let collection = |name: &str| [("collection", Value::text(name))];
        let sources = async |turn: &mut TurnBuffer| {
            let found = run(&world, turn, "THINK KB", &[("question", Value::text("tea"))]).await.to_json();
            let mut sources: Vec<String> =
                found["sources"].as_array().unwrap().iter().map(|own| own.as_str().unwrap().to_owned()).collect();
            sources.sort();
            sources.join(" ")
        };
        let both = "policies/returns.md products/tea.md";
        assert_eq!(sources(&mut turn).await, both);
        run(&world, &mut turn, "CLEAR KB", &collection("Products")).await;
        assert_eq!(sources(&mut turn).await, "policies/returns.md");
        run(&world, &mut turn, "USE KB", &collection("products")).await;
        assert_eq!(sources(&mut turn).await, "products/tea.md");
        run(&world, &mut turn, "USE KB", &collection("Policies")).await;
        assert_eq!(sources(&mut turn).await, both);
        run(&world, &mut turn, "CLEAR KB", &[]).await;
        assert_eq!(sources(&mut turn).await, "");
        assert!(turn.log.is_empty());
        run(&world, &mut turn, "USE KB", &collection("missing")).await;
        assert_eq!(turn.log[0].message, "USE KB: the bot has no collection `missing` (yet)");
        run(&world, &mut turn, "USE KB", &collection("shop.gbkb")).await;
        assert_eq!(sources(&mut turn).await, both);
        assert_eq!(ActiveCollections::load(&turn), ActiveCollections::default());
    }

    async fn answers_have_their_source(db: Db) {
        let world = two_collections(db).await;
        let mut turn = TurnBuffer::default();
        let found = run(&world, &mut turn, "THINK KB", &[("question", Value::text("thirty days"))]).await.to_json();
        let first = &found["results"][0];
        assert_eq!(first["content"], "Send tea back within thirty days.");
        assert_eq!((&first["source"], &first["kb_name"]), (&"policies/returns.md".into(), &"policies".into()));
        assert!(first["relevance"].as_f64().unwrap() > 0.0 && found["confidence"] == first["relevance"], "{found}");
        assert_eq!((&found["total"], &found["query"]), (&1.into(), &"thirty days".into()));

        let find = find_in_collection(&world.knowledge);
        let pairs = [("question", Value::text("tea")), ("collection", Value::text("Products"))];
        let rows = call(&mut turn, &find, &pairs).await.unwrap().to_json();
        assert_eq!((rows.as_array().unwrap().len(), &rows[0]["source"]), (1, &"products/tea.md".into()));
        let pairs = [("question", Value::text("tea")), ("collection", Value::text("nothing"))];
        assert_eq!(call(&mut turn, &find, &pairs).await.unwrap_err().message, "there is no collection `nothing`");
    }

    async fn documents_are_counted(db: Db) {
        let world = two_collections(db).await;
        let mut turn = TurnBuffer::default();
        let text = run(&world, &mut turn, "KB STATISTICS", &[]).await;
        let own: serde_json::Value = serde_json::from_str(text.as_text().unwrap()).unwrap();
        for (key, expected) in [
            ("total_documents", 2),
            ("total_passages", 2),
            // Nothing makes vectors here.
            ("total_vectors", 0),
            ("total_collections", 2),
            ("documents_added_last_week", 2),
            ("documents_added_last_month", 2),
        ] {
            assert_eq!(own[key], expected, "{key}");
        }
        assert_eq!(own["collections"][0]["status"], "ready");
        assert_eq!(run(&world, &mut turn, "KB DOCUMENTS COUNT", &[]).await, Value::Int(2));
        assert_eq!(run(&world, &mut turn, "KB DOCUMENTS ADDED SINCE", &[("days", Value::Int(1))]).await, Value::Int(2));
        let names = Value::Array(vec![Value::text("policies"), Value::text("products")]);
        assert_eq!(run(&world, &mut turn, "KB LIST COLLECTIONS", &[]).await, names);
        let one = run(&world, &mut turn, "KB COLLECTION STATS", &[("collection", Value::text("Policies"))]).await;
        assert_eq!(one.to_json()["documents"], 1);
        assert!(matches!(run(&world, &mut turn, "KB STORAGE SIZE", &[]).await, Value::Float(_)));
    }
}
