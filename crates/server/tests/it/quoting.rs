//! How well documents are quoted: the labelled retrieval set through the real index, with the vectors of the real model.
//! What is printed here is what the bounds below were chosen by.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use botserver_config::BotConfig;
use botserver_db::Db;
use botserver_kernel::{BotId, OrgId, PersonId, Principal, RandomIds, Role};
use botserver_knowledge::{
    Fit, FolderFiles, FoundPassage, Knowledge, KnowledgeDeps, KnowledgeOptions, Layout, Library, MIGRATIONS, Search,
};
use botserver_ports::{Block, DocumentExtractor, Embedder, ExtractError, ExtractProgress, ExtractRequest, Extracted};
use botserver_search::FolderIndex;
use botserver_testkit::{
    FixedClock, LabelledPassage, LabelledQuestion, OpenDoor, RetrievalSet, StoredEmbedder, on_sqlite,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const BOT: BotId = BotId::new(Uuid::from_u128(11));
const ORG: OrgId = OrgId::new(Uuid::from_u128(7));
const BETWEEN: &str = " › ";

/// Headings and texts, without a process for each.
struct Reader;

#[async_trait]
impl DocumentExtractor for Reader {
    async fn extract(
        &self,
        request: ExtractRequest,
        _: ExtractProgress,
        _: CancellationToken,
    ) -> Result<Extracted, ExtractError> {
        let text = std::fs::read_to_string(&request.path).map_err(|error| ExtractError::Damaged(error.to_string()))?;
        let (headings, body) = text.split_once("\n\n").expect("a text below the headings");
        let mut blocks: Vec<Block> = (1..)
            .zip(headings.lines())
            .map(|(level, line)| Block::Heading { level, text: line.trim_start_matches(['#', ' ']).to_owned() })
            .collect();
        blocks.push(Block::Text { text: body.to_owned() });
        Ok(Extracted { blocks, ..Extracted::default() })
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["md"]
    }
}

struct Shelf {
    set: RetrievalSet,
    knowledge: Knowledge,
}

fn visitor() -> Principal {
    Principal { org_id: ORG, person_id: PersonId::new(Uuid::from_u128(3)), role: Role::Visitor }
}

/// Writes each passage as a document and reads them all.
async fn shelf(db: &Db, folder: &Path, vectors: bool) -> Shelf {
    let set = RetrievalSet::load().unwrap();
    for own in &set.passages {
        let parts: Vec<&str> = own.title.split(BETWEEN).collect();
        let headings = (1..).zip(&parts).map(|(level, part)| format!("{} {part}\n", "#".repeat(level)));
        let file = folder.join("documents").join(&own.id).join(format!("{}.md", parts[0].replace('/', " ")));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("{}\n{}", headings.collect::<String>(), own.text)).unwrap();
    }
    let embedder: Option<Arc<dyn Embedder>> =
        vectors.then(|| Arc::new(StoredEmbedder(set.clone())) as Arc<dyn Embedder>);
    let knowledge = Knowledge::open(KnowledgeDeps {
        db: db.clone(),
        org_id: ORG,
        clock: Arc::new(FixedClock::default()),
        ids: Arc::new(RandomIds),
        authorizer: Arc::new(OpenDoor),
        index: Arc::new(FolderIndex::open(&folder.join("index"))),
        extractor: Arc::new(Reader),
        embedders: Arc::new(move |_, _| embedder.clone()),
        defaults: Arc::new(BotConfig::default()),
        options: KnowledgeOptions::default(),
    })
    .await
    .unwrap();
    let library = Library {
        bot_id: BOT,
        name: "labelled".into(),
        config: Arc::new(BotConfig::default()),
        files: Arc::new(FolderFiles::folder(folder.join("documents"))),
        layout: Layout::One,
        folder: Some("documents".to_owned()),
    };
    knowledge.attach(library).await.unwrap();
    knowledge.sync(BOT).await.unwrap();
    knowledge.settle(&CancellationToken::new()).await.unwrap();
    let shelf = Shelf { set, knowledge };
    let owner = Principal { role: Role::Owner, ..visitor() };
    let (_, collections) = shelf.knowledge.collections(&owner, BOT).await.unwrap();
    let read: Vec<(i64, i64)> = collections.iter().map(|own| (own.documents, own.failed)).collect();
    assert_eq!(read, [(shelf.set.passages.len() as i64, 0)]);
    shelf
}

impl Shelf {
    async fn ask(&self, question: &str, before: &[String]) -> Vec<FoundPassage> {
        let search = Search { question: question.to_owned(), collections: None, limit: Some(3) };
        let answer = self.knowledge.search_after(&visitor(), BOT, &search, before).await.unwrap();
        assert!(answer.warnings.is_empty(), "{:?}", answer.warnings);
        answer.passages
    }

    /// The id of a passage by the folder that it was written into.
    fn id(found: &FoundPassage) -> &str {
        found.path.split('/').next().unwrap_or_default()
    }

    /// Of these questions: how many get a quotation, and how many of these a right one.
    async fn quoted(&self, questions: impl Iterator<Item = &LabelledQuestion>) -> (usize, usize, usize) {
        let (mut all, mut quoted, mut right) = (0, 0, 0);
        for own in questions {
            all += 1;
            if let Some(first) = self.ask(&own.question, &[]).await.first().filter(|first| first.fit == Fit::Good) {
                quoted += 1;
                right += usize::from(own.relevant.contains_key(Self::id(first)));
            }
        }
        (all, quoted, right)
    }

    /// Of these questions: how many get something to read at all, and how many of these what they ask for.
    async fn shown(&self, questions: impl Iterator<Item = &LabelledQuestion>) -> (usize, usize) {
        let (mut shown, mut right) = (0, 0);
        for own in questions {
            let found = self.ask(&own.question, &[]).await;
            let found: Vec<_> = found.iter().filter(|found| found.fit >= Fit::Near).collect();
            shown += usize::from(!found.is_empty());
            right += usize::from(found.iter().any(|found| own.relevant.contains_key(Self::id(found))));
        }
        (shown, right)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn last_heading(own: &LabelledPassage) -> &str {
    own.title.rsplit(BETWEEN).next().unwrap_or_default()
}

/// What a quotation is worth: `[precision, of the questions with an answer that get one, honest about what is outside]`,
/// and with what only comes near: `[of the questions with an answer that get it to read, nothing for what is outside]`.
async fn check_quotations(shelf: &Shelf, least: [f64; 5]) {
    for language in ["en", "pt"] {
        let own = |own: &&LabelledQuestion| own.language == language;
        let answered = shelf.set.questions.iter().filter(own).filter(|own| !own.relevant.is_empty());
        let (all, quoted, right) = shelf.quoted(answered).await;
        let (unanswered, wrong, _) =
            shelf.quoted(shelf.set.questions.iter().filter(own).filter(|own| own.relevant.is_empty())).await;
        let (outside, poor, _) = shelf.quoted(shelf.set.outside.iter().filter(own)).await;
        let sure = [share(right, quoted), share(quoted, all), share(outside - poor, outside)];
        println!(
            "{language}: {right} of {quoted} quotations are right, {all} asked; no to {} of {outside} from elsewhere, \
             to {} of {unanswered} that sound as if there was an answer",
            outside - poor,
            unanswered - wrong
        );
        let answered = shelf.set.questions.iter().filter(own).filter(|own| !own.relevant.is_empty());
        let (shown, helped) = shelf.shown(answered).await;
        let (nothing, _) = shelf.shown(shelf.set.outside.iter().filter(own)).await;
        println!(
            "{language}: with what only comes near {shown} of {all} get something to read, {helped} what they ask for; \
             nothing for {} of {outside} from elsewhere",
            outside - nothing
        );
        let near = [share(helped, all), share(outside - nothing, outside)];
        for (found, least) in sure.iter().chain(&near).zip(least) {
            assert!(*found >= least, "{language}: {found:.2} is less than {least}");
        }
    }
}

#[test]
fn quotations_are_right_and_what_the_documents_do_not_say_is_not_quoted() {
    on_sqlite(MIGRATIONS, async |db| {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(&db, folder.path(), true).await;
        check_quotations(&shelf, [0.7, 0.5, 0.85, 0.65, 0.35]).await;
        follow_ups_find_what_they_mean(&shelf).await;
    })
    .unwrap();
}

#[test]
fn the_same_by_words_alone() {
    on_sqlite(MIGRATIONS, async |db| {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(&db, folder.path(), false).await;
        check_quotations(&shelf, [0.85, 0.4, 0.9, 0.45, 0.55]).await;
        headings_find_their_section(&shelf).await;
    })
    .unwrap();
}

/// Who types a heading gets its section; who says nothing gets nothing.
async fn headings_find_their_section(shelf: &Shelf) {
    let headings: BTreeSet<&str> = shelf.set.passages.iter().map(last_heading).collect();
    let mut missed = Vec::new();
    for heading in &headings {
        let found = shelf.ask(heading, &[]).await;
        let first = found.first().filter(|first| first.fit == Fit::Good).map(|first| first.passage.place.clone());
        if first.as_deref().and_then(|place| place.rsplit(BETWEEN).next()) != Some(heading) {
            missed.push(format!("{heading}: {first:?}"));
        }
    }
    println!("{} of {} headings find their section", headings.len() - missed.len(), headings.len());
    assert!(missed.is_empty(), "{missed:#?}");
    for nothing in ["what is the?", "o que é isso?", "and", "¿qué es?", "?!"] {
        let found = shelf.ask(nothing, &[]).await;
        assert!(found.is_empty(), "`{nothing}` finds {}", found[0].path);
    }
}

/// What leans on the question before it finds more with it; what stands by itself finds the same.
async fn follow_ups_find_what_they_mean(shelf: &Shelf) {
    let (mut alone, mut after) = ([0, 0], [0, 0]);
    for own in &shelf.set.follow_ups {
        for (before, counts) in [(Vec::new(), &mut alone), (vec![own.before.clone()], &mut after)] {
            let found = shelf.ask(&own.question, &before).await;
            let place = found.iter().position(|found| own.relevant.contains_key(Shelf::id(found)));
            counts[0] += usize::from(place == Some(0));
            counts[1] += usize::from(place.is_some());
            if place != Some(0) && !before.is_empty() {
                println!("  {} {:?}: {:?}", own.id, own.question, found.iter().map(Shelf::id).collect::<Vec<_>>());
            }
        }
    }
    let all = shelf.set.follow_ups.len();
    println!("follow-ups of {all}, right first and among three: alone {alone:?}, after the one before {after:?}");
    assert!(after[0] >= alone[0] && share(after[1], all) >= 0.85, "alone {alone:?}, after {after:?}");
    let standing: Vec<&LabelledQuestion> = shelf.set.questions.iter().filter(|own| own.kind == "keyword").collect();
    for (own, before) in standing.iter().zip(standing.iter().skip(1)) {
        let alone: Vec<_> = shelf.ask(&own.question, &[]).await;
        assert_eq!(shelf.ask(&own.question, std::slice::from_ref(&before.question)).await, alone, "{}", own.question);
    }
}
