//! What leaves the server by itself: each way out, without the queue that feeds it.

pub mod event_shape;
pub mod guard;
pub mod retry;
pub mod signature;
pub mod webhook;
