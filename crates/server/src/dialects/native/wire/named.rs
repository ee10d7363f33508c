//! What has a name: accounts, groups and badges.

use directory::model::{Account, Badge, Group};
use directory::violation::{Path, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Resource, STRICT, Time};
use crate::http::fields::Fields;

#[derive(Serialize)]
pub(in crate::dialects::native) struct AccountOut<'a> {
    id: i64,
    name: &'a str,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Resource for Account {
    type Out<'a> = AccountOut<'a>;

    fn out(&self) -> AccountOut<'_> {
        AccountOut {
            id: self.id,
            name: &self.name,
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
            version: self.version,
        }
    }
}

#[derive(Serialize)]
pub(in crate::dialects::native) struct GroupOut<'a> {
    id: i64,
    slug: &'a str,
    name: &'a str,
    public_name: Option<&'a str>,
    member_count: i64,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

impl Resource for Group {
    type Out<'a> = GroupOut<'a>;

    fn out(&self) -> GroupOut<'_> {
        GroupOut {
            id: self.id,
            slug: &self.slug,
            name: &self.name,
            public_name: self.public_name.as_deref(),
            member_count: self.member_count,
            created_at: Time(self.created_at),
            updated_at: Time(self.updated_at),
            version: self.version,
        }
    }
}

#[derive(Serialize)]
pub(in crate::dialects::native) struct BadgeOut<'a> {
    id: i64,
    name: &'a str,
    description: Option<&'a str>,
    info_url: Option<&'a str>,
    icon_url: Option<&'a str>,
    soft: bool,
    created_at: Time,
}

impl Resource for Badge {
    type Out<'a> = BadgeOut<'a>;

    fn out(&self) -> BadgeOut<'_> {
        BadgeOut {
            id: self.id,
            name: &self.name,
            description: self.description.as_deref(),
            info_url: self.info_url.as_deref(),
            icon_url: self.icon_url.as_deref(),
            soft: self.soft,
            created_at: Time(self.created_at),
        }
    }
}

/// Reads the body of a thing with a name: the texts that it may have besides, and its
/// booleans.
pub(in crate::dialects::native) struct NamedIn {
    pub(in crate::dialects::native) name: String,
    pub(in crate::dialects::native) texts: Vec<Option<String>>,
    pub(in crate::dialects::native) flags: Vec<bool>,
    pub(in crate::dialects::native) violations: Violations,
}

pub(in crate::dialects::native) fn named_in(
    map: &Map<String, Value>,
    texts: &[&str],
    flags: &[&str],
) -> NamedIn {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), STRICT, &mut violations);
    let known: Vec<&str> = ["name"].iter().chain(texts).chain(flags).copied().collect();
    fields.only(&known);
    let name = fields.text("name").value().cloned().unwrap_or_default();
    let texts = texts
        .iter()
        .map(|each| fields.text(each).value().cloned())
        .collect();
    let flags = flags
        .iter()
        .map(|each| fields.boolean(each).value().copied().unwrap_or(false))
        .collect();
    NamedIn {
        name,
        texts,
        flags,
        violations,
    }
}
