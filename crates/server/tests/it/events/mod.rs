//! Events over HTTP: the feed, its stream, what other systems report, and webhooks.

mod erase;
mod feed;
mod messages;
pub mod receiver;
mod report;
mod retention;
mod stream;
mod webhook_delivery;
mod webhooks;
