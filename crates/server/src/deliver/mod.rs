//! What leaves the server: email, SMS, and where they are kept instead during development.

pub mod base_url;
pub mod email;
pub mod inbox;
pub mod mailer;
pub mod message;
pub mod sms;
pub mod smtp_url;
pub mod templates;
pub mod tls;
