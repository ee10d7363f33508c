//! What leaves the server by itself: each way out, without the queue that feeds it.

pub mod base_url;
pub mod email;
pub mod event_shape;
pub mod guard;
pub mod inbox;
pub mod mailer;
pub mod message;
pub mod retry;
pub mod signature;
pub mod sms;
pub mod smtp_url;
pub mod templates;
pub mod tls;
pub mod webhook;
