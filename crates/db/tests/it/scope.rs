//! The organisation scope: a statement that begins with it touches no rows of others.

use botserver_db::{ConnectionTrait as _, Db, Error, OrgScope, row};
use botserver_kernel::OrgId;
use botserver_testkit::db_tests;
use uuid::Uuid;

use crate::notes::MIGRATIONS;

async fn add(db: &Db, org: OrgScope, text: &'static str) {
    db.write("notes.add", move |tx| {
        Box::pin(async move {
            let mut insert = org.insert("notes", &["text", "size"]);
            insert.values_panic(org.values([text.into(), 1.into()]));
            tx.execute(&insert).await.map_err(|source| Error::statement("notes.add", source))
        })
    })
    .await
    .unwrap();
}

async fn texts(db: &Db, org: OrgScope) -> Vec<String> {
    let mut select = org.select("notes");
    select.column("text").order_by("text", sea_query::Order::Asc);
    let rows = db.read().query_all(&select).await.unwrap();
    rows.iter().map(|found| row(found, "text").unwrap()).collect()
}

db_tests! {
    migrations: MIGRATIONS;

    async fn statements_stay_within_their_organisation(db: Db) {
        let (ours, theirs) = (OrgScope(OrgId::new(Uuid::from_u128(1))), OrgScope(OrgId::new(Uuid::from_u128(2))));
        for (org, text) in [(ours, "a"), (ours, "b"), (theirs, "c")] {
            add(&db, org, text).await;
        }
        assert_eq!(texts(&db, ours).await, ["a", "b"]);
        assert_eq!(texts(&db, theirs).await, ["c"]);
        let changed = db
            .write("notes.change", move |tx| Box::pin(async move {
                let failed = |source| Error::statement("notes.change", source);
                let changed = tx.execute(ours.update("notes").value("size", 9)).await.map_err(failed)?;
                let deleted = tx.execute(&ours.delete("notes")).await.map_err(failed)?;
                Ok::<_, Error>((changed.rows_affected(), deleted.rows_affected()))
            }))
            .await
            .unwrap();
        assert_eq!(changed, (2, 2));
        assert_eq!(texts(&db, theirs).await, ["c"]);
    }
}
