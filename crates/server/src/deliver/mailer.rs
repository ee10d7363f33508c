//! The one door that messages leave by.

use jiff::Timestamp;

use super::base_url::BaseUrl;
use super::email::Smtp;
use super::inbox::Inbox;
use super::message::{Attempt, Channel, Message, Recipient};
use super::sms::SmsGateway;
use super::templates::{TemplateError, Templates};

/// Where email goes.
pub enum EmailRoute {
    /// To a server.
    Smtp(Box<Smtp>),
    /// Into the capture inbox.
    Inbox(Inbox),
    /// Nowhere: nothing is configured.
    None,
}

/// Where SMS go.
pub enum SmsRoute {
    /// To a gateway.
    Gateway(SmsGateway),
    /// Into the capture inbox.
    Inbox(Inbox),
    /// Nowhere: nothing is configured.
    None,
}

/// Puts messages into words and hands them on.
pub struct Mailer {
    /// What links in messages begin with; nobody can be invited without.
    pub base_url: Option<BaseUrl>,
    /// The words.
    pub templates: Templates,
    /// Where email goes.
    pub email: EmailRoute,
    /// Where SMS go.
    pub sms: SmsRoute,
}

impl Mailer {
    /// Tries once to send a message, for 16 seconds at most; `now` is what email is dated.
    /// Logs nothing.
    pub async fn send(&self, message: &Message, now: Timestamp) -> Attempt {
        if message.to.channel() != message.template.channel() {
            return Attempt::refused("its words are for another kind of recipient");
        }
        match &message.to {
            Recipient::Email(to) => self.send_email(to, message, now).await,
            Recipient::Phone(to) => self.send_sms(to, message, now).await,
        }
    }

    /// How messages of a kind leave: `smtp`, `gateway`, `inbox`, or `None` when they wait.
    #[must_use]
    pub fn route(&self, channel: Channel) -> Option<&'static str> {
        match channel {
            Channel::Email => match &self.email {
                EmailRoute::Smtp(_) => Some("smtp"),
                EmailRoute::Inbox(_) => Some("inbox"),
                EmailRoute::None => None,
            },
            Channel::Sms => match &self.sms {
                SmsRoute::Gateway(_) => Some("gateway"),
                SmsRoute::Inbox(_) => Some("inbox"),
                SmsRoute::None => None,
            },
        }
    }

    async fn send_email(&self, to: &str, message: &Message, now: Timestamp) -> Attempt {
        if let EmailRoute::None = self.email {
            return Attempt::Waits;
        }
        let content = match self.templates.email(message.template, &message.values) {
            Ok(content) => content,
            Err(cause) => return unwritten(&cause),
        };
        match &self.email {
            EmailRoute::Smtp(smtp) => smtp.send(to, &message.id, content, now).await,
            EmailRoute::Inbox(inbox) => {
                inbox.keep_email(&message.id, to, content, now);
                Attempt::Sent
            }
            EmailRoute::None => Attempt::Waits,
        }
    }

    async fn send_sms(&self, to: &str, message: &Message, now: Timestamp) -> Attempt {
        if let SmsRoute::None = self.sms {
            return Attempt::Waits;
        }
        let text = match self.templates.sms(message.template, &message.values) {
            Ok(text) => text,
            Err(cause) => return unwritten(&cause),
        };
        match &self.sms {
            SmsRoute::Gateway(gateway) => gateway.send(to, &text).await,
            SmsRoute::Inbox(inbox) => {
                inbox.keep_sms(&message.id, to, text, now);
                Attempt::Sent
            }
            SmsRoute::None => Attempt::Waits,
        }
    }
}

/// Templates were tried at the start: a message that does not fit one never will.
fn unwritten(cause: &TemplateError) -> Attempt {
    Attempt::refused(cause.without_values())
}
