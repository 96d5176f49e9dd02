//! Indexes can be made anew at any time: after a crash, when they are damaged, with another embedder, without one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use botserver_db::Db;
use botserver_knowledge::{MIGRATIONS, grants_of};
use botserver_ports::{EmbedError, EmbedKind, Embedder, IndexChange, IndexSpec, SearchIndex};
use botserver_testkit::{HashEmbedder, db_tests};

use crate::world::{BOT, World, owner, visitor};

/// Fails so many times, then works.
struct Failing(AtomicUsize, HashEmbedder);

#[async_trait]
impl Embedder for Failing {
    fn name(&self) -> &str {
        self.1.name()
    }

    async fn dimensions(&self) -> Result<usize, EmbedError> {
        self.1.dimensions().await
    }

    async fn embed(&self, texts: &[String], kind: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(EmbedError::Service("503".to_owned()));
        }
        self.1.embed(texts, kind).await
    }
}

async fn spec(world: &World) -> IndexSpec {
    let serving = world.knowledge.collections(&owner(), BOT).await.unwrap().0.serving;
    IndexSpec { name: serving.index, dimensions: serving.dimensions }
}

async fn three_documents(db: Db) -> World {
    let world = World::new(db).await;
    world.put("a.md", "Tea from Assam is strong.");
    world.put("b.md", "Tea from Darjeeling is light.");
    world.put("c.md", "Camomile is no tea at all.");
    world
}

db_tests! {
    migrations: MIGRATIONS;

    async fn what_a_crash_left_out_is_put_in_and_what_is_too_much_goes(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        let spec = spec(&world).await;
        let lost = world.document("a.md").await;
        let stranger = botserver_ports::IndexDocument {
            id: uuid::Uuid::from_u128(77),
            collection: world.collections().await[0].id.uuid(),
            language: "en".to_owned(),
            grants: grants_of(&visitor()),
            passages: Vec::new(),
        };
        let changes = vec![IndexChange::Remove { id: lost.uuid() }, IndexChange::Put(stranger)];
        world.index.apply(&spec, changes).await.unwrap();
        assert_eq!(world.found("assam").await, "");
        let read = world.reader.read.load(Ordering::SeqCst);
        let world = world.restarted().await;
        world.settle().await;
        assert_eq!((world.found("assam").await.as_str(), world.indexed().await), ("a.md", 3));
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read, "nothing is read again");
    }

    async fn an_index_that_is_gone_is_made_from_sql(db: Db) {
        let world = three_documents(db).await;
        *world.embedder.lock() = Some(Arc::new(HashEmbedder::default()));
        world.take().await;
        world.index.drop_index(&spec(&world).await.name).await.unwrap();
        let world = world.restarted().await;
        world.settle().await;
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!(answer.passages[0].path, "a.md");
        assert!(answer.passages[0].cosine.is_some(), "{answer:?}");
    }

    async fn a_damaged_index_is_built_anew_in_the_background(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        let before = spec(&world).await;
        world.damage(&before.name);
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!(answer.passages, []);
        assert!(answer.warnings[0].contains("damaged"), "{:?}", answer.warnings);
        let read = world.reader.read.load(Ordering::SeqCst);
        world.settle().await;
        let after = spec(&world).await;
        assert_ne!(before.name, after.name);
        assert_eq!(world.found("assam").await, "a.md");
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read);
        assert!(!world.knowledge.collections(&owner(), BOT).await.unwrap().0.rebuilding);
        assert_eq!(world.index.list().await.unwrap(), [after.name]);
    }

    /// Somebody deletes the folder while the server runs: the next question is still answered, and notices.
    async fn an_index_that_is_deleted_while_it_answers_is_built_anew(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        let before = spec(&world).await;
        world.settle().await;
        world.lose(&before.name);
        assert_eq!(world.found("assam").await, "a.md", "what is open goes on answering");
        let read = world.reader.read.load(Ordering::SeqCst);
        world.settle().await;
        assert_ne!(before.name, spec(&world).await.name);
        assert_eq!((world.found("assam").await.as_str(), world.indexed().await), ("a.md", 3));
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read, "nothing is read again");
    }

    async fn damage_is_found_at_the_start(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        world.damage(&spec(&world).await.name);
        let world = world.restarted().await;
        world.settle().await;
        assert_eq!((world.found("assam").await.as_str(), world.indexed().await), ("a.md", 3));
    }

    async fn another_embedder_makes_another_index_while_the_old_one_answers(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        assert_eq!(world.ask(&visitor(), "assam").await.embedder, None);
        let read = world.reader.read.load(Ordering::SeqCst);

        *world.embedder.lock() = Some(Arc::new(HashEmbedder::default()));
        let world = world.restarted().await;
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!((answer.passages[0].path.as_str(), answer.embedder), ("a.md", None));
        // What comes while it is being built is in it too.
        world.put("d.md", "Tea from Nepal is new.");
        world.take().await;
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!(answer.embedder.as_deref(), Some("hash-256"));
        assert_eq!(answer.passages[0].path, "a.md");
        assert!(answer.passages[0].cosine.is_some() && answer.warnings.is_empty(), "{answer:?}");
        assert_eq!((world.indexed().await, world.found("nepal").await.starts_with("d.md")), (4, true));
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read + 1);

        // And back to words only.
        *world.embedder.lock() = None;
        let world = world.restarted().await;
        world.settle().await;
        assert_eq!(world.found("assam").await, "a.md");
        assert_eq!(world.index.list().await.unwrap().len(), 1);
    }

    async fn an_embedder_that_comes_later_is_taken_without_a_restart(db: Db) {
        let world = three_documents(db).await;
        world.take().await;
        *world.embedder.lock() = Some(Arc::new(HashEmbedder::default()));
        // Nothing has changed that it would notice by itself at once.
        world.settle().await;
        assert_eq!(world.ask(&visitor(), "assam").await.embedder, None);
        world.knowledge.look_again();
        world.settle().await;
        assert_eq!(world.ask(&visitor(), "assam").await.embedder.as_deref(), Some("hash-256"));
    }

    async fn an_embedder_that_fails_costs_no_words(db: Db) {
        let world = three_documents(db).await;
        *world.embedder.lock() = Some(Arc::new(Failing(AtomicUsize::new(3), HashEmbedder::default())));
        world.take().await;
        assert_eq!(
            world.states().await.lines().next().unwrap(),
            "a.md embedding: the embedding service failed: 503; it is found by its words only"
        );
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!(answer.passages[0].path, "a.md");
        assert_eq!(answer.passages[0].cosine, None);
        world.clock.advance(std::time::Duration::from_mins(5));
        world.settle().await;
        assert_eq!(world.states().await, "a.md indexed\nb.md indexed\nc.md indexed");
        assert!(world.ask(&visitor(), "assam").await.passages[0].cosine.is_some());

        // A question whose vector does not come is answered by its words.
        *world.embedder.lock() = Some(Arc::new(Failing(AtomicUsize::new(1), HashEmbedder::default())));
        let answer = world.ask(&visitor(), "assam").await;
        assert_eq!((answer.passages.len(), answer.embedder), (1, None));
        assert_eq!(answer.warnings, ["words alone decided: the embedding service failed: 503"]);
    }
}
