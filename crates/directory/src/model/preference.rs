//! How a user wants to be told what happened (seed 002, `NotificationPreference`).

use crate::event::EventType;

/// A way to deliver a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryChannel {
    /// In the application.
    Website,
    /// Gathered, each week.
    WeeklyEmailDigest,
    /// Gathered, each month.
    MonthlyEmailDigest,
    /// By email, at once.
    Email,
    /// By SMS, at once.
    Sms,
}

impl DeliveryChannel {
    /// Every channel, in the seed's order.
    pub const ALL: [Self; 5] = [
        Self::Website,
        Self::WeeklyEmailDigest,
        Self::MonthlyEmailDigest,
        Self::Email,
        Self::Sms,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Website => "website",
            Self::WeeklyEmailDigest => "weekly_email_digest",
            Self::MonthlyEmailDigest => "monthly_email_digest",
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// One rule of a user: for one event, in one account or as the default for all.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationPreference {
    /// The event it is about: one of the catalogue's 163.
    pub event: EventType,
    /// The account it holds in; none: the default for all accounts.
    pub account_id: Option<i64>,
    /// How to tell; empty: not at all.
    pub channels: Vec<DeliveryChannel>,
}
