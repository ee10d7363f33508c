//! Notifications: which users are told what happened, and how (seed 002, `NotificationPreference`).
//!
//! An event in the feed is routed to the users whose rules want it, by a cursor ([`route`]): onto
//! their lists for the website, onto the lanes of email and SMS, and into their next digests
//! ([`digests`]). What is told is made when it is told, from the event as it is then: so nothing
//! is kept twice, and who is forgotten is forgotten here too.

mod calendar;
pub mod digests;
mod list;
mod mandatory;
mod notice;
mod preferences;
pub mod retention;
mod route;

pub use calendar::{Cadence, Period, zone};
pub use digests::{Digest, DigestGroup};
pub use list::{
    Notification, NotificationFilter, NotificationPage, count, list, page, read, read_all,
};
pub use mandatory::{MandatoryNotification, mandatory, set_mandatory};
pub use notice::{About, Notice, TOLD_WITHIN, Told, is_notice, notice};
pub use preferences::{
    MAX_PREFERENCES, Preferences, Standing, Unsubscription, may_set_preferences, preferences,
    set_preferences, standing, unsubscribe,
};
pub use route::{begin, is_behind, route};

/// The lane of emails that tell of one event.
pub const EMAIL_LANE: &str = "email:notification";
/// The lane of SMS that tell of one event.
pub const SMS_LANE: &str = "sms:notification";
