//! What must hold of every user, whichever API makes or changes them. A dialect adds its
//! vendor's own rules before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZoneDatabase;

use crate::actor::Actor;
use crate::error::Error;
use crate::model::{
    AccountRole, EmployerRole, NotificationPreference, User, UserBadge, UserKind, check_text,
};
use crate::notifications::MAX_PREFERENCES;
use crate::permission::{Permission, PermissionSet};
use crate::store::{
    Claim, ClaimScope, GroupKey, Tx, find_account, find_badge, find_group_id, find_role, owned_of,
};
use crate::violation::{Path, Rule, Violation, Violations};

use super::{Change, UserChange};

const ABOVE: &str = "nobody grants more than they hold";

/// Checks the values of a change, and the user as it would leave them.
pub(super) fn check_values(
    change: &UserChange,
    user: &User,
    creating: bool,
    violations: &mut Violations,
) {
    for (field, text, max) in change.texts() {
        let rule = text.value().and_then(|text| check_text(text, max));
        add_unless_touched(violations, field, rule);
    }
    if change
        .rating
        .value()
        .is_some_and(|rating| !(0.0..=5.0).contains(rating))
    {
        add_unless_touched(
            violations,
            "rating",
            Some(Rule::OutOfRange { min: 0.0, max: 5.0 }),
        );
    }
    if let Some(zone) = change.timezone.value()
        && !is_timezone(zone)
    {
        let rule = Rule::NotIncluded {
            value: zone.chars().take(100).collect(),
        };
        add_unless_touched(violations, "timezone", Some(rule));
    }
    check_preferences(change, violations);
    if user.kind == Some(UserKind::Employer) {
        if user.customer_id.is_none() {
            add_unless_touched(violations, "customer_id", Some(Rule::Blank));
        }
        if user.employer_role.is_none() {
            add_unless_touched(violations, "role", Some(Rule::Blank));
        }
    }
    if !creating && change.email == Change::Clear {
        add_unless_touched(violations, "email", Some(Rule::Blank));
    }
}

fn check_preferences(change: &UserChange, violations: &mut Violations) {
    let rules = change.preferences.as_deref().unwrap_or_default();
    let field = "notification_preferences";
    if rules.len() > MAX_PREFERENCES && !violations.touches(field) {
        let max = MAX_PREFERENCES;
        violations.push(Violation {
            path: Path::field(field),
            rule: Rule::TooLong { max },
            message: Some(format!("holds more than {max} rules")),
        });
    }
    let mut seen = BTreeSet::new();
    let twice = |rule: &NotificationPreference| !seen.insert((rule.account_id, rule.event));
    if rules.iter().any(twice) {
        add_unless_touched(violations, field, Some(Rule::Taken));
    }
}

/// Whether a time zone has this name in the database that is compiled in, so that all nodes say
/// the same. Systems leave out older names (Debian keeps `US/Pacific` in a package of its own)
/// and have others (`localtime`).
fn is_timezone(name: &str) -> bool {
    TimeZoneDatabase::bundled()
        .get(name)
        .is_ok_and(|zone| zone.iana_name() == Some(name))
}

/// A field that the dialect found wrong already says so once.
fn add_unless_touched(violations: &mut Violations, field: &str, rule: Option<Rule>) {
    if let Some(rule) = rule
        && !violations.touches(field)
    {
        violations.field(field, rule);
    }
}

/// Refuses parts in accounts and groups that the actor could not give by themselves: a plain
/// part in the account that the key is bound to is free, and nothing is given in another one.
///
/// # Errors
/// [`Error::Forbidden`].
pub(super) fn check_grants(actor: &Actor, change: &UserChange, user: &User) -> Result<(), Error> {
    let grants = !change.roles.is_empty() || change.accounts.iter().any(|grant| grant.admin);
    if grants {
        actor.require_in_person()?;
    }
    for grant in &change.roles {
        actor.require_in(grant.account_id, Permission::UpdateRoles)?;
    }
    if !change.groups.is_empty() {
        actor.require(Permission::UpdateGroups)?;
    }
    for grant in &change.accounts {
        let plain = grant.role == AccountRole::Member && !grant.admin;
        if !plain || actor.account != Some(grant.account_id) {
            actor.require(Permission::UpdateAccounts)?;
        }
    }
    // Any key may make employers of any customer (seed 001, `customer_id`), but an administrator
    // only of its own.
    let administers = user.kind == Some(UserKind::Employer)
        && user.employer_role == Some(EmployerRole::CustomerAdmin)
        && (change.customer_id.is_named() || change.employer_role.is_named());
    // A user's rights end at their accounts in any role.
    let bound = administers || actor.access.is_some() && change.customer_id.is_named();
    let customer = user.customer_id.filter(|_| bound);
    check_administrators(actor, change, user.customer_id.filter(|_| administers))?;
    let named = change.accounts.iter().map(|grant| grant.account_id);
    let named = named.chain(change.roles.iter().filter_map(|grant| grant.account_id));
    let elsewhere = |account: i64| actor.account.is_some_and(|own| own != account);
    if named.chain(customer).any(elsewhere) {
        return Err(Error::Forbidden(
            "the credential is bound to another account",
        ));
    }
    Ok(())
}

/// Refuses to make somebody the administrator of an account to who may do less there.
fn check_administrators(
    actor: &Actor,
    change: &UserChange,
    customer: Option<i64>,
) -> Result<(), Error> {
    let named = change.accounts.iter().filter(|grant| grant.admin);
    let held = actor.held();
    for account in named.map(|grant| grant.account_id).chain(customer) {
        if !held.held_in(account).includes(PermissionSet::ACCOUNT_ADMIN) {
            return Err(Error::Forbidden(ABOVE));
        }
    }
    Ok(())
}

/// Whether a role is one that the actor may give in a place: they hold there what it allows there.
pub(crate) fn may_give(actor: &Actor, permissions: PermissionSet, account: Option<i64>) -> bool {
    let held = actor.held();
    match account {
        None => held.tenant.includes(permissions),
        Some(account) => held
            .held_in(account)
            .includes(permissions.holding_in(Some(account))),
    }
}

/// Checks that what the change names exists in the actor's tenant, and is not above the
/// actor's own rights.
///
/// # Errors
/// [`Error::Forbidden`] for a role that allows more than the actor may; storage errors.
pub(super) fn check_references(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    user: &User,
    violations: &mut Violations,
) -> Result<(), Error> {
    let tenant = actor.tenant;
    if change.customer_id.is_named()
        && let Some(account) = user.customer_id
        && find_account(tx, tenant, account)?.is_none()
    {
        add_unless_touched(violations, "customer_id", Some(Rule::MustExist));
    }
    if let Some(team) = change.team_id.value()
        && find_group_id(tx, tenant, &GroupKey::Id(*team))?.is_none()
    {
        add_unless_touched(violations, "team_id", Some(Rule::MustExist));
    }
    for grant in &change.accounts {
        if find_account(tx, tenant, grant.account_id)?.is_none() {
            violations.add(grant.path.clone(), Rule::MustExist);
        }
    }
    for grant in &change.groups {
        if find_group_id(tx, tenant, &GroupKey::Id(grant.group_id))?.is_none() {
            violations.add(grant.path.clone(), Rule::MustExist);
        }
    }
    let preferences = change.preferences.iter().flatten();
    let accounts: BTreeSet<i64> = preferences.filter_map(|each| each.account_id).collect();
    for account in accounts {
        if find_account(tx, tenant, account)?.is_none() {
            violations.field("notification_preferences", Rule::MustExist);
        }
    }
    for grant in &change.roles {
        if let Some(account) = grant.account_id
            && find_account(tx, tenant, account)?.is_none()
        {
            violations.add(grant.path.clone(), Rule::MustExist);
        }
        match find_role(tx, tenant, &grant.name)? {
            None => violations.add(grant.path.clone(), Rule::MustExist),
            Some((_, permissions)) if !may_give(actor, permissions, grant.account_id) => {
                return Err(Error::Forbidden(ABOVE));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Checks the badges of a change against those that the user holds.
///
/// # Errors
/// Storage errors.
pub(super) fn check_badges(
    tx: &Tx<'_>,
    actor: &Actor,
    change: &UserChange,
    held: &[UserBadge],
    violations: &mut Violations,
) -> Result<(), Error> {
    let mut after: BTreeSet<i64> = held.iter().map(|each| each.badge_id).collect();
    for badge in &change.badges {
        let own = held.iter().find(|each| Some(each.id) == badge.id);
        if badge.id.is_some() && own.is_none() {
            violations.add(badge.path.child("id"), Rule::MustExist);
            continue;
        }
        if badge.destroy {
            match own {
                Some(own) => {
                    after.remove(&own.badge_id);
                }
                None => violations.add(badge.path.child("id"), Rule::Blank),
            }
            continue;
        }
        let at = badge.path.child("badge_id");
        match badge.badge_id {
            None if !violations.iter().any(|each| each.path == at) => {
                violations.add(at, Rule::Blank);
            }
            None => {}
            Some(id) if find_badge(tx, actor.tenant, id)?.is_none() => {
                violations.add(at, Rule::MustExist);
            }
            Some(id) => {
                let unchanged = own.is_some_and(|own| own.badge_id == id);
                if let Some(own) = own {
                    after.remove(&own.badge_id);
                }
                if !after.insert(id) && !unchanged {
                    violations.add(at, Rule::Taken);
                }
            }
        }
    }
    Ok(())
}

/// What a user claims to be unique by themselves, in the order in which claims are made.
fn claims_of(user: &User) -> BTreeSet<Claim> {
    let mut claims = BTreeSet::new();
    let mut claim = |scope, value: Option<&str>| {
        if let Some(value) = value {
            claims.insert(Claim {
                scope,
                value: value.to_owned(),
            });
        }
    };
    claim(
        ClaimScope::Email,
        user.email.as_ref().map(crate::model::Email::key),
    );
    if user.kind == Some(UserKind::Worker) {
        claim(ClaimScope::W2EmployeeId, user.w2_employee_id.as_deref());
        claim(
            ClaimScope::WorkerPhone,
            user.phone.as_ref().and_then(|phone| phone.key()),
        );
    }
    claims
}

/// What a user claims to be unique, and where what forms demand stands in the request.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) claims: BTreeSet<Claim>,
    pub(super) paths: BTreeMap<Claim, Path>,
}

impl Held {
    /// What a user claims, and what forms make them claim; nothing once they are deleted.
    pub(super) fn of(user: &User, by_forms: BTreeMap<Claim, Path>) -> Self {
        if user.deleted_at.is_some() {
            return Self::default();
        }
        let mut claims = claims_of(user);
        claims.extend(by_forms.keys().cloned());
        Self {
            claims,
            paths: by_forms,
        }
    }

    fn path(&self, claim: &Claim) -> Path {
        let known = self.paths.get(claim).cloned();
        known.unwrap_or_else(|| claimed_field(&claim.scope))
    }
}

/// The field that a claim stands for.
pub(super) fn claimed_field(scope: &ClaimScope) -> Path {
    Path::field(match scope {
        ClaimScope::Email => "email",
        ClaimScope::GroupSlug => "slug",
        ClaimScope::W2EmployeeId => "w2_employee_id",
        ClaimScope::WorkerPhone => "phone",
        ClaimScope::Form(scope) => {
            let path = scope.strip_prefix("form:").unwrap_or(scope);
            let path = path.split('(').next().unwrap_or_default().split('.');
            return path.fold(Path::default(), |path, name| path.child(name));
        }
    })
}

/// Adds what is taken to a request that is refused anyway, so that one answer names all.
/// Whether a *good* request's values are taken is decided by inserting the claims.
///
/// # Errors
/// Storage errors.
pub(super) fn add_taken(
    tx: &Tx<'_>,
    actor: &Actor,
    user: &User,
    held: &Held,
    violations: &mut Violations,
) -> Result<(), Error> {
    // PostgreSQL takes no NUL, not even to look it up: nobody owns such a value.
    let claims = held.claims.iter();
    let claims: Vec<&Claim> = claims.filter(|claim| !claim.value.contains('\0')).collect();
    // They stand by their scopes, each of which is asked for once.
    for of_scope in claims.chunk_by(|one, other| one.scope == other.scope) {
        let Some(first) = of_scope.first() else {
            continue;
        };
        let values = of_scope.iter().map(|claim| claim.value.as_str());
        let owned = owned_of(tx, actor.tenant, &first.scope, values)?;
        let taken = |claim: &&&Claim| owned.get(&claim.value).is_some_and(|id| *id != user.id);
        for claim in of_scope.iter().filter(taken) {
            violations.add(held.path(claim), Rule::Taken);
        }
    }
    Ok(())
}
