//! `/users/{email or id}/notification-preferences` (seed 002, `NotificationPreference`).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Error;
use directory::model::NotificationPreference;
use directory::notifications::{self, MAX_PREFERENCES, Preferences};
use directory::store::{Tx, UserKey};
use directory::violation::{Path as Place, Rule, Violations};
use serde_json::{Map, Value};

use super::wire::{PreferenceIn, named, preference_list, preferences_in, user_key};
use super::{Caller, quirks};
use crate::http::failure::Failure;
use crate::http::limits::Limits;
use crate::http::{App, Shared, reply};

/// Members and items of one rule: itself, its three members and five channels.
const FIELDS_OF_A_RULE: usize = 9;

/// The user that a path names.
pub(super) fn named_user(path: Result<Path<String>, PathRejection>) -> Result<UserKey, Failure> {
    let key = path.ok().and_then(|Path(text)| user_key(&text));
    key.ok_or_else(|| Error::NotFound.into())
}

/// `GET`: the default rules, and those of accounts that the caller has part in.
pub(super) async fn show(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let (actor, within) = (caller.actor(), caller.within());
    let key = named_user(path)?;
    let read = move |tx: &Tx<'_>| notifications::preferences(tx, &actor, &key, within);
    Ok(answer(&app.directory.read(read).await?))
}

/// `PUT`: replaces what `GET` shows.
pub(super) async fn replace(
    State(app): State<Shared>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (actor, within) = (caller.actor(), caller.within());
    let key = named_user(path)?;
    // Absent and not to be seen are told before the body is judged.
    let (asker, asked) = (actor, key.clone());
    let exists = move |tx: &Tx<'_>| notifications::may_set_preferences(tx, &asker, &asked);
    app.directory.read(exists).await?;
    let list = quirks::json_list(&app, &headers, body, &limits(&app)).await?;
    let mut violations = Violations::new();
    let rules = preferences_in(list.iter(), &Place::default(), &mut violations);
    let write = move |tx: &Tx<'_>| set(tx, &caller, &key, within, &rules, &violations);
    match app.directory.write(write).await {
        Ok(preferences) => Ok(answer(&preferences)),
        Err(Error::Invalid(violations)) => {
            let places = list.into_iter().enumerate();
            let values: Map<String, Value> = places
                .map(|(place, value)| (place.to_string(), value))
                .collect();
            Err(Error::Invalid(named(&violations, &values)).into())
        }
        Err(cause) => Err(cause.into()),
    }
}

/// What a body with all the rules that a user may have may cost.
pub(super) fn limits(app: &App) -> Limits {
    Limits {
        fields: app.limits.fields + MAX_PREFERENCES * FIELDS_OF_A_RULE,
        ..app.limits
    }
}

/// The rules for accounts that the caller has part in, and the default ones; adds what is wrong
/// with others. What exists and is not the caller's is refused as what does not exist.
///
/// # Errors
/// Storage errors.
pub(super) fn reached(
    tx: &Tx<'_>,
    caller: &Caller,
    rules: &[PreferenceIn],
    violations: &mut Violations,
) -> Result<Vec<NotificationPreference>, Error> {
    let mut known = BTreeMap::new();
    let mut kept = Vec::with_capacity(rules.len());
    for each in rules {
        let reaches = match each.rule.account_id {
            None => true,
            Some(account) => match known.get(&account) {
                Some(reaches) => *reaches,
                None => {
                    let reaches = caller.reaches(tx, account)?;
                    known.insert(account, reaches);
                    reaches
                }
            },
        };
        if reaches {
            kept.push(each.rule.clone());
        } else {
            violations.add(each.path.child("accountId"), Rule::MustExist);
        }
    }
    Ok(kept)
}

/// Sets the rules. An account in one must be one that the caller has part in, as for who makes a
/// user.
pub(super) fn set(
    tx: &Tx<'_>,
    caller: &Caller,
    key: &UserKey,
    within: Option<i64>,
    rules: &[PreferenceIn],
    violations: &Violations,
) -> Result<Preferences, Error> {
    let mut violations = violations.clone();
    let kept = reached(tx, caller, rules, &mut violations)?;
    let rules = (kept.as_slice(), violations);
    notifications::set_preferences(tx, &caller.actor(), key, within, None, rules)
}

fn answer(preferences: &Preferences) -> Response {
    reply::json(StatusCode::OK, &preference_list(&preferences.rules))
}
