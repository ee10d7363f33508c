//! Where pages may lead to once they are done: a tenant's allow-list, of which an entry counts
//! exactly as it stands.

use jiff::Timestamp;
use url::{Host, Url};

use crate::actor::{Actor, TenantId};
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{
    IdKind, Tx, delete_redirect, find_redirect, insert_redirect, list_redirects, redirect_is_there,
};
use crate::violation::{Rule, Violations};

/// Longest entry, in characters: indexes take no longer texts.
pub const MAX_REDIRECT: usize = 2_000;

/// An entry of the allow-list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Its number.
    pub id: i64,
    /// The address, exactly.
    pub uri: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What is wrong with an address as an entry: it is whole, `https` (`http` for this machine
/// alone), in visible ASCII, without a user, a password or a fragment.
#[must_use]
pub fn check(uri: &str) -> Option<Rule> {
    if uri.is_empty() {
        return Some(Rule::Blank);
    }
    if uri.chars().count() > MAX_REDIRECT {
        return Some(Rule::TooLong { max: MAX_REDIRECT });
    }
    let plain = uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains('\\');
    let Ok(url) = Url::parse(uri) else {
        return Some(Rule::BadFormat);
    };
    let own = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let scheme = url.scheme() == "https" || url.scheme() == "http" && own;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // A text that is read as another one is not what it looks like.
    let same = url.as_str() == uri || url.as_str().strip_suffix('/') == Some(uri);
    let good = plain && scheme && bare && same && url.has_host();
    (!good).then_some(Rule::BadFormat)
}

fn require(actor: &Actor) -> Result<(), Error> {
    actor.require(Permission::Administer)?;
    actor.require_full_access()?;
    // The list is the tenant's.
    match actor.account {
        None => Ok(()),
        Some(_) => Err(Error::Forbidden("the credential is bound to an account")),
    }
}

/// Adds an address to the list. `violations` are what its caller found wrong already.
///
/// # Errors
/// [`Error::Forbidden`] without `administer`, or for a caller that is bound to an account;
/// [`Error::Invalid`].
pub fn add(
    tx: &Tx<'_>,
    actor: &Actor,
    uri: &str,
    mut violations: Violations,
) -> Result<Redirect, Error> {
    require(actor)?;
    if !violations.touches("uri")
        && let Some(rule) = check(uri)
    {
        violations.field("uri", rule);
    }
    Error::if_any(violations)?;
    let redirect = Redirect {
        id: tx.new_id(IdKind::Redirect)?,
        uri: uri.to_owned(),
        created_at: tx.now(),
    };
    let change = Change::of(&[("uri", uri.into())]);
    let (kind, subject) = (
        EventType::RedirectAdded,
        Subject::new("redirect", redirect.id),
    );
    let event = event::record(tx, actor, kind, None, subject, change)?;
    let written = tx.batch(&[insert_redirect(actor.tenant, &redirect), event])?;
    if written.first() == Some(&0) {
        let mut taken = Violations::new();
        taken.field("uri", Rule::Taken);
        return Err(Error::Invalid(taken));
    }
    Ok(redirect)
}

/// The list, by number.
///
/// # Errors
/// As [`add`].
pub fn list(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<Redirect>, Error> {
    require(actor)?;
    let rows = list_redirects(tx, actor.tenant, after.unwrap_or(0), limit)?;
    Ok(Listed::cut(rows, limit, |row| Position::of_id(row.id)))
}

/// Takes an address off the list: no page leads there any more, whatever was promised.
///
/// # Errors
/// As [`add`]; [`Error::NotFound`].
pub fn remove(tx: &Tx<'_>, actor: &Actor, id: i64) -> Result<(), Error> {
    require(actor)?;
    let redirect = find_redirect(tx, actor.tenant, id)?.ok_or(Error::NotFound)?;
    let mut change = Change::default();
    change.old.insert("uri".to_owned(), redirect.uri.into());
    let (kind, subject) = (EventType::RedirectRemoved, Subject::new("redirect", id));
    let event = event::record(tx, actor, kind, None, subject, change)?;
    match tx
        .batch(&[delete_redirect(actor.tenant, id), event])?
        .first()
    {
        Some(1) => Ok(()),
        Some(_) | None => Err(crate::error::Unavailable::Contention.into()),
    }
}

/// Whether an address is on the tenant's list, exactly.
///
/// # Errors
/// Storage errors.
pub fn is_allowed(tx: &Tx<'_>, tenant: TenantId, uri: &str) -> Result<bool, Error> {
    // What could be no entry is not looked up: PostgreSQL takes no NUL.
    Ok(check(uri).is_none() && redirect_is_there(tx, tenant, uri)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_whole_https_address_that_is_what_it_looks_like() {
        for good in [
            "https://app.example.org/welcome",
            "https://app.example.org",
            "https://app.example.org/",
            "https://app.example.org:8443/a?b=c&d=%20",
            "http://localhost:3000/done",
            "http://127.0.0.1/done",
            "http://[::1]:8080/",
        ] {
            assert_eq!(check(good), None, "{good}");
        }
        for bad in [
            "http://app.example.org/",
            "//app.example.org/",
            "/welcome",
            "app.example.org",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://app.example.org/",
            "https://",
            "https:///app.example.org",
            "https:app.example.org/",
            "https://app.example.org\\@evil.example/",
            "https://user@app.example.org/",
            "https://user:pass@app.example.org/",
            "https://app.example.org/#x",
            "https://app.example.org/a b",
            " https://app.example.org/",
            "https://app.example.org/\n",
            "https://app.example.org/\0",
            "https://APP.example.org/",
            "https://app.example.org/a/../b",
            "https://app.example.org:443/",
            "https://äpp.example.org/",
            "http://localhost.example.org/",
        ] {
            assert_eq!(check(bad), Some(Rule::BadFormat), "{bad:?}");
        }
        assert_eq!(check(""), Some(Rule::Blank));
        let long = format!("https://a.example/{}", "x".repeat(2_000));
        assert_eq!(check(&long), Some(Rule::TooLong { max: 2_000 }));
    }
}
