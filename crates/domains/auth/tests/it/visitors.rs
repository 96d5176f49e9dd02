//! The visitor's cookie: who has it is who they are, and nobody else can make one.

use std::time::Duration;

use botserver_auth::MIGRATIONS;
use botserver_db::Db;
use botserver_testkit::db_tests;

use crate::support::{Browser, House};

db_tests! {
    migrations: MIGRATIONS;

    async fn a_visitor_stays_the_same_and_two_are_two(db: Db) {
        let house = House::open(&db).await;
        let (mut anna, mut bert) = (Browser::default(), Browser::default());
        let (kind, id) = anna.me(&house).await;
        assert_eq!(kind, "visitor");
        assert!(id.starts_with("usr_"));
        let cookie = anna.set_cookies.concat();
        assert!(cookie.contains("; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
        assert_eq!(anna.me(&house).await.1, id);
        assert!(anna.set_cookies.is_empty(), "a known visitor gets no new cookie");
        assert_ne!(bert.me(&house).await.1, id);
        // Another server on the same database, as after a restart.
        assert_eq!(anna.me(&House::open(&db).await).await.1, id);
    }

    async fn a_cookie_that_we_did_not_sign_is_worth_nothing(db: Db) {
        let house = House::open(&db).await;
        let mut anna = Browser::default();
        let (_, id) = anna.me(&house).await;
        let (name, value) = anna.cookie_named("visitor");
        let other_payload = format!("Z{}", &value[1..]);
        for forged in ["", "x", "..", &value[..value.len() - 1], &other_payload, &value.replace(".1.", ".2."), &"x".repeat(5000)] {
            let mut thief = Browser::default();
            thief.cookies.insert(name.clone(), forged.to_owned());
            assert_ne!(thief.me(&house).await.1, id, "{forged}");
            assert_eq!(thief.set_cookies.len(), 1, "{forged}");
        }
        // A visitor's value is no owner's, whatever cookie it stands in.
        let mut thief = Browser::default();
        thief.cookies.insert(name.replace("visitor", "owner"), value);
        assert_eq!(thief.me(&house).await.0, "visitor");
    }

    async fn over_https_the_cookie_is_bound_to_the_host(db: Db) {
        let house = House::open_secure(&db).await;
        let mut anna = Browser::default();
        let (_, id) = anna.me(&house).await;
        let cookie = anna.set_cookies.concat();
        assert!(cookie.starts_with("__Host-bs_visitor_") && cookie.ends_with("SameSite=Lax; Secure"), "{cookie}");
        // What a sibling domain could set is not believed.
        let (name, value) = anna.cookie_named("visitor");
        let mut tossed = Browser::default();
        tossed.cookies.insert(name.trim_start_matches("__Host-").to_owned(), value);
        assert_ne!(tossed.me(&house).await.1, id);
    }

    async fn in_a_frame_the_cookie_is_partitioned(db: Db) {
        let house = House::open_secure(&db).await;
        let mut framed = Browser::default();
        framed.get(&house, "/shop?embed=1").await;
        let cookie = framed.set_cookies.concat();
        assert!(cookie.starts_with("__Host-bs_embed_"), "{cookie}");
        assert!(cookie.ends_with("SameSite=None; Secure; Partitioned"), "{cookie}");
        let (_, id) = framed.me(&house).await;
        assert_eq!(framed.me(&house).await.1, id);
        assert!(framed.set_cookies.is_empty());
        // On plain http no browser would keep such a cookie.
        let mut plain = Browser::default();
        plain.get(&House::open(&db).await, "/shop?embed=1").await;
        assert!(plain.set_cookies.concat().ends_with("SameSite=Lax"), "{:?}", plain.set_cookies);
    }

    async fn an_old_cookie_is_renewed_for_the_same_visitor(db: Db) {
        let house = House::open(&db).await;
        let mut anna = Browser::default();
        let (_, id) = anna.me(&house).await;
        house.clock.advance(Duration::from_hours(24 * 31));
        assert_eq!(anna.me(&house).await.1, id);
        assert_eq!(anna.set_cookies.len(), 1);
        assert_eq!(anna.me(&house).await.1, id);
        assert!(anna.set_cookies.is_empty());
    }

    async fn two_servers_that_start_at_once_agree(db: Db) {
        let (one, other) = tokio::join!(House::open(&db), House::open(&db));
        assert_eq!(one.auth.org_id(), other.auth.org_id());
        let mut anna = Browser::default();
        assert_eq!(anna.me(&one).await, anna.me(&other).await);
    }
}
