//! Owner links and the sign-ins they make.

use std::time::Duration;

use botserver_auth::MIGRATIONS;
use botserver_db::{ConnectionTrait, Db};
use botserver_testkit::db_tests;

use crate::support::{Browser, House};

db_tests! {
    migrations: MIGRATIONS;

    async fn a_link_makes_one_owner_once(db: Db) {
        let house = House::open(&db).await;
        let link = house.owner_link().await;
        let mut anna = Browser::default();
        let (kind, id) = anna.me(&house).await;
        assert_eq!(kind, "visitor");
        // Looking at it, also by a program, uses nothing up.
        for _ in 0..3 {
            let page = anna.get(&house, &link).await;
            assert!(page.status == 200 && page.body.contains("<form method=\"post\""), "{}", page.body);
            assert_eq!(page.headers["cache-control"], "no-store");
            assert_eq!(page.headers["referrer-policy"], "same-origin");
        }
        let entered = anna.enter(&house, &link).await;
        assert_eq!((entered.status.as_u16(), entered.headers["location"].to_str().ok()), (303, Some("/owner")));
        let cookie = anna.set_cookies.concat();
        assert!(cookie.starts_with("bs_owner_") && cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
        assert_eq!(anna.me(&house).await, ("owner".to_owned(), id), "the same person with more rights");
        assert_eq!(anna.get(&house, "/metrics").await.status, 200);

        let mut late = Browser::default();
        let refused = late.enter(&house, &link).await;
        assert!(refused.status == 403 && refused.body.contains("does not work"), "{}", refused.body);
        assert_eq!(late.me(&house).await.0, "visitor");
        assert_eq!(late.get(&house, "/metrics").await.status, 404);
    }

    async fn of_many_at_once_one_wins(db: Db) {
        let house = House::open(&db).await;
        let link = house.owner_link().await;
        let mut browsers = [const { Browser { cookies: std::collections::BTreeMap::new(), address: None, set_cookies: Vec::new() } }; 4];
        let [a, b, c, d] = &mut browsers;
        let (a, b, c, d) = tokio::join!(a.enter(&house, &link), b.enter(&house, &link), c.enter(&house, &link), d.enter(&house, &link));
        let winners = [a, b, c, d].iter().filter(|answer| answer.status == 303).count();
        assert_eq!(winners, 1);
    }

    async fn a_link_ends_after_a_day_and_a_wrong_one_never_works(db: Db) {
        let house = House::open(&db).await;
        let link = house.owner_link().await;
        let mut anna = Browser::default();
        let changed = |at: usize| {
            let mut bytes = link.clone().into_bytes();
            let at = bytes.len() - at;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).expect("ASCII")
        };
        for bad in [changed(5), changed(40), changed(60), "?token=".to_owned(), "?token=%00%ff".to_owned(), format!("{link}x")] {
            assert_eq!(anna.enter(&house, &bad).await.status, 403, "{bad}");
        }
        house.clock.advance(Duration::from_hours(24));
        assert_eq!(anna.enter(&house, &link).await.status, 403, "a day is over");
        let fresh = house.owner_link().await;
        assert_eq!(anna.enter(&house, &fresh).await.status, 303);
    }

    async fn attempts_are_counted(db: Db) {
        let house = House::open(&db).await;
        let link = house.owner_link().await;
        let mut guesser = Browser { address: Some("203.0.113.9"), ..Browser::default() };
        for _ in 0..10 {
            assert_eq!(guesser.enter(&house, "?token=AAAA").await.status, 403);
        }
        let refused = guesser.enter(&house, &link).await;
        assert!(refused.status == 429 && refused.headers.contains_key("retry-after"), "{}", refused.body);
        let mut owner = Browser { address: Some("203.0.113.10"), ..Browser::default() };
        assert_eq!(owner.enter(&house, &link).await.status, 303);
    }

    async fn a_sign_in_ends_when_idle_or_old(db: Db) {
        let house = House::open(&db).await;
        let mut anna = Browser::default();
        anna.enter(&house, &house.owner_link().await).await;
        for _ in 0..5 {
            house.clock.advance(Duration::from_mins(29));
            assert_eq!(anna.me(&house).await.0, "owner", "use keeps it alive");
        }
        house.clock.advance(Duration::from_mins(30));
        assert_eq!(anna.me(&house).await.0, "visitor");

        anna.enter(&house, &house.owner_link().await).await;
        let mut minutes = 0;
        while anna.me(&house).await.0 == "owner" {
            house.clock.advance(Duration::from_mins(25));
            minutes += 25;
            assert!(minutes <= 30 * 24 * 60, "it never ends");
        }
        assert!(minutes > 29 * 24 * 60, "{minutes}");
    }

    async fn sign_out_and_revocation_work_at_once(db: Db) {
        let house = House::open(&db).await;
        let (mut anna, mut bert, mut visitor) = (Browser::default(), Browser::default(), Browser::default());
        anna.enter(&house, &house.owner_link().await).await;
        bert.enter(&house, &house.owner_link().await).await;
        let list = anna.get(&house, "/api/v1/owner/sessions").await.json();
        let items = list["items"].as_array().expect("items").clone();
        assert_eq!(items.len(), 2, "{list}");
        assert!(items[1]["current"] == true && items[0]["current"] == false && items[0]["client"] == "Test/1", "{list}");
        assert_eq!(items[0]["created_at"], "2026-01-02T03:04:05Z");

        let bert_session = format!("/api/v1/owner/sessions/{}", items[0]["id"].as_str().expect("an id"));
        assert_eq!(visitor.get(&house, "/api/v1/owner/sessions").await.status, 403);
        assert_eq!(visitor.send(&house, "DELETE", &bert_session, "").await.status, 403);
        assert_eq!(visitor.send(&house, "POST", "/api/v1/owner/sign-out", "").await.status, 401);

        let stolen = anna.cookie_named("owner");
        assert_eq!(anna.send(&house, "DELETE", &bert_session, "").await.status, 204);
        assert_eq!(anna.send(&house, "DELETE", &bert_session, "").await.status, 404);
        assert_eq!(bert.me(&house).await.0, "visitor");
        assert_eq!(anna.send(&house, "POST", "/api/v1/owner/sign-out", "").await.status, 204);
        assert!(anna.cookies.keys().all(|name| !name.contains("owner")));
        assert_eq!(anna.me(&house).await.0, "visitor");
        // Who kept the cookie has nothing.
        anna.cookies.insert(stolen.0, stolen.1);
        assert_eq!(anna.me(&house).await.0, "visitor");
    }

    async fn nothing_that_opens_a_door_is_stored(db: Db) {
        let house = House::open(&db).await;
        let link = house.owner_link().await;
        let token = link.split_once("token=").expect("a token").1.to_owned();
        let mut anna = Browser::default();
        anna.enter(&house, &house.owner_link().await).await;
        let (_, session) = anna.cookie_named("owner");
        for table in ["auth_owner_links", "auth_owner_sessions"] {
            let rows = db.read().query_all_raw(sea_orm::Statement::from_string(
                db.read().get_database_backend(),
                format!("SELECT secret_hash FROM {table}"),
            ));
            for row in rows.await.expect("rows") {
                let hash: Vec<u8> = row.try_get("", "secret_hash").expect("a hash");
                assert_eq!(hash.len(), 32);
                for door in [&token, &session] {
                    let decoded = base64::Engine::decode(
                        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
                        door.split('.').next().expect("a payload"),
                    );
                    let decoded = decoded.expect("base64");
                    assert!(!decoded.windows(32).any(|part| part == hash), "{table} holds a secret");
                }
            }
        }
        assert!(!format!("{:?}", house.auth.issue_owner_link().await).contains("token="), "Debug shows the link");
    }

    async fn a_page_never_repeats_what_is_no_token(db: Db) {
        let house = House::open(&db).await;
        let mut anna = Browser::default();
        for bad in ["%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "%27", "%00", "é", ""] {
            let page = anna.get(&house, &format!("/owner/enter?token={bad}")).await;
            assert!(page.status == 200 && !page.body.contains("script") && !page.body.contains("<form"), "{}", page.body);
        }
        assert_eq!(anna.get(&house, "/owner/enter").await.status, 200);
        assert_eq!(anna.get(&house, "/owner/enter.css").await.headers["content-type"], "text/css; charset=utf-8");
    }
}
