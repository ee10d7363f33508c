//! What can be asked of lists: filter, order, page. Knows no protocol.

use jiff::Timestamp;

use crate::error::Error;
use crate::event::EventType;
use crate::model::{
    DrugTest, Email, InvitationState, OnboardingState, UserKind, UserStatus, W2Status,
};
use crate::violation::{Rule, Violations};

/// Most rows that a page can hold.
pub const MAX_PAGE: usize = 200;
/// Most values of one filter: each is searched for by itself.
pub const MAX_VALUES: usize = 100;

/// Which users to list; every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are named as the user's own")]
pub struct UserFilter {
    pub email: Option<Email>,
    /// The whole name, without regard to case.
    pub first_name: Option<String>,
    /// The whole name, without regard to case.
    pub last_name: Option<String>,
    /// Any of these; empty: no condition.
    pub external_id: Vec<String>,
    pub kind: Option<UserKind>,
    pub status: Option<UserStatus>,
    /// Any of these; empty: no condition.
    pub state: Vec<String>,
    /// Any of these; empty: no condition.
    pub onboarding_state: Vec<OnboardingState>,
    /// Any of these; empty: no condition.
    pub w2_onboarding_status: Vec<W2Status>,
    pub w2_employee_id: Option<String>,
    /// Any of these; empty: no condition.
    pub drug_tested: Vec<DrugTest>,
    pub customer_id: Option<i64>,
    /// Members of this account.
    pub account_id: Option<i64>,
    /// Members of this group.
    pub group_id: Option<i64>,
    /// Changed after, exclusive.
    pub updated_after: Option<Timestamp>,
    /// Changed before, exclusive.
    pub updated_before: Option<Timestamp>,
    /// What forms keep of them; a few.
    pub properties: Vec<PropertyFilter>,
}

/// What a property that lists are filtered by must be. It is made by
/// [`crate::forms::Indexed::filter`].
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyFilter {
    pub(crate) path: String,
    pub(crate) comparison: PropertyComparison,
    pub(crate) number: Option<f64>,
    pub(crate) text: Option<String>,
}

/// How a property must compare with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyComparison {
    /// It is the same.
    Is,
    /// It is greater, or later.
    Above,
    /// It is not less.
    AtLeast,
    /// It is less, or earlier.
    Below,
    /// It is not greater.
    AtMost,
}

impl PropertyComparison {
    /// The comparison of that name: `gt`, `gte`, `lt`, `lte`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "gt" => Some(Self::Above),
            "gte" => Some(Self::AtLeast),
            "lt" => Some(Self::Below),
            "lte" => Some(Self::AtMost),
            _ => None,
        }
    }
}

impl UserFilter {
    /// # Errors
    /// [`Error::Invalid`] where a filter has more than [`MAX_VALUES`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut violations = Violations::new();
        for (name, values) in [("external_id", &self.external_id), ("state", &self.state)] {
            if values.len() > MAX_VALUES {
                violations.field(name, Rule::TooLong { max: MAX_VALUES });
            }
        }
        Error::if_any(violations)
    }
}

/// Which events of the feed to list; every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventFilter {
    /// Any of these; empty: no condition.
    pub event_type: Vec<EventType>,
    /// What they happened to: its type and id.
    pub subject: Option<(String, String)>,
    /// Who did it: `key`, `user` or `system`, and the id.
    pub actor: Option<(String, String)>,
    /// The account they happened in.
    pub account_id: Option<i64>,
    /// Written after, exclusive.
    pub created_after: Option<Timestamp>,
    /// Written before, exclusive.
    pub created_before: Option<Timestamp>,
}

/// Which invitations to list; every condition given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InvitationFilter {
    /// Of this user.
    pub user_id: Option<i64>,
    /// As they stand now.
    pub state: Option<InvitationState>,
}

/// Which jobs to list; every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this worker.
    pub worker_id: Option<i64>,
    /// For this account.
    pub account_id: Option<i64>,
    /// In this state.
    pub state: Option<String>,
    /// The one that the reporting system gave this id.
    pub external_id: Option<String>,
}

/// What of an account's members to show; every condition given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemberFilter {
    /// Part of the email or of the name, without regard to case.
    pub search: Option<String>,
    /// Not suspended, or suspended.
    pub active: Option<bool>,
    /// Their team.
    pub team_id: Option<i64>,
    /// Their email.
    pub email: Option<Email>,
}

/// What a page of an account's members is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MemberOrder {
    Id,
    Email,
    Name,
    Phone,
    Active,
    TeamId,
    CreatedAt,
    UpdatedAt,
}

/// What a list is ordered by; ties are broken by the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserOrder {
    /// The id: the order of creation.
    #[default]
    Id,
    /// The time of the last change.
    UpdatedAt,
}

/// The last row of a page: the next page starts after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The row's time in the list's order; the epoch when it is ordered by id.
    pub time: Timestamp,
    /// The row's id.
    pub id: i64,
}

impl Position {
    /// A row of a list that is ordered by id.
    #[must_use]
    pub fn of_id(id: i64) -> Self {
        Self {
            time: Timestamp::UNIX_EPOCH,
            id,
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct UserPage {
    /// Ordered by what.
    pub order: UserOrder,
    /// Greatest first.
    pub descending: bool,
    /// Start after this row.
    pub after: Option<Position>,
    /// Rows at most, 1 to [`MAX_PAGE`].
    pub limit: usize,
}

/// One page of a list by its number, for APIs that count pages. What stands before it is passed
/// over in an index: a cursor ([`UserPage`]) costs less far into a long list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber {
    /// The page's number, from 1.
    pub number: usize,
    /// Rows at most, 1 to [`MAX_PAGE`].
    pub size: usize,
}

/// Part of a list by how many rows stand before it, for APIs that count rows. What stands before
/// is passed over in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows before it.
    pub offset: i64,
    /// Rows at most.
    pub limit: i64,
}

/// Part of a list, and how many rows there are in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Windowed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// All rows of the list.
    pub total: i64,
}

/// Rows, and where the next page starts if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The last row, when more follow.
    pub next: Option<Position>,
}

impl<T> Listed<T> {
    /// Cuts rows read one past the limit.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: usize, position: impl Fn(&T) -> Position) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more {
            rows.last().map(position)
        } else {
            None
        };
        Self { rows, next }
    }
}
