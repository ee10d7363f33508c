//! What a caller wants of a user: the fields of a creation or an update, as one shape.

use jiff::Timestamp;

use crate::clock::to_millisecond;
use crate::model::{
    AccountRole, DrugTest, Email, EmployerRole, GroupPermission, InvitationKind,
    NotificationPreference, OnboardingState, Phone, User, UserKind, W2Status,
};
use crate::password::{PasswordHash, PasswordRule};
use crate::records::RecordChange;
use crate::violation::Path;

/// What to do with a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Change<T> {
    /// It was not named: leave it.
    #[default]
    Keep,
    /// Make it absent.
    Clear,
    /// Give it this value.
    Set(T),
}

impl<T> Change<T> {
    /// The value, if one is set.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Whether the field was named at all.
    pub fn is_named(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// A field that was not named when there is no value, else set to it.
    pub fn set_if(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    pub(crate) fn apply(&self, target: &mut Option<T>)
    where
        T: Clone,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *target = None,
            Self::Set(value) => *target = Some(value.clone()),
        }
    }
}

impl Change<String> {
    /// Whether it makes something else of this.
    fn differs(&self, from: Option<&str>) -> bool {
        match self {
            Self::Keep => false,
            Self::Clear => from.is_some(),
            Self::Set(value) => from != Some(value.as_str()),
        }
    }
}

impl Change<Timestamp> {
    /// As [`Change::apply`], to the millisecond, which is what is kept.
    fn apply_time(&self, target: &mut Option<Timestamp>) {
        self.apply(target);
        *target = target.map(to_millisecond);
    }
}

/// A badge to give, change or take.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BadgeChange {
    /// Where in the request it stands, for what is wrong with it.
    pub path: Path,
    /// The number of the association: none gives a badge.
    pub id: Option<i64>,
    /// The badge.
    pub badge_id: Option<i64>,
    /// Takes the association away; needs `id`.
    pub destroy: bool,
}

/// A part in a group to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupGrant {
    /// Where in the request it stands.
    pub path: Path,
    /// The group's number.
    pub group_id: i64,
    /// What the user may do there.
    pub permission: GroupPermission,
}

/// A part in an account to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountGrant {
    /// Where in the request it stands.
    pub path: Path,
    /// The account's number.
    pub account_id: i64,
    /// The user's role there.
    pub role: AccountRole,
    /// Whether the user administers it.
    pub admin: bool,
    /// Whether it becomes the user's primary account.
    pub primary: bool,
}

/// A role to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleGrant {
    /// Where in the request it stands.
    pub path: Path,
    /// The role's name.
    pub name: String,
    /// The account it holds in; none: the whole tenant.
    pub account_id: Option<i64>,
}

/// A message to the new user that asks them to set a password.
#[derive(Debug, Clone, PartialEq)]
pub struct InvitationRequest {
    /// What it asks.
    pub kind: InvitationKind,
    /// Where its page leads afterwards: an exact entry of the tenant's allow-list.
    pub redirect_to: Option<String>,
    /// The rule that the password keeps.
    pub password_rule: PasswordRule,
    /// Sends no message.
    pub silent: bool,
}

impl InvitationRequest {
    /// One under our own rule for passwords, whose page leads nowhere.
    #[must_use]
    pub fn new(kind: InvitationKind) -> Self {
        Self {
            kind,
            redirect_to: None,
            password_rule: PasswordRule::default(),
            silent: false,
        }
    }
}

/// The fields of a creation or an update. What is not named stays as it is.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are named as the user's own")]
pub struct UserChange {
    pub kind: Change<UserKind>,
    pub email: Change<Email>,
    pub first_name: Change<String>,
    pub middle_name: Change<String>,
    pub last_name: Change<String>,
    pub name: Change<String>,
    pub gender: Change<String>,
    pub phone: Change<Phone>,
    pub verified_phone: Change<String>,
    pub phone_verified_at: Change<Timestamp>,
    pub avatar_url: Change<String>,
    pub address: Change<String>,
    pub city: Change<String>,
    pub state: Change<String>,
    pub zip: Change<String>,
    pub timezone: Change<String>,
    pub title: Change<String>,
    pub external_id: Change<String>,
    pub rating: Change<f64>,
    pub agreed_to_terms: Change<bool>,
    pub agreed_to_terms_at: Change<Timestamp>,
    pub featured: Change<bool>,
    pub public_profile: Change<bool>,
    pub team_id: Change<i64>,
    pub synced_worker_id: Change<i64>,
    pub onboarding_state: Change<OnboardingState>,
    pub w2_onboarding_status: Change<W2Status>,
    pub w2_employee_id: Change<String>,
    pub drug_tested: Change<DrugTest>,
    pub customer_id: Change<i64>,
    pub employer_role: Change<EmployerRole>,
    /// `Set(true)` without a time of its own suspends as of now; `Set(false)` ends it.
    pub suspended: Change<bool>,
    pub suspended_at: Change<Timestamp>,
    /// The hash of a new password; setting one ends the pending state.
    pub password: Option<PasswordHash>,
    pub badges: Vec<BadgeChange>,
    /// Parts that are given; one that a user has already becomes as named, and none is taken.
    pub groups: Vec<GroupGrant>,
    /// As `groups`; a stored user's primary account stays so.
    pub accounts: Vec<AccountGrant>,
    /// On creation only.
    pub roles: Vec<RoleGrant>,
    /// What forms store around the user.
    pub records: Vec<RecordChange>,
    /// Replaces all preferences when given.
    pub preferences: Option<Vec<NotificationPreference>>,
    /// Sends a new user without a password a link; groups are joined when it is answered.
    pub invitation: Option<InvitationRequest>,
}

impl UserChange {
    /// The user as the change leaves them. Attributes of the other kind are ignored.
    pub(super) fn apply(&self, user: &mut User, now: Timestamp) {
        let (email, phone) = (user.email.clone(), user.phone.clone());
        self.apply_values(user, now);
        // What was proved of an address says nothing of another.
        let is_same = user.email.as_ref().map(Email::key) == email.as_ref().map(Email::key);
        user.email_verified_at = user.email_verified_at.filter(|_| is_same);
        let number = number_of(user.phone.as_ref());
        let proved = user.verified_phone.as_deref();
        let proved = proved.and_then(|text| Phone::unchecked(text).ok());
        let stays = number == number_of(phone.as_ref()) || number == number_of(proved.as_ref());
        if !stays && !self.verified_phone.is_named() && !self.phone_verified_at.is_named() {
            user.verified_phone = None;
            user.phone_verified_at = None;
        }
    }

    fn apply_values(&self, user: &mut User, now: Timestamp) {
        self.kind.apply(&mut user.kind);
        self.email.apply(&mut user.email);
        self.apply_names(user);
        self.gender.apply(&mut user.gender);
        self.phone.apply(&mut user.phone);
        self.avatar_url.apply(&mut user.avatar_url);
        self.address.apply(&mut user.address);
        self.city.apply(&mut user.city);
        self.state.apply(&mut user.state);
        self.zip.apply(&mut user.zip);
        self.timezone.apply(&mut user.timezone);
        self.title.apply(&mut user.title);
        self.external_id.apply(&mut user.external_id);
        self.rating.apply(&mut user.rating);
        self.agreed_to_terms.apply(&mut user.agreed_to_terms);
        self.agreed_to_terms_at
            .apply_time(&mut user.agreed_to_terms_at);
        self.featured.apply(&mut user.featured);
        self.public_profile.apply(&mut user.public_profile);
        self.team_id.apply(&mut user.team_id);
        match user.kind {
            Some(UserKind::Worker) => self.apply_worker(user),
            Some(UserKind::Employer) => {
                self.customer_id.apply(&mut user.customer_id);
                self.employer_role.apply(&mut user.employer_role);
            }
            None => {}
        }
        self.apply_suspension(user, now);
    }

    /// Who changes one part of a name by which a user is shown changes that part alone, and the
    /// whole name with it.
    fn apply_names(&self, user: &mut User) {
        let (first, last) = user.shown_parts();
        let changes = self.first_name.differs(first)
            || self.last_name.differs(last)
            || self.middle_name.differs(user.middle_name.as_deref());
        if !self.name.is_named() {
            if !changes {
                // They are as they are shown, wherever they are kept.
                return;
            }
            user.keep_parts();
        }
        self.first_name.apply(&mut user.first_name);
        self.middle_name.apply(&mut user.middle_name);
        self.last_name.apply(&mut user.last_name);
        self.name.apply(&mut user.name);
    }

    fn apply_worker(&self, user: &mut User) {
        self.verified_phone.apply(&mut user.verified_phone);
        self.phone_verified_at
            .apply_time(&mut user.phone_verified_at);
        self.synced_worker_id.apply(&mut user.synced_worker_id);
        self.onboarding_state.apply(&mut user.onboarding_state);
        self.w2_onboarding_status
            .apply(&mut user.w2_onboarding_status);
        self.w2_employee_id.apply(&mut user.w2_employee_id);
        self.drug_tested.apply(&mut user.drug_tested);
        // A worker is somewhere in both courses from the start.
        user.onboarding_state
            .get_or_insert(OnboardingState::NotStarted);
        user.w2_onboarding_status
            .get_or_insert(W2Status::NotStarted);
    }

    /// Suspends the user, or ends that, as the change says.
    pub(super) fn apply_suspension(&self, user: &mut User, now: Timestamp) {
        match (&self.suspended, &self.suspended_at) {
            (Change::Set(false) | Change::Clear, _) => user.suspended_at = None,
            (_, Change::Set(at)) => user.suspended_at = Some(to_millisecond(*at)),
            (Change::Set(true), Change::Clear | Change::Keep) => {
                user.suspended_at.get_or_insert(now);
            }
            (Change::Keep, Change::Clear) => user.suspended_at = None,
            (Change::Keep, Change::Keep) => {}
        }
    }

    /// Every text of the change: its field, its value, its limit in characters.
    pub(super) fn texts(&self) -> [(&'static str, &Change<String>, usize); 15] {
        [
            ("first_name", &self.first_name, 255),
            ("middle_name", &self.middle_name, 255),
            ("last_name", &self.last_name, 255),
            ("name", &self.name, 255),
            ("gender", &self.gender, 255),
            ("verified_phone", &self.verified_phone, 64),
            ("avatar_url", &self.avatar_url, 2_048),
            ("address", &self.address, 1_000),
            ("city", &self.city, 255),
            ("state", &self.state, 255),
            ("zip", &self.zip, 32),
            ("timezone", &self.timezone, 64),
            ("title", &self.title, 255),
            ("external_id", &self.external_id, 255),
            ("w2_employee_id", &self.w2_employee_id, 255),
        ]
    }
}

/// What a phone is the same by.
fn number_of(phone: Option<&Phone>) -> Option<&str> {
    phone.map(|phone| phone.key().unwrap_or(phone.as_str()))
}

/// Longest text of a field, in characters; 0 for what is no plain text field.
#[must_use]
pub fn longest(field: &str) -> usize {
    let change = UserChange::default();
    let found = change.texts().into_iter().find(|(name, ..)| *name == field);
    found.map_or(0, |(_, _, longest)| longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(change: &UserChange) -> User {
        let mut user = User::blank(1, String::new(), Timestamp::UNIX_EPOCH);
        change.apply(&mut user, Timestamp::from_second(9).unwrap());
        user
    }

    #[test]
    fn suspending_without_a_time_takes_now() {
        let change = UserChange {
            suspended: Change::Set(true),
            ..UserChange::default()
        };
        let mut user = applied(&change);
        assert_eq!(user.suspended_at, Timestamp::from_second(9).ok());
        UserChange {
            suspended: Change::Set(false),
            ..UserChange::default()
        }
        .apply(&mut user, Timestamp::UNIX_EPOCH);
        assert_eq!(user.suspended_at, None);
    }

    /// A user of this whole name and these parts, after a change of the first and the last name;
    /// answers the whole name, and the parts that are shown.
    fn renamed(
        (name, first, last): (Option<&str>, Option<&str>, Option<&str>),
        (to_first, to_last): (Change<&str>, Change<&str>),
    ) -> [Option<String>; 4] {
        let owned = |change: Change<&str>| match change {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(text) => Change::Set(text.to_owned()),
        };
        let mut user = User::blank(1, String::new(), Timestamp::UNIX_EPOCH);
        user.name = name.map(str::to_owned);
        user.first_name = first.map(str::to_owned);
        user.last_name = last.map(str::to_owned);
        let change = UserChange {
            first_name: owned(to_first),
            last_name: owned(to_last),
            ..UserChange::default()
        };
        change.apply(&mut user, Timestamp::UNIX_EPOCH);
        let (first, last) = user.shown_parts();
        let (first, last) = (first.map(str::to_owned), last.map(str::to_owned));
        [user.name.clone(), user.shown_name(), first, last]
    }

    #[test]
    fn a_part_of_a_name_changes_alone_and_the_whole_follows() {
        use Change::{Clear, Keep, Set};
        let grace = (Some("Grace Hopper"), None, None);
        let shown = |found: [Option<&str>; 4]| found.map(|text| text.map(str::to_owned));
        let murray = shown([None, Some("Grace Murray"), Some("Grace"), Some("Murray")]);
        assert_eq!(renamed(grace, (Keep, Set("Murray"))), murray);
        assert_eq!(renamed(grace, (Set("Grace"), Set("Murray"))), murray);
        let hopper = shown([None, Some("Hopper"), None, Some("Hopper")]);
        assert_eq!(renamed(grace, (Clear, Keep)), hopper);
        let one = (Some("Grace"), None, None);
        assert_eq!(renamed(one, (Keep, Set("Murray"))), murray);
        // As it is shown already.
        let same = shown([
            Some("Grace Hopper"),
            Some("Grace Hopper"),
            Some("Grace"),
            Some("Hopper"),
        ]);
        assert_eq!(renamed(grace, (Set("Grace"), Keep)), same);
        // One that said what the parts said follows them; one of its own stays.
        let both = (Some("Grace Hopper"), Some("Grace"), Some("Hopper"));
        assert_eq!(renamed(both, (Keep, Set("Murray"))), murray);
        let own = (Some("Amazing Grace"), Some("Grace"), Some("Hopper"));
        let kept = [
            Some("Amazing Grace"),
            Some("Amazing Grace"),
            Some("Grace"),
            Some("Murray"),
        ];
        assert_eq!(renamed(own, (Keep, Set("Murray"))), shown(kept));
    }

    #[test]
    fn attributes_of_the_other_kind_are_ignored() {
        let change = UserChange {
            kind: Change::Set(UserKind::Worker),
            customer_id: Change::Set(3),
            drug_tested: Change::Set(DrugTest::Passed),
            ..UserChange::default()
        };
        let worker = applied(&change);
        assert_eq!(
            (worker.customer_id, worker.drug_tested),
            (None, Some(DrugTest::Passed))
        );
        assert_eq!(worker.onboarding_state, Some(OnboardingState::NotStarted));
        let employer = applied(&UserChange {
            kind: Change::Set(UserKind::Employer),
            ..change
        });
        assert_eq!(
            (employer.customer_id, employer.drug_tested),
            (Some(3), None)
        );
        assert_eq!(employer.onboarding_state, None);
    }
}
