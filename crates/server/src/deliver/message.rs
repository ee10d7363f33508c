//! What is sent to one person, and what a try to send it comes to.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::retry::RetryAfter;

/// A message on its way to one person. Its values may hold links and codes that are still
/// good, so it cannot be printed.
pub struct Message {
    /// Its id, the same at every try: a receiver can tell a repeated message by it.
    pub id: String,
    /// Whom it goes to.
    pub to: Recipient,
    /// The words it is put in.
    pub template: TemplateName,
    /// What the template is filled with: texts, numbers and booleans, by the names that
    /// [`TemplateName`] lists.
    pub values: Map<String, Value>,
}

/// Whom a message goes to.
pub enum Recipient {
    /// An email address.
    Email(String),
    /// A telephone number in E.164 form: `+14155550123`.
    Phone(String),
}

impl Recipient {
    /// The way to them.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }
}

/// A way that messages take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Email.
    Email,
    /// SMS.
    Sms,
}

impl Channel {
    /// Its name in logs, in the inbox and for operators.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// The words that a message is put in. Values in brackets may be left out; `expires_at` is a
/// time in RFC 3339's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateName {
    /// To accept an invitation: `link`, [`name`], [`inviter`], [`organisation`], [`expires_at`].
    Invitation,
    /// To verify an email address and set a password; as [`Self::Invitation`].
    Verification,
    /// That somebody tried to sign up with an address which is known: [`name`].
    AlreadyRegistered,
    /// To set a new password: `link`, [`name`], [`expires_at`].
    PasswordReset,
    /// To register a passkey: `link`, [`name`], [`expires_at`].
    PasskeyRegistration,
    /// News: `title`, `text` (may have several lines), [`link`], [`unsubscribe`]: where no more of
    /// it can be asked for.
    Notification,
    /// An invitation by SMS; as [`Self::Invitation`].
    SmsInvitation,
    /// A code by SMS: `code`, [`minutes`] that it is good for.
    SmsVerificationCode,
    /// News by SMS: `title`, `text`.
    SmsNotification,
}

impl TemplateName {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Invitation,
        Self::Verification,
        Self::AlreadyRegistered,
        Self::PasswordReset,
        Self::PasskeyRegistration,
        Self::Notification,
        Self::SmsInvitation,
        Self::SmsVerificationCode,
        Self::SmsNotification,
    ];

    /// Its name, as it is stored and as its files begin.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Verification => "verification",
            Self::AlreadyRegistered => "already_registered",
            Self::PasswordReset => "password_reset",
            Self::PasskeyRegistration => "passkey_registration",
            Self::Notification => "notification",
            Self::SmsInvitation => "sms/invitation",
            Self::SmsVerificationCode => "sms/verification_code",
            Self::SmsNotification => "sms/notification",
        }
    }

    /// The way that messages in these words take.
    #[must_use]
    pub fn channel(self) -> Channel {
        match self {
            Self::Invitation
            | Self::Verification
            | Self::AlreadyRegistered
            | Self::PasswordReset
            | Self::PasskeyRegistration
            | Self::Notification => Channel::Email,
            Self::SmsInvitation | Self::SmsVerificationCode | Self::SmsNotification => Channel::Sms,
        }
    }
}

/// There is no template of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no such template")]
pub struct UnknownTemplate;

impl FromStr for TemplateName {
    type Err = UnknownTemplate;

    fn from_str(text: &str) -> Result<Self, UnknownTemplate> {
        let named = |name: &Self| name.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownTemplate)
    }
}

/// What a try to send a message came to. Reasons name no person and nothing of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The next server has taken it over.
    Sent,
    /// It will never be taken: no other try.
    Refused {
        /// Why, for the operator.
        reason: String,
    },
    /// Not now: to be tried again.
    Failed {
        /// Why, for the operator.
        reason: String,
        /// When the other side wants the next try, where it says so.
        retry_after: Option<RetryAfter>,
    },
    /// Nothing is configured that could send it: it waits, and this was no try.
    Waits,
}

impl Attempt {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Refused { reason }
    }

    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_found_again_by_its_name() {
        for name in TemplateName::ALL {
            assert_eq!(name.as_str().parse::<TemplateName>().unwrap(), name);
        }
        assert!("sms/../invitation".parse::<TemplateName>().is_err());
    }
}
