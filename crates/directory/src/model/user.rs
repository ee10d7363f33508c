//! The user: one person, whichever API made them.

use jiff::Timestamp;

use super::{Email, GroupMembership, Membership, NotificationPreference, Phone, Record, UserBadge};
use crate::permission::PermissionSet;

/// Which of the two kinds of the staffing API a user is (seed 001, `type`); a user made
/// elsewhere has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// Works.
    Worker,
    /// Requests work for an account.
    Employer,
}

impl UserKind {
    /// Its stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Employer => "employer",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Worker, Self::Employer]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// How far a worker has come (seed 001, `onboarding_last_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnboardingState {
    NotStarted,
    Started,
    TakeQuiz,
    TakeBackgroundCheck,
    ScheduleCall,
    Call,
    PendingBackgroundCheck,
    Complete,
    Rejected,
    Error,
    Invited,
}

impl OnboardingState {
    /// Every state, in the seed's order.
    pub const ALL: [Self; 11] = [
        Self::NotStarted,
        Self::Started,
        Self::TakeQuiz,
        Self::TakeBackgroundCheck,
        Self::ScheduleCall,
        Self::Call,
        Self::PendingBackgroundCheck,
        Self::Complete,
        Self::Rejected,
        Self::Error,
        Self::Invited,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Started => "started",
            Self::TakeQuiz => "take_quiz",
            Self::TakeBackgroundCheck => "take_background_check",
            Self::ScheduleCall => "schedule_call",
            Self::Call => "call",
            Self::PendingBackgroundCheck => "pending_background_check",
            Self::Complete => "complete",
            Self::Rejected => "rejected",
            Self::Error => "error",
            Self::Invited => "invited",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How far a worker's W2 papers have come (seed 001, `w2_onboarding_status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum W2Status {
    NotStarted,
    Started,
    Pending,
    Completed,
    Queued,
}

impl W2Status {
    /// Every status, in the seed's order.
    pub const ALL: [Self; 5] = [
        Self::NotStarted,
        Self::Started,
        Self::Pending,
        Self::Completed,
        Self::Queued,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Started => "started",
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Queued => "queued",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The result of a worker's drug test (seed 001, `drug_tested`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DrugTest {
    Passed,
    Failed,
}

impl DrugTest {
    /// Both results.
    pub const ALL: [Self; 2] = [Self::Passed, Self::Failed];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    /// The result of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.name() == name)
    }
}

/// What an employer may do for their account (seed 001, `role`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EmployerRole {
    CustomerAdmin,
    Requestor,
    ReadOnly,
}

impl EmployerRole {
    /// Every role, in the seed's order.
    pub const ALL: [Self; 3] = [Self::CustomerAdmin, Self::Requestor, Self::ReadOnly];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerAdmin => "customer_admin",
            Self::Requestor => "requestor",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A user's state, derived from what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// Neither of the others.
    Active,
    /// An invitation or verification is out and no credential is set.
    Pending,
    /// Suspended: no credential of theirs works.
    Suspended,
}

impl UserStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Pending, Self::Suspended];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One person. Absent values are `None`; texts are as they were given.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "the fields are named as the native API names them"
)]
pub struct User {
    pub id: i64,
    /// Opaque and stable, 32 hexadecimal digits: a UUIDv7.
    pub uid: String,
    pub kind: Option<UserKind>,
    pub email: Option<Email>,
    pub email_verified_at: Option<Timestamp>,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    /// The whole name, where it was given as such; see [`User::shown_name`].
    pub name: Option<String>,
    pub gender: Option<String>,
    pub phone: Option<Phone>,
    pub verified_phone: Option<String>,
    pub phone_verified_at: Option<Timestamp>,
    pub avatar_url: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// An IANA time zone name.
    pub timezone: Option<String>,
    pub title: Option<String>,
    pub external_id: Option<String>,
    /// 0 to 5.
    pub rating: Option<f64>,
    pub agreed_to_terms: Option<bool>,
    pub agreed_to_terms_at: Option<Timestamp>,
    pub featured: Option<bool>,
    pub public_profile: Option<bool>,
    pub last_login_at: Option<Timestamp>,
    /// The group that is the user's team.
    pub team_id: Option<i64>,
    /// Workers only: the worker's number on another server.
    pub synced_worker_id: Option<i64>,
    /// Workers only.
    pub onboarding_state: Option<OnboardingState>,
    /// Workers only.
    pub w2_onboarding_status: Option<W2Status>,
    /// Workers only; unique.
    pub w2_employee_id: Option<String>,
    /// Workers only.
    pub drug_tested: Option<DrugTest>,
    /// Employers only: the account they request work for.
    pub customer_id: Option<i64>,
    /// Employers only.
    pub employer_role: Option<EmployerRole>,
    /// Since when an invitation or verification is out and no credential is set.
    pub pending_since: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// The email of who made the user, as it was then.
    pub created_by: Option<String>,
    /// The email of who changed the user last, as it was then.
    pub updated_by: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Counts changes, from 1.
    pub version: i64,
}

impl User {
    /// A user with nothing but an identity.
    #[must_use]
    pub fn blank(id: i64, uid: String, now: Timestamp) -> Self {
        Self {
            id,
            uid,
            kind: None,
            email: None,
            email_verified_at: None,
            first_name: None,
            middle_name: None,
            last_name: None,
            name: None,
            gender: None,
            phone: None,
            verified_phone: None,
            phone_verified_at: None,
            avatar_url: None,
            address: None,
            city: None,
            state: None,
            zip: None,
            latitude: None,
            longitude: None,
            timezone: None,
            title: None,
            external_id: None,
            rating: None,
            agreed_to_terms: None,
            agreed_to_terms_at: None,
            featured: None,
            public_profile: None,
            last_login_at: None,
            team_id: None,
            synced_worker_id: None,
            onboarding_state: None,
            w2_onboarding_status: None,
            w2_employee_id: None,
            drug_tested: None,
            customer_id: None,
            employer_role: None,
            pending_since: None,
            suspended_at: None,
            deleted_at: None,
            created_by: None,
            updated_by: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// The state the user is in.
    #[must_use]
    pub fn status(&self) -> UserStatus {
        if self.suspended_at.is_some() {
            UserStatus::Suspended
        } else if self.pending_since.is_some() {
            UserStatus::Pending
        } else {
            UserStatus::Active
        }
    }

    /// The whole name: as given, else its parts joined.
    #[must_use]
    pub fn shown_name(&self) -> Option<String> {
        self.name.clone().or_else(|| self.joined_parts())
    }

    fn joined_parts(&self) -> Option<String> {
        let parts = [&self.first_name, &self.middle_name, &self.last_name];
        let parts: Vec<&str> = parts
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// The first and the last name: as given, else the whole name split at its last space.
    #[must_use]
    pub fn shown_parts(&self) -> (Option<&str>, Option<&str>) {
        if self.first_name.is_some() || self.last_name.is_some() {
            return (self.first_name.as_deref(), self.last_name.as_deref());
        }
        match self
            .name
            .as_deref()
            .map(|name| name.trim().rsplit_once(' ').ok_or(name))
        {
            Some(Ok((first, last))) => (Some(first.trim_end()), Some(last)),
            Some(Err(name)) => (Some(name), None),
            None => (None, None),
        }
    }

    /// Keeps the parts that the user is shown by, and no whole name that says what they say.
    pub(crate) fn keep_parts(&mut self) {
        let split = self.first_name.is_none() && self.last_name.is_none();
        if split {
            let (first, last) = self.shown_parts();
            let (first, last) = (first.map(str::to_owned), last.map(str::to_owned));
            (self.first_name, self.last_name) = (first, last);
        }
        if split || self.name == self.joined_parts() {
            self.name = None;
        }
    }
}

/// A user with what stands around them; a part that was not asked for is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// Accounts, the primary one first.
    pub accounts: Vec<Membership>,
    /// Groups, by the number of the membership.
    pub groups: Vec<GroupMembership>,
    /// Badges, by the number of the association.
    pub badges: Vec<UserBadge>,
    /// Names of the roles, tenant-wide and in any account, sorted.
    pub roles: Vec<String>,
    /// What the roles allow and what is allowed directly, tenant-wide and in any account.
    pub permissions: PermissionSet,
    /// Notification preferences.
    pub preferences: Vec<NotificationPreference>,
    /// What forms stored, by kind, name and number.
    pub records: Vec<Record>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: Option<&str>, first: Option<&str>, last: Option<&str>) -> User {
        let mut user = User::blank(1, String::new(), Timestamp::UNIX_EPOCH);
        user.name = name.map(str::to_owned);
        user.first_name = first.map(str::to_owned);
        user.last_name = last.map(str::to_owned);
        user
    }

    #[test]
    fn a_name_is_kept_joined_or_split_as_it_was_given() {
        let both = named(Some("Countess L"), Some("Ada"), Some("Lovelace"));
        assert_eq!(both.shown_name().as_deref(), Some("Countess L"));
        assert_eq!(both.shown_parts(), (Some("Ada"), Some("Lovelace")));
        let parts = named(None, Some("Ada"), Some("Lovelace"));
        assert_eq!(parts.shown_name().as_deref(), Some("Ada Lovelace"));
        let whole = named(Some("Ada King Lovelace"), None, None);
        assert_eq!(whole.shown_parts(), (Some("Ada King"), Some("Lovelace")));
        assert_eq!(
            named(Some("Ada"), None, None).shown_parts(),
            (Some("Ada"), None)
        );
        assert_eq!(named(None, None, None).shown_parts(), (None, None));
    }

    #[test]
    fn suspended_outweighs_pending() {
        let mut user = named(None, None, None);
        assert_eq!(user.status(), UserStatus::Active);
        user.pending_since = Some(user.created_at);
        assert_eq!(user.status(), UserStatus::Pending);
        user.suspended_at = Some(user.created_at);
        assert_eq!(user.status(), UserStatus::Suspended);
    }
}
