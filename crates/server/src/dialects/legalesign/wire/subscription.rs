//! Subscriptions: webhooks as this API asks for them.

use std::collections::BTreeSet;

use directory::event::EventType;
use directory::users::Change;
use directory::violation::{Expected, Path, Rule, Violations};
use directory::webhooks::{Webhook, WebhookChange};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::quirks::{EVENT_FILTERS, NOTIFY, event_types};
use super::{NamedGroup, not_included, required};
use crate::http::fields::{Fields, Reading};

/// A group as `subscribe` and `unsubscribe` name it: by URI, slug, or the number that
/// `notifications` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialects::legalesign) enum SubscribedGroup {
    /// By URI or slug.
    Named(NamedGroup),
    /// By number.
    Number(i64),
}

/// What to be told of.
pub(in crate::dialects::legalesign) struct SubscriptionIn {
    /// When: the number that `notifications` shows.
    pub(in crate::dialects::legalesign) notify: i64,
    /// Where to.
    pub(in crate::dialects::legalesign) url: String,
    /// Of what.
    pub(in crate::dialects::legalesign) filter: &'static str,
    /// Of which group alone.
    pub(in crate::dialects::legalesign) group: Option<SubscribedGroup>,
    /// All that is wrong with the body.
    pub(in crate::dialects::legalesign) violations: Violations,
}

/// What to be told of no more.
pub(in crate::dialects::legalesign) struct Unsubscription {
    /// Where to.
    pub(in crate::dialects::legalesign) url: String,
    /// Of what; none: of whatever.
    pub(in crate::dialects::legalesign) filter: Option<&'static str>,
    /// Of which group; none: of whichever.
    pub(in crate::dialects::legalesign) group: Option<SubscribedGroup>,
    /// All that is wrong with the body.
    pub(in crate::dialects::legalesign) violations: Violations,
}

/// Reads the body of `POST /subscribe/`; `check` says what is wrong with an address.
pub(in crate::dialects::legalesign) fn subscription_in(
    map: &Map<String, Value>,
    check: impl Fn(&str) -> Result<(), Rule>,
) -> SubscriptionIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let notify = required(&mut fields, "notify").and_then(|text| {
        let known = NOTIFY.into_iter().find(|(name, _)| *name == text);
        if known.is_none() {
            fields.refuse("notify", not_included(&text));
        }
        known.map(|(_, number)| number)
    });
    let url = required(&mut fields, "url").unwrap_or_default();
    if let Some(Err(rule)) = Some(&url)
        .filter(|url| !url.is_empty())
        .map(|url| check(url))
    {
        fields.refuse("url", rule);
    }
    let filter = filter_in(&mut fields).unwrap_or("");
    let group = subscribed_group(map, &mut fields);
    SubscriptionIn {
        notify: notify.unwrap_or_default(),
        url,
        filter,
        group,
        violations,
    }
}

/// Reads the body of `POST /unsubscribe/`.
pub(in crate::dialects::legalesign) fn unsubscription_in(
    map: &Map<String, Value>,
) -> Unsubscription {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let url = required(&mut fields, "url").unwrap_or_default();
    let filter = filter_in(&mut fields);
    let group = subscribed_group(map, &mut fields);
    Unsubscription {
        url,
        filter,
        group,
        violations,
    }
}

fn filter_in(fields: &mut Fields<'_, '_>) -> Option<&'static str> {
    let known = |text: &str| EVENT_FILTERS.into_iter().find(|each| *each == text);
    match fields.choice("eventFilter", known) {
        Change::Set(filter) => Some(filter),
        Change::Keep | Change::Clear => None,
    }
}

fn subscribed_group(
    map: &Map<String, Value>,
    fields: &mut Fields<'_, '_>,
) -> Option<SubscribedGroup> {
    let rule = match map.get("group") {
        None | Some(Value::Null) => return None,
        Some(Value::String(text)) if text.is_empty() => return None,
        Some(Value::String(text)) => match NamedGroup::parse(text) {
            Some(group) => return Some(SubscribedGroup::Named(group)),
            None => not_included(text),
        },
        Some(Value::Number(number)) => match number.as_i64() {
            Some(id) => return Some(SubscribedGroup::Number(id)),
            None => not_included(&number.to_string()),
        },
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Rule::WrongType {
            expected: Expected::Text,
        },
    };
    fields.refuse("group", rule);
    None
}

impl SubscribedGroup {
    /// The rule that naming it breaks when it does not exist.
    pub(in crate::dialects::legalesign) fn unknown(&self) -> Rule {
        match self {
            Self::Named(group) => group.unknown(),
            Self::Number(id) => not_included(&id.to_string()),
        }
    }
}

impl SubscriptionIn {
    /// The webhook that tells of it.
    pub(in crate::dialects::legalesign) fn change(&self, group_id: Option<i64>) -> WebhookChange {
        let types: BTreeSet<EventType> = event_types(self.notify, self.filter);
        WebhookChange {
            url: Some(self.url.clone()),
            event_types: Some(types),
            group_id: Some(group_id),
            terms: Some(Some(terms(self.notify, self.filter))),
            enabled: Some(true),
            ..WebhookChange::default()
        }
    }
}

/// What a subscription was asked for in, as its webhook keeps it: `10 recipient.*`.
fn terms(notify: i64, filter: &str) -> String {
    format!("{notify} {filter}")
}

/// The number and the filter that a webhook keeps; none for one that was made elsewhere.
pub(in crate::dialects::legalesign) fn terms_of(webhook: &Webhook) -> Option<(i64, &str)> {
    let (notify, filter) = webhook.terms.as_deref()?.split_once(' ')?;
    Some((notify.parse().ok()?, filter))
}

/// A subscription.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct NotificationOut {
    active: bool,
    notify_when: i64,
    url: String,
    group_id: Option<i64>,
    event_filter: String,
}

impl NotificationOut {
    /// The subscription that a webhook is; none for one that was made elsewhere.
    pub(in crate::dialects::legalesign) fn of(webhook: &Webhook) -> Option<Self> {
        let (notify_when, filter) = terms_of(webhook)?;
        Some(Self {
            active: webhook.disabled_at.is_none(),
            notify_when,
            url: webhook.url.clone(),
            group_id: webhook.group_id,
            event_filter: filter.to_owned(),
        })
    }
}
