//! Users are told of events: as lists, and by the messages that are put into words here.

use std::sync::PoisonError;

use directory::deliveries::Claimed;
use directory::model::User;
use directory::notifications::{
    self, About, Cadence, Digest, DigestGroup, Notice, SMS_LANE, Told, zone,
};
use directory::{Error, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Worker;
use super::deliver::Made;
use crate::deliver::message::{Message, Recipient, TemplateName};
use crate::pages::unsubscribe;

impl Worker {
    /// Has the tenant's users told of what happens from now on, once it was not begun before.
    pub(super) async fn begin_to_notify(&self, tenant: TenantId) -> Result<(), Error> {
        let begun = || self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun().contains(&tenant) {
            return Ok(());
        }
        let begin = self
            .app
            .directory
            .write(move |tx| notifications::begin(tx, tenant));
        begin.await?;
        begun().insert(tenant);
        Ok(())
    }

    /// One step. Answers whether any event was looked at.
    pub(super) async fn route(&self, tenant: TenantId) -> Result<bool, Error> {
        let directory = &self.app.directory;
        if !directory
            .read(move |tx| notifications::is_behind(tx, tenant))
            .await?
        {
            return Ok(false);
        }
        let route = directory.write(move |tx| notifications::route(tx, tenant));
        if route.await? {
            self.more.notify_one();
        }
        Ok(true)
    }

    pub(super) async fn send_notice(
        &self,
        tenant: TenantId,
        claimed: &Claimed,
    ) -> Result<Made, Error> {
        let (mailer, base) = self.messenger()?;
        let taken = claimed.clone();
        let notice = self
            .app
            .directory
            .read(move |tx| notifications::notice(tx, tenant, &taken));
        let Some(notice) = notice.await? else {
            return Ok(Made::nothing());
        };
        let link = notice.unsubscription.map(|what| {
            let token = unsubscribe::token(&self.app.sealing_key, tenant, notice.user.id, what);
            unsubscribe::link(base, &token)
        });
        match message(claimed, &notice, link) {
            Some(message) => Ok(self.hand_over(mailer, &message).await),
            None => Ok(Made::nothing()),
        }
    }
}

/// The message of a notice, by the lane that it goes out on.
fn message(claimed: &Claimed, notice: &Notice, unsubscribe: Option<String>) -> Option<Message> {
    let key = &claimed.key;
    let by_sms = key.lane == SMS_LANE;
    let (to, template) = if by_sms {
        let phone = notice.user.phone.as_ref()?.key()?.to_owned();
        (Recipient::Phone(phone), TemplateName::SmsNotification)
    } else {
        let email = notice.user.email.as_ref()?.as_str().to_owned();
        (Recipient::Email(email), TemplateName::Notification)
    };
    let (title, text) = words(&notice.user, &notice.told, by_sms);
    let mut values = serde_json::Map::new();
    values.insert("title".to_owned(), title.into());
    values.insert("text".to_owned(), text.into());
    if let Some(link) = unsubscribe.filter(|_| !by_sms) {
        values.insert("unsubscribe".to_owned(), link.into());
    }
    Some(Message {
        // A user may be told of one event, or at one date, on several lanes.
        id: format!("{}_{}_{}", key.lane, key.event_id, key.recipient),
        to,
        template,
        values,
    })
}

/// What a message says: its title, and its text.
fn words(user: &User, told: &Told, short: bool) -> (String, String) {
    let zone = zone(user.timezone.as_deref());
    match told {
        Told::Event(event, about) => {
            let between = if short { ", " } else { "\n" };
            let title = event.entry().description.trim_end_matches('.');
            (title.to_owned(), parts(about, &zone).join(between))
        }
        Told::Digest(digest) => (title_of(digest), text_of(digest, &zone)),
    }
}

/// What an event was about, in which account, and when where the user is.
fn parts(about: &About, zone: &TimeZone) -> Vec<String> {
    let (kind, id) = &about.subject;
    let mut parts = vec![in_a_line(&format!("{kind} {id}"))];
    parts.extend(about.account_name.as_deref().map(in_a_line));
    parts.push(shown(about.at, zone));
    parts
}

/// A text from outside in one line, so that it passes for none of ours: what breaks or steers
/// lines is a space.
fn in_a_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace(breaks, " ")
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    local.strftime("%-d %B %Y, %H:%M %Z").to_string()
}

fn title_of(digest: &Digest) -> String {
    let span = match digest.cadence {
        Cadence::Weekly => "week",
        Cadence::Monthly => "month",
    };
    match digest.period.date() {
        Ok(day) => format!("Your {span} up to {}", day.strftime("%-d %B %Y")),
        Err(_) => format!("Your {span}"),
    }
}

fn text_of(digest: &Digest, zone: &TimeZone) -> String {
    let groups = digest.groups.iter().map(|group| text_of_group(group, zone));
    let mut texts: Vec<String> = groups.collect();
    if digest.more > 0 {
        texts.push(format!("And {} other kinds of events.", digest.more));
    }
    texts.join("\n\n")
}

fn text_of_group(group: &DigestGroup, zone: &TimeZone) -> String {
    let what = group.event.entry().description;
    let mut lines = vec![match group.count {
        1 => what.to_owned(),
        count => format!("{count} times: {what}"),
    }];
    let named = group.newest.iter();
    lines.extend(named.map(|about| format!("- {}", parts(about, zone).join(", "))));
    lines.join("\n")
}
