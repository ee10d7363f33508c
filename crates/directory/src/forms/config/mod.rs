//! Reading a form's configuration: everything that is wrong with it is found, each with its
//! path and its place in the text.

mod field;
mod page;
mod payload;
mod validators;

use super::document::{Content, Format, Member, Node, Place};
use super::fault::{Fault, Problem};
use super::shape::{
    Form, Group, Resource, ResourceOwner, Section, SectionKind, fields_of, fields_of_section,
    rules_of, rules_of_section,
};
use crate::violation::Path;

/// Fields of a form at most.
pub const MAX_FIELDS: usize = 500;
/// Patterns of a form at most.
const MAX_PATTERNS: usize = 100;
/// Characters of a name at most.
pub const MAX_NAME: usize = 100;
/// Characters of a text for people at most.
const MAX_TEXT: usize = 500;

const KEYS: &[&str] = &[
    "name",
    "resource",
    "type",
    "resource_owner",
    "public",
    "title",
    "default_payload",
    "configuration",
];

/// What is wrong, as it is found.
#[derive(Default)]
struct Faults {
    found: Vec<Fault>,
    fields: usize,
    patterns: usize,
}

impl Faults {
    fn add(&mut self, path: &Path, at: Place, problem: Problem) {
        self.found.push(Fault {
            path: path.clone(),
            at,
            problem,
        });
    }

    fn refuse(&mut self, path: &Path, at: Place, why: impl Into<String>) {
        self.add(path, at, Problem::Refused(why.into()));
    }

    /// The members of an object; null is one without any.
    fn members<'a>(&mut self, node: &'a Node, path: &Path) -> &'a [Member] {
        match &node.content {
            Content::Object(members) => members,
            Content::Null => &[],
            Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::List(_) => {
                self.add(path, node.at, Problem::Expected("an object"));
                &[]
            }
        }
    }

    /// Refuses every member whose name is not one of these.
    fn only(
        &mut self,
        members: &[Member],
        path: &Path,
        what: &'static str,
        known: &'static [&'static str],
    ) {
        for member in members {
            if !known.contains(&member.name.as_str()) {
                let path = path.child(cut(&member.name));
                self.add(&path, member.at, Problem::Unknown { what, known });
            }
        }
    }

    /// A boolean member; false where it is not there.
    fn boolean(&mut self, node: &Node, path: &Path, name: &str) -> bool {
        match node.get(name).map(|node| (&node.content, node.at)) {
            None => false,
            Some((Content::Bool(value), _)) => *value,
            Some((_, at)) => {
                self.add(&path.child(name), at, Problem::Expected("true or false"));
                false
            }
        }
    }

    /// A text for people.
    fn words(&mut self, node: &Node, path: &Path, name: &str) -> Option<String> {
        let member = node.get(name)?;
        let path = path.child(name);
        match member.text() {
            None => self.add(&path, member.at, Problem::Expected("a text")),
            Some(text) if text.trim().is_empty() => self.refuse(&path, member.at, "is empty"),
            Some(text) if text.chars().count() > MAX_TEXT || text.contains('\0') => {
                self.refuse(
                    &path,
                    member.at,
                    format!("takes {MAX_TEXT} characters at most"),
                );
            }
            Some(text) => return Some(text.to_owned()),
        }
        None
    }

    /// Whether a name can be one.
    fn named(&mut self, name: &str, path: &Path, at: Place) -> bool {
        let good = is_name(name);
        if !good {
            self.refuse(
                path,
                at,
                "is no name: letters, digits, _ and -, 100 at most",
            );
        }
        good
    }
}

/// Whether a text can name a form, a property or a part of a user.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(fits)
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// Reads a configuration.
///
/// # Errors
/// All that is wrong with it, in the order of its text.
pub fn read(format: Format, text: &str) -> Result<(Form, Node), Vec<Fault>> {
    let node = Node::read(format, text).map_err(|unreadable| {
        vec![Fault {
            path: Path::default(),
            at: unreadable.at,
            problem: Problem::Unreadable(unreadable.reason),
        }]
    })?;
    let mut faults = Faults::default();
    let form = form_of(&node, &mut faults);
    match form {
        Some(form) if faults.found.is_empty() => Ok((form, node)),
        Some(_) | None => {
            faults.found.sort_by_key(|fault| fault.at);
            Err(faults.found)
        }
    }
}

fn form_of(node: &Node, faults: &mut Faults) -> Option<Form> {
    let top = Path::default();
    let members = faults.members(node, &top);
    faults.only(members, &top, "key", KEYS);
    let name = name_of(node, &top, faults);
    let resource = resource_of(node, &top, faults);
    let item_type = item_type_of(node, &top, resource, faults);
    let owner = owner_of(node, &top, faults);
    let public = faults.boolean(node, &top, "public");
    if public && resource.is_some_and(|resource| resource != Resource::User) {
        let at = node.get("public").map_or(node.at, |node| node.at);
        faults.refuse(&top.child("public"), at, "is for the resource User alone");
    }
    let title = faults.words(node, &top, "title");
    let Some(resource) = resource else {
        // What a form of none could list is not known, but what it is made of is.
        check_parts(node, &top, faults);
        return None;
    };
    let mut form = Form {
        name: name.unwrap_or_default(),
        resource,
        item_type,
        owner,
        public,
        title,
        group: Group::default(),
        sections: Vec::new(),
    };
    read_configuration(node, &top, &mut form, faults);
    validators::check_references(node, &form, faults);
    payload::read(node, &top, &mut form, faults);
    page::check(node, &top, &form, faults);
    check_counts(node, &top, faults);
    Some(form)
}

/// Tells of parts that are missing, or are no objects, whatever the resource is.
fn check_parts(node: &Node, top: &Path, faults: &mut Faults) {
    let path = top.child("configuration");
    match node.get("configuration") {
        None => faults.add(&path, node.at, Problem::Missing),
        Some(configuration) => drop(faults.members(configuration, &path)),
    }
    if let Some(payload) = node.get("default_payload") {
        faults.members(payload, &top.child("default_payload"));
    }
}

fn name_of(node: &Node, top: &Path, faults: &mut Faults) -> Option<String> {
    let path = top.child("name");
    match node.get("name") {
        None => faults.add(&path, node.at, Problem::Missing),
        Some(member) => match member.text() {
            None => faults.add(&path, member.at, Problem::Expected("a text")),
            Some(name) => {
                return faults
                    .named(name, &path, member.at)
                    .then(|| name.to_owned());
            }
        },
    }
    None
}

fn resource_of(node: &Node, top: &Path, faults: &mut Faults) -> Option<Resource> {
    const KNOWN: &[&str] = &["User", "Session", "Transactable", "RelationshipUser"];
    let path = top.child("resource");
    let Some(member) = node.get("resource") else {
        faults.add(&path, node.at, Problem::Missing);
        return None;
    };
    let found = member.text().and_then(Resource::parse);
    if found.is_none() {
        let what = "resource";
        faults.add(&path, member.at, Problem::Unknown { what, known: KNOWN });
    }
    found
}

fn item_type_of(
    node: &Node,
    top: &Path,
    resource: Option<Resource>,
    faults: &mut Faults,
) -> Option<String> {
    let path = top.child("type");
    let is_item = resource?.section().is_some();
    match (node.get("type"), is_item) {
        (None, false) => None,
        (None, true) => {
            faults.add(&path, node.at, Problem::Missing);
            None
        }
        (Some(member), false) => {
            let why = "is for the resources Transactable and RelationshipUser";
            faults.refuse(&path, member.at, why);
            None
        }
        (Some(member), true) => match member.text() {
            Some(name) if faults.named(name, &path, member.at) => Some(name.to_owned()),
            Some(_) => None,
            None => {
                faults.add(&path, member.at, Problem::Expected("a text"));
                None
            }
        },
    }
}

fn owner_of(node: &Node, top: &Path, faults: &mut Faults) -> ResourceOwner {
    const KNOWN: &[&str] = &["anyone", "self", "creator"];
    let Some(member) = node.get("resource_owner") else {
        return ResourceOwner::Anyone;
    };
    member
        .text()
        .and_then(ResourceOwner::parse)
        .unwrap_or_else(|| {
            let what = "resource_owner";
            let path = top.child("resource_owner");
            faults.add(&path, member.at, Problem::Unknown { what, known: KNOWN });
            ResourceOwner::Anyone
        })
}

/// What a group stands for: which fields it may list, and what holds of each in any case.
#[derive(Clone, Copy)]
enum Of {
    Resource(Resource),
    Section(SectionKind),
}

impl Of {
    fn known(self) -> &'static [(&'static str, super::FieldType)] {
        match self {
            Self::Resource(resource) => fields_of(resource),
            Self::Section(kind) => fields_of_section(kind),
        }
    }

    fn rules(self, field: &str) -> Vec<super::Check> {
        match self {
            Self::Resource(resource) => rules_of(resource, field),
            Self::Section(kind) => rules_of_section(kind, field),
        }
    }

    fn has_properties(self) -> bool {
        !matches!(self, Self::Resource(Resource::Session))
    }

    fn has_sections(self) -> bool {
        matches!(self, Self::Resource(Resource::User))
    }

    /// Whether a field is in every form, listed or not: what cannot be without it.
    fn is_always_listed(self, field: &str) -> bool {
        let kind = match self {
            Self::Resource(resource) => resource.section(),
            Self::Section(kind) => Some(kind),
        };
        matches!(
            (kind, field),
            (Some(SectionKind::Relationships), "user_id")
                | (Some(SectionKind::Transactables), "name")
        )
    }
}

impl Of {
    /// Whether what it stands for cannot be without a field.
    fn is_needed(self, field: &str) -> bool {
        let of_resource = match self {
            Self::Resource(Resource::User) => field == "email",
            Self::Resource(Resource::Session) => true,
            Self::Resource(Resource::Transactable | Resource::RelationshipUser)
            | Self::Section(_) => false,
        };
        of_resource || self.is_always_listed(field)
    }
}

fn read_configuration(node: &Node, top: &Path, form: &mut Form, faults: &mut Faults) {
    let path = top.child("configuration");
    let Some(configuration) = node.get("configuration") else {
        faults.add(&path, node.at, Problem::Missing);
        return;
    };
    let of = Of::Resource(form.resource);
    form.group = read_group(configuration, &path, of, faults);
    if of.has_sections() {
        for kind in SectionKind::ALL {
            let Some(node) = configuration.get(kind.name()) else {
                continue;
            };
            let path = path.child(kind.name());
            for member in faults.members(node, &path) {
                let path = path.child(cut(&member.name));
                faults.named(&member.name, &path, member.at);
                let group = read_group(&member.value, &path, Of::Section(kind), faults);
                form.sections.push(Section {
                    kind,
                    name: member.name.clone(),
                    group,
                });
            }
        }
    }
}

fn check_counts(node: &Node, top: &Path, faults: &mut Faults) {
    let path = top.child("configuration");
    if faults.fields > MAX_FIELDS {
        let why = format!("lists more than {MAX_FIELDS} fields");
        faults.refuse(&path, node.at, why);
    }
    if faults.patterns > MAX_PATTERNS {
        let why = format!("holds more than {MAX_PATTERNS} patterns");
        faults.refuse(&path, node.at, why);
    }
}

fn read_group(node: &Node, path: &Path, of: Of, faults: &mut Faults) -> Group {
    let mut group = Group::default();
    for member in faults.members(node, path) {
        let name = member.name.as_str();
        let path = path.child(cut(name));
        let known = of.known().iter().find(|(known, _)| *known == name);
        if let Some((name, field_type)) = known {
            let rules = of.rules(name);
            let field = field::read(&member.value, &path, name, Some(*field_type), rules, faults);
            if field.is_virtual && of.is_needed(name) {
                let why = "is what nothing is stored without";
                let path = path.child("property_options").child("virtual");
                faults.refuse(&path, member.value.at, why);
            }
            group.fields.push(field);
        } else if name == "properties" && of.has_properties() {
            group.properties = read_properties(&member.value, &path, faults);
        } else if !(of.has_sections() && SectionKind::parse(name).is_some()) {
            let (what, known) = ("field", of.names());
            faults.add(&path, member.at, Problem::Unknown { what, known });
        }
    }
    for (name, field_type) in of.known() {
        let listed = group.fields.iter().any(|field| field.name == *name);
        if of.is_always_listed(name) && !listed {
            let field = super::Field::plain(name, *field_type).with(of.rules(name));
            group.fields.push(field);
        }
    }
    group
}

fn read_properties(node: &Node, path: &Path, faults: &mut Faults) -> Vec<super::Field> {
    let mut properties = Vec::new();
    for member in faults.members(node, path) {
        let path = path.child(cut(&member.name));
        faults.named(&member.name, &path, member.at);
        properties.push(field::read(
            &member.value,
            &path,
            &member.name,
            None,
            Vec::new(),
            faults,
        ));
    }
    properties
}

impl Of {
    /// The names that may stand in its group, for who wrote another.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Resource(Resource::User) => &[
                "email",
                "password",
                "first_name",
                "last_name",
                "middle_name",
                "name",
                "external_id",
                "featured",
                "public_profile",
                "properties",
                "profiles",
                "relationship_users",
                "transactables",
            ],
            Self::Resource(Resource::Session) => &["email", "password"],
            Self::Resource(Resource::Transactable) | Self::Section(SectionKind::Transactables) => {
                &["name", "external_id", "properties"]
            }
            Self::Resource(Resource::RelationshipUser)
            | Self::Section(SectionKind::Relationships) => &["user_id", "properties"],
            Self::Section(SectionKind::Profiles) => &["enabled", "properties"],
        }
    }
}
