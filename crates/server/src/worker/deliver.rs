//! One attempt of a delivery.

use bytes::Bytes;
use directory::deliveries::{
    self, Attempt, Claimed, DeliveryKey, Letter, LetterKind, MAX_ANSWER, Outcome,
};
use directory::model::InvitationKind;
use directory::{Error, TenantId, notifications};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::Worker;
use crate::deliver::base_url::BaseUrl;
use crate::deliver::event_shape::WebhookBody;
use crate::deliver::mailer::Mailer;
use crate::deliver::message::{self, Message, Recipient, TemplateName};
use crate::deliver::retry::{RetryAfter, next_attempt};
use crate::deliver::signature::WebhookSecret;
use crate::deliver::webhook::{self, Request};

/// What came of an attempt, and what the other side asked for.
pub(super) struct Made {
    outcome: Outcome,
    status: Option<u16>,
    duration: std::time::Duration,
    answer: String,
    retry_after: Option<RetryAfter>,
}

impl Made {
    fn failed(reason: &str) -> Self {
        Self {
            outcome: Outcome::Failed,
            answer: reason.to_owned(),
            ..Self::nothing()
        }
    }

    pub(super) fn nothing() -> Self {
        Self {
            outcome: Outcome::Discarded,
            status: None,
            duration: std::time::Duration::ZERO,
            answer: "nothing to send any more".to_owned(),
            retry_after: None,
        }
    }
}

impl Worker {
    /// Makes an attempt and writes what came of it.
    pub(super) async fn attempt(&self, tenant: TenantId, claimed: Claimed) -> Result<(), Error> {
        let began = self.app.directory.clock().now();
        let made = match self.send(tenant, &claimed).await {
            // What cannot be prepared is an attempt as well: it is given up in time.
            Err(cause @ Error::Internal(_)) => {
                tracing::error!(
                    error = directory::with_causes(&cause),
                    lane = claimed.key.lane,
                    "a delivery cannot be prepared"
                );
                Made::failed("it cannot be prepared")
            }
            made => made?,
        };
        let now = self.app.directory.clock().now();
        let attempts = claimed.scheduled;
        let random = self.app.directory.random();
        let next = next_attempt(attempts, claimed.since, now, made.retry_after, random);
        // Who wants no more gets no more.
        let next = next.filter(|_| made.outcome != Outcome::Gone);
        let attempt = Attempt {
            number: claimed.number,
            outcome: made.outcome,
            status: made.status,
            duration_ms: i64::try_from(made.duration.as_millis()).unwrap_or(i64::MAX),
            answer: made.answer.chars().take(MAX_ANSWER).collect(),
            created_at: began,
        };
        metrics::counter!("muster_delivery_attempts_total", "outcome" => attempt.outcome.name())
            .increment(1);
        let (key, lease) = (claimed.key, claimed.lease);
        self.app
            .directory
            .write(move |tx| deliveries::finish(tx, tenant, &key, lease, &attempt, next))
            .await
    }

    async fn send(&self, tenant: TenantId, claimed: &Claimed) -> Result<Made, Error> {
        if claimed.key.webhook_id().is_some() {
            self.send_webhook(tenant, claimed).await
        } else if notifications::is_notice(&claimed.key.lane) {
            self.send_notice(tenant, claimed).await
        } else {
            self.send_message(tenant, claimed).await
        }
    }

    /// What messages are sent by, and what links in them begin with.
    pub(super) fn messenger(&self) -> Result<(&Mailer, &BaseUrl), Error> {
        let mailer = self.app.mailer.as_deref();
        mailer
            .and_then(|mailer| Some((mailer, mailer.base_url.as_ref()?)))
            .ok_or_else(|| Error::internal("a message was taken that cannot be sent"))
    }

    /// Hands a message over.
    pub(super) async fn hand_over(&self, mailer: &Mailer, message: &Message) -> Made {
        let clock = self.app.directory.clock();
        let began = clock.monotonic();
        let sent = mailer.send(message, clock.now()).await;
        made_of_message(sent, clock.monotonic().saturating_sub(began))
    }

    async fn send_message(&self, tenant: TenantId, claimed: &Claimed) -> Result<Made, Error> {
        let (mailer, base) = self.messenger()?;
        let taken = claimed.clone();
        let token = self
            .app
            .sealing_key
            .token(tenant, &message_id(&claimed.key));
        let letter = self
            .app
            .directory
            .write(move |tx| deliveries::letter(tx, tenant, &taken, token.clone()));
        let message = letter
            .await?
            .and_then(|letter| message(&claimed.key, &letter, base));
        let Some(message) = message else {
            return Ok(Made::nothing());
        };
        Ok(self.hand_over(mailer, &message).await)
    }

    async fn send_webhook(&self, tenant: TenantId, claimed: &Claimed) -> Result<Made, Error> {
        let (Some(event), Some(target)) = (&claimed.event, &claimed.webhook) else {
            return Ok(Made::nothing());
        };
        let now: Timestamp = self.app.directory.clock().now();
        let body = serde_json::to_vec(&WebhookBody::of(event)).map_err(Error::internal)?;
        let body = Bytes::from(body);
        let sealed = target.secrets(now).into_iter();
        let secrets: Vec<_> = sealed
            .filter_map(|each| self.opened(tenant, each))
            .collect();
        let id = format!("msg_{}", event.id);
        let sent = self.webhooks.send(Request {
            url: &target.url,
            id: &id,
            timestamp: now.as_second(),
            body: &body,
            secrets: &secrets,
        });
        Ok(made(sent.await))
    }

    /// A secret of a webhook. One that was sealed with another secret key is passed over, so that
    /// a new one helps at once; with none, the attempt fails for want of a signature.
    fn opened(&self, tenant: TenantId, sealed: &str) -> Option<WebhookSecret> {
        let text = self.app.sealing_key.open(tenant, "webhook", sealed);
        let parsed = text
            .and_then(|text| WebhookSecret::parse(text.expose_secret()).map_err(Error::internal));
        let told = |cause: &Error| {
            let error = directory::with_causes(cause);
            tracing::warn!(error, "a webhook's secret was passed over");
        };
        parsed.inspect_err(told).ok()
    }
}

/// The same at each attempt.
fn message_id(key: &DeliveryKey) -> String {
    format!("msg_{}_{}", key.event_id, key.recipient)
}

/// The message of a letter, by the lane that it goes out on.
fn message(key: &DeliveryKey, letter: &Letter, base: &BaseUrl) -> Option<Message> {
    let (to, template) = if key.lane == deliveries::SMS {
        let phone = letter.user.phone.as_ref()?.key()?.to_owned();
        (Recipient::Phone(phone), TemplateName::SmsInvitation)
    } else {
        let email = letter.user.email.as_ref()?.as_str().to_owned();
        let template = match letter.kind {
            LetterKind::Invitation(InvitationKind::Invite) => TemplateName::Invitation,
            LetterKind::Invitation(InvitationKind::Verify) => TemplateName::Verification,
            LetterKind::PasskeyRegistration => TemplateName::PasskeyRegistration,
            LetterKind::PasswordReset => TemplateName::PasswordReset,
            LetterKind::AlreadyRegistered => TemplateName::AlreadyRegistered,
        };
        (Recipient::Email(email), template)
    };
    let below = match letter.kind {
        LetterKind::Invitation(_) => Some("invitations"),
        LetterKind::PasskeyRegistration => Some("passkeys/register"),
        LetterKind::PasswordReset => Some("password-resets"),
        LetterKind::AlreadyRegistered => None,
    };
    let mut values = serde_json::Map::new();
    if let Some(below) = below {
        let path = format!("{below}/{}", letter.token.expose_secret());
        values.insert("link".to_owned(), base.link(&path, &[]).into());
        let expires_at = format!("{:.0}", letter.expires_at);
        values.insert("expires_at".to_owned(), expires_at.into());
    }
    for (name, known) in [
        ("name", &letter.user.first_name),
        ("organisation", &letter.organisation),
        ("inviter", &letter.inviter),
    ] {
        if let Some(known) = known {
            values.insert(name.to_owned(), known.clone().into());
        }
    }
    Some(Message {
        id: message_id(key),
        to,
        template,
        values,
    })
}

fn made_of_message(attempt: message::Attempt, duration: std::time::Duration) -> Made {
    let (outcome, answer, retry_after) = match attempt {
        message::Attempt::Sent => (Outcome::Delivered, String::new(), None),
        // No other try is made of what will never be taken.
        message::Attempt::Refused { reason } => (Outcome::Gone, reason, None),
        message::Attempt::Failed {
            reason,
            retry_after,
        } => (Outcome::Failed, reason, retry_after),
        message::Attempt::Waits => (Outcome::Failed, "nothing is configured".to_owned(), None),
    };
    Made {
        outcome,
        status: None,
        duration,
        answer,
        retry_after,
    }
}

fn made(attempt: webhook::Attempt) -> Made {
    let outcome = match attempt.outcome {
        webhook::Outcome::Delivered => Outcome::Delivered,
        webhook::Outcome::Refused => Outcome::Refused,
        webhook::Outcome::Gone => Outcome::Gone,
        webhook::Outcome::Forbidden(_) => Outcome::Forbidden,
        webhook::Outcome::Failed(_) => Outcome::Failed,
    };
    let answer = if attempt.status.is_some() {
        attempt.answer
    } else {
        attempt.outcome.to_string()
    };
    Made {
        outcome,
        status: attempt.status,
        duration: attempt.duration,
        answer,
        retry_after: attempt.retry_after,
    }
}
