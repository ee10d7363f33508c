//! The storage contract: one suite, run on each engine.
//!
//! A case is an async function over a [`harness::World`]: a directory on a database of its
//! own, and the clock that it goes by. `on_each_engine!` makes a test of it for SQLite and
//! one for PostgreSQL, so that `users::sqlite::…` and `users::postgres::…` are told apart.
//! PostgreSQL takes part when `MUSTER_TEST_POSTGRES` holds the URL of a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

macro_rules! on_sqlite {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::harness::on_sqlite(super::$case).await;
                }
            )+
        }
    };
}

macro_rules! on_postgres {
    ($($case:ident),+ $(,)?) => {
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::harness::on_postgres(super::$case).await;
                }
            )+
        }
    };
}

macro_rules! on_each_engine {
    ($($case:ident),+ $(,)?) => {
        on_sqlite!($($case),+);
        on_postgres!($($case),+);
    };
}

mod at_once;
mod atomicity;
mod backup;
mod cost;
mod deep_windows;
mod deliveries;
mod durable;
mod engine;
mod events;
mod faults;
mod feed;
mod form_claims;
mod form_records;
mod forms;
mod given;
mod grants;
mod groups;
mod harness;
mod idempotency;
mod import;
mod import_marks;
mod invitations;
mod invitations_managed;
mod isolation;
mod jobs;
mod keys;
mod lists;
mod logins;
mod members;
mod notifications;
mod pool;
mod races;
mod rights;
mod schema;
mod sessions;
mod sign_ups;
mod unique;
mod user_values;
mod users;
