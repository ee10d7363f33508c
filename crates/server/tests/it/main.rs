//! Scenarios over HTTP: each dialect as its clients see it, against a real server on
//! loopback. On SQLite, or with `MUSTER_TEST_ENGINE=postgres` on the server that
//! `MUSTER_TEST_POSTGRES` names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    unreachable_pub,
    dead_code
)]

mod backup;
mod cli;
mod contracts;
mod deliver;
mod deliver_webhook;
mod event_docs;
mod events;
mod everywhere;
mod examples;
mod full_log;
mod harness;
mod hostile;
mod invitations;
mod io_errors;
mod legalesign;
mod native;
mod notifications;
mod nul;
mod open_files;
mod openapi;
mod passkeys;
mod passwords;
mod platformos;
mod pulse;
mod reliability;
mod requests;
mod rights;
mod sessions;
mod sign_up;
mod webhook_receivers;
mod wonolo;
