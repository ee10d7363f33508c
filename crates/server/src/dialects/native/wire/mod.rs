//! The shapes of `/v1`.

mod event_type;
mod form;
mod invitation;
mod job;
mod named;
mod notification;
mod parts_in;
mod passkey;
mod password;
mod redirect;
mod rights;
mod row_in;
mod session;
mod user_in;
mod user_out;
mod webhook;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

pub(super) use form::Preview;
pub(super) use invitation::StandingInvitation;
pub(super) use job::job_in;
pub(super) use named::named_in;
pub(super) use notification::{
    MandatoryOut, PreferenceOut, in_data, mandatory_in, preferences_in, rows_of,
};
pub(super) use parts_in::MAX_ENTRIES;
pub(super) use passkey::{
    ChallengeOut, LinkOut, Registration, answered_in, authentication_options_in, registration_in,
    registration_options_in, rename_in,
};
pub(super) use password::{PasswordIn, email_in, password_in};
pub(super) use redirect::redirect_in;
pub(super) use rights::{
    GrantedOut, MEMBER_ROLE, MemberIn, PermissionsOut, granted_in, member_in, role_in,
};
pub(super) use row_in::{Column, column, empty_body, row_in};
pub(super) use session::{LoginIn, StandingSession, WithToken, login_in, reason_in};
#[cfg(test)]
pub(super) use user_in::{FIELDS, JOINING_FIELDS};
pub(super) use user_in::{record_in, user_in};
pub(super) use webhook::{DeliveryWithAttempts, WithSecret, report_in, span_in, webhook_in};

use crate::http::fields::{FIRST_SECOND, Reading};

/// A resource that `/v1` shows.
pub(super) trait Resource {
    /// Its shape.
    type Out<'a>: Serialize
    where
        Self: 'a;

    /// The resource in its shape.
    fn out(&self) -> Self::Out<'_>;
}

const STRICT: Reading = Reading {
    texts_as_values: false,
    numbers_as_text: &[],
    empty_is_null: false,
};

/// Reads a time of RFC 3339 (section 5.6), in a year from 1 on.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if !is_date_time(text) {
        return None;
    }
    let at: Timestamp = text.parse().ok()?;
    (at.as_second() >= FIRST_SECOND).then_some(at)
}

/// Whether a text is laid out as a `date-time`: the parser takes other forms of ISO 8601, too.
fn is_date_time(text: &str) -> bool {
    let is = |text: &str, layout: &str| {
        text.len() == layout.len()
            && text
                .bytes()
                .zip(layout.bytes())
                .all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    _ => byte.eq_ignore_ascii_case(&wanted),
                })
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
    };
    let numeric = is(offset, "+00:00") || is(offset, "-00:00");
    let within = offset.get(1..3).is_some_and(|hours| hours < "24");
    is(date_time, "0000-00-00T00:00:00") && (is(offset, "Z") || numeric && within)
}

/// A time as `/v1` shows it: RFC 3339 with milliseconds, `Z`.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

fn time(at: Option<Timestamp>) -> Option<Time> {
    at.map(Time)
}
