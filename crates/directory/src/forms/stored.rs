//! The forms of a tenant as they are stored: found, listed, and stored anew.

use std::sync::Arc;

use jiff::Timestamp;

use super::document::Content;
use super::{Fault, Form, Format, Node, Place, Problem, Resource, Rules, builtin, read, standing};
use crate::Directory;
use crate::actor::Actor;
use crate::error::Error;
use crate::event::{self, Change, EventType, Subject};
use crate::permission::Permission;
use crate::query::{Listed, Position};
use crate::store::{
    Tx, bump_generation, count_forms, find_form, find_form_version, list_forms, put_form,
    take_form_rules,
};
use crate::violation::{Path, Rule, Violations};

/// Forms of a tenant at most.
pub const MAX_FORMS: usize = 200;

/// A form as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredForm {
    /// Its name.
    pub name: String,
    /// Which version it is, from 1; a built-in form is 0.
    pub version: i64,
    /// What it fills in.
    pub resource: Resource,
    /// Whether it is a page that anybody may fill in.
    pub public: bool,
    /// What it is written in.
    pub format: Format,
    /// Its text; empty for a built-in form.
    pub source: String,
    /// What it holds of all users.
    pub rules: Rules,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When this version was stored.
    pub updated_at: Timestamp,
    /// The email of who stored it.
    pub updated_by: Option<String>,
}

/// A configuration that was read, and may be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it says.
    pub form: Form,
    /// What it is written in.
    pub format: Format,
    /// Its text.
    pub source: String,
}

/// Which version must be stored for another to take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Any, or none.
    Any,
    /// None: the form is new.
    None,
    /// Any, but one.
    Stored,
    /// One of these; a built-in form is version 0.
    OneOf(Vec<i64>),
}

/// What storing a form came to, or would come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The form as it is stored then.
    pub form: StoredForm,
    /// What became of it.
    pub outcome: Outcome,
    /// The one whose place it takes, if one.
    pub(super) before: Option<StoredForm>,
}

/// What became of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was none of its name.
    Created,
    /// It took the place of another.
    Updated,
    /// It is the same, word for word.
    Unchanged,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Reads a configuration that is to be stored, under the name that it must have, if one.
///
/// # Errors
/// All that is wrong with it.
pub fn draft(format: Format, source: String, name: Option<&str>) -> Result<Draft, Vec<Fault>> {
    let (form, node) = read(format, &source)?;
    if let Some(expected) = name.filter(|name| **name != *form.name) {
        let at = node.get("name").map_or(Place::START, |name| name.at);
        return Err(vec![Fault {
            path: Path::field("name"),
            at,
            problem: Problem::Refused(format!("is stored as {expected}")),
        }]);
    }
    Ok(Draft {
        form,
        format,
        source,
    })
}

/// What a form is answered that may only be new, where there is one of its name.
#[must_use]
pub fn name_taken() -> Error {
    let mut violations = Violations::new();
    violations.field("name", Rule::Taken);
    Error::Invalid(violations)
}

impl StoredForm {
    /// A built-in form as if it were stored.
    fn built_in(form: &Form) -> Self {
        Self {
            name: form.name.clone(),
            version: 0,
            resource: form.resource,
            public: false,
            format: Format::Yaml,
            source: String::new(),
            rules: Rules::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            updated_by: None,
        }
    }

    /// The form, ready for use.
    ///
    /// # Errors
    /// [`Error::Internal`] for a text that this version of the server cannot read.
    pub fn form(&self) -> Result<Arc<Form>, Error> {
        match builtin::find(&self.name).filter(|_| self.version == 0) {
            Some(form) => Ok(form),
            None => self.read().map(|(form, _)| Arc::new(form)),
        }
    }

    fn read(&self) -> Result<(Form, Node), Error> {
        read(self.format, &self.source).map_err(|faults| {
            let first = faults.first().map(ToString::to_string);
            self.unreadable(&first.unwrap_or_default())
        })
    }

    fn unreadable(&self, why: &str) -> Error {
        let name = &self.name;
        Error::internal(format!("the stored form {name} cannot be read: {why}"))
    }

    /// Its configuration, in the order in which it was written; none of a built-in form. Nothing
    /// of it is made ready for use.
    ///
    /// # Errors
    /// [`Error::Internal`] for a text that is no document.
    pub fn configuration(&self) -> Result<Option<Node>, Error> {
        if self.version == 0 {
            return Ok(None);
        }
        let read = Node::read(self.format, &self.source);
        read.map(Some)
            .map_err(|unreadable| self.unreadable(&unreadable.reason))
    }

    /// The same with what its own text says it is for: it was found with what the newest
    /// version's says.
    fn by_its_own_text(mut self) -> Result<Self, Error> {
        if let Some(node) = self.configuration()? {
            let named = node.get("resource").and_then(Node::text);
            let resource = named.and_then(Resource::parse);
            self.resource = resource.ok_or_else(|| self.unreadable("it is of no resource"))?;
            let public = node.get("public").map(|node| &node.content);
            self.public = public == Some(&Content::Bool(true));
        }
        Ok(self)
    }
}

/// The form of that name, for use: the operator's, or else the built-in one.
///
/// # Errors
/// Storage errors; as [`StoredForm::form`].
pub(crate) fn find(
    tx: &Tx<'_>,
    tenant: crate::actor::TenantId,
    name: &str,
) -> Result<Option<Arc<Form>>, Error> {
    if !super::is_name(name) {
        return Ok(None);
    }
    match find_form(tx, tenant, name)? {
        Some(stored) => stored.form().map(Some),
        None => Ok(builtin::find(name)),
    }
}

/// A form as it is stored, in its newest version or another.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] without `readForms`; as
/// [`StoredForm::configuration`].
pub fn get(
    tx: &Tx<'_>,
    actor: &Actor,
    name: &str,
    version: Option<i64>,
) -> Result<StoredForm, Error> {
    actor.require(Permission::ReadForms)?;
    if !super::is_name(name) {
        return Err(Error::NotFound);
    }
    let found = match version {
        Some(version) => find_form_version(tx, actor.tenant, name, version)?
            .map(StoredForm::by_its_own_text)
            .transpose()?,
        None => find_form(tx, actor.tenant, name)?,
    };
    let own = || builtin::find(name).filter(|_| version.is_none_or(|version| version == 0));
    found
        .or_else(|| own().map(|form| StoredForm::built_in(&form)))
        .ok_or(Error::NotFound)
}

/// Every form of the tenant by name, the built-in ones included.
///
/// # Errors
/// [`Error::Forbidden`] without `readForms`.
pub fn list(tx: &Tx<'_>, actor: &Actor) -> Result<Vec<StoredForm>, Error> {
    actor.require(Permission::ReadForms)?;
    let mut all = list_forms(tx, actor.tenant, MAX_FORMS)?;
    for form in builtin::all() {
        if !all.iter().any(|each| each.name == form.name) {
            all.push(StoredForm::built_in(&form));
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// A page of [`list`]; its positions are places in it, from 1.
///
/// # Errors
/// As [`list`].
pub fn page(
    tx: &Tx<'_>,
    actor: &Actor,
    after: Option<i64>,
    limit: usize,
) -> Result<Listed<StoredForm>, Error> {
    let places = (1..).zip(list(tx, actor)?);
    let rest = places.skip_while(|(place, _)| after.is_some_and(|after| *place <= after));
    let rows = rest.take(limit.saturating_add(1)).collect();
    let listed = Listed::cut(rows, limit, |(place, _)| Position::of_id(*place));
    Ok(Listed {
        rows: listed.rows.into_iter().map(|(_, form)| form).collect(),
        next: listed.next,
    })
}

/// What storing a form would come to. Nothing is written; what its rules clash with is looked for
/// among those who are there while others write, and storing it looks again.
///
/// # Errors
/// As [`put`].
pub async fn preview(
    directory: &Directory,
    actor: &Actor,
    draft: &Draft,
    expected: &Expected,
) -> Result<Applied, Error> {
    let (asker, asked, expected) = (actor.clone(), draft.clone(), expected.clone());
    let look = move |tx: &Tx<'_>| plan(tx, &asker, &asked, &expected);
    let planned = directory.read(look).await?;
    if planned.outcome != Outcome::Unchanged {
        standing::check(directory, actor.tenant, &planned.form).await?;
    }
    Ok(planned)
}

/// Stores a form: it holds from the next request on. What it newly demands to be unique is
/// claimed for all who have a value, and what lists are newly filtered by is looked up for all.
///
/// # Errors
/// [`Error::PreconditionFailed`] when the stored version is not the one expected;
/// [`Error::Invalid`] with the users whose values clash; [`Error::Conflict`] for one form too
/// many; [`Error::Forbidden`] without `updateForms`.
pub fn put(
    tx: &Tx<'_>,
    actor: &Actor,
    draft: &Draft,
    expected: &Expected,
) -> Result<Applied, Error> {
    actor.require(Permission::UpdateForms)?;
    // Whoever stores another form, or what rules are about, waits from here on.
    take_form_rules(tx, actor.tenant)?;
    let planned = plan(tx, actor, draft, expected)?;
    if planned.outcome == Outcome::Unchanged {
        return Ok(planned);
    }
    let mut statements = standing::apply(tx, actor.tenant, &planned.form)?;
    statements.extend(put_form(actor.tenant, &planned.form)?);
    let fields = [
        ("version", planned.form.version.into()),
        ("resource", planned.form.resource.name().into()),
        ("public", planned.form.public.into()),
    ];
    let subject = Subject::new("form", &planned.form.name);
    let (kind, change) = (EventType::FormUpdated, Change::of(&fields));
    statements.push(event::record(
        tx,
        actor,
        kind,
        actor.account,
        subject,
        change,
    )?);
    statements.push(bump_generation(tx, actor.tenant));
    tx.batch(&statements)?;
    Ok(planned)
}

fn plan(tx: &Tx<'_>, actor: &Actor, draft: &Draft, expected: &Expected) -> Result<Applied, Error> {
    actor.require(Permission::UpdateForms)?;
    actor.require_full_access()?;
    let stored = find_form(tx, actor.tenant, &draft.form.name)?;
    let version = stored.as_ref().map_or(0, |stored| stored.version);
    let is_there = stored.is_some() || builtin::find(&draft.form.name).is_some();
    let met = match expected {
        Expected::Any => true,
        Expected::None => stored.is_none(),
        Expected::Stored => is_there,
        Expected::OneOf(versions) => is_there && versions.contains(&version),
    };
    if !met {
        return Err(Error::PreconditionFailed);
    }
    if stored.is_none() && count_forms(tx, actor.tenant)? >= MAX_FORMS {
        return Err(Error::Conflict("there are as many forms as there may be"));
    }
    let form = StoredForm {
        name: draft.form.name.clone(),
        version: version + 1,
        resource: draft.form.resource,
        public: draft.form.public,
        format: draft.format,
        source: draft.source.clone(),
        rules: Rules::of(&draft.form),
        created_at: stored.as_ref().map_or(tx.now(), |stored| stored.created_at),
        updated_at: tx.now(),
        updated_by: actor.email.clone(),
    };
    let (form, outcome, before) = match stored {
        None => (form, Outcome::Created, None),
        Some(stored) if is_same(&stored, &form) => (stored, Outcome::Unchanged, None),
        Some(stored) => (form, Outcome::Updated, Some(stored)),
    };
    Ok(Applied {
        form,
        outcome,
        before,
    })
}

fn is_same(stored: &StoredForm, new: &StoredForm) -> bool {
    (stored.format, &stored.source) == (new.format, &new.source)
}
