//! One attempt of a delivery.

use bytes::Bytes;
use directory::deliveries::{self, Attempt, Claimed, MAX_ANSWER, Outcome};
use directory::{Error, TenantId};
use jiff::Timestamp;

use super::Worker;
use crate::deliver::event_shape::WebhookBody;
use crate::deliver::retry::{RetryAfter, next_attempt};
use crate::deliver::signature::WebhookSecret;
use crate::deliver::webhook::{self, Request};

/// What came of an attempt, and what the other side asked for.
struct Made {
    outcome: Outcome,
    status: Option<u16>,
    duration: std::time::Duration,
    answer: String,
    retry_after: Option<RetryAfter>,
}

impl Made {
    fn nothing() -> Self {
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
        let made = self.send(tenant, &claimed).await?;
        let now = self.app.directory.clock().now();
        let attempts = u32::try_from(claimed.number).unwrap_or(u32::MAX);
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
        let (Some(event), Some(target)) = (&claimed.event, &claimed.webhook) else {
            return Ok(Made::nothing());
        };
        let now: Timestamp = self.app.directory.clock().now();
        let body = serde_json::to_vec(&WebhookBody::of(event)).map_err(Error::internal)?;
        let body = Bytes::from(body);
        let mut secrets = Vec::new();
        for sealed in target.secrets(now) {
            let text = self.app.sealing_key.open(tenant, "webhook", sealed)?;
            secrets.push(
                WebhookSecret::parse(secrecy::ExposeSecret::expose_secret(&text))
                    .map_err(Error::internal)?,
            );
        }
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
