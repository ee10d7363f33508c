//! The engine: what of a submission a form takes, and what is wrong with it. The same for what
//! is made and for what is changed.

use std::mem::discriminant;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::shape::{Field, Form, Group, Resource, Section, SectionKind};
use super::validator::{Check, Condition, Validator, is_blank};
use super::values::{beyond_bounds, fits};
use crate::violation::{Expected, FormRule, Path, Rule, Violation, Violations};

/// Relationships or transactables of one name in a submission, at most.
pub const MAX_ITEMS: usize = 100;

/// Where properties stand.
pub(super) const PROPERTIES: &str = "properties";

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// What a form takes of a submission: values of the right types, of fields that it lists. A null
/// takes a value away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Fields of the resource.
    pub fields: Map<String, Value>,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// What stands around it.
    pub items: Vec<Item>,
}

/// A profile, relationship or transactable of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub kind: SectionKind,
    /// The name of its section.
    pub name: String,
    /// Where it stands in the submission.
    #[serde(skip)]
    pub path: Path,
    /// The number of a stored one, which it changes.
    pub id: Option<i64>,
    /// Whether the stored one shall go.
    pub destroy: bool,
    /// Its fields.
    pub fields: Map<String, Value>,
    /// Its properties.
    pub properties: Map<String, Value>,
}

impl Form {
    /// Checks a submission: for a thing that is yet to be made, or for one that is `stored` (in
    /// the shape of a submission, where items have their `id`). Answers what the form lists and
    /// is of the type it needs, and all that is wrong. What the form does not list is left out
    /// in silence; a null is as absent. Whether a value is taken is found by the directory when
    /// it is written.
    #[must_use]
    pub fn check(
        &self,
        given: &Map<String, Value>,
        stored: Option<&Map<String, Value>>,
    ) -> (Accepted, Violations) {
        let top = Sight {
            group: &self.group,
            given,
            stored,
        };
        let mut checking = Checking {
            top,
            violations: Violations::new(),
        };
        let (fields, properties) = checking.group(top, &Path::default());
        if self.resource == Resource::User && stored.is_none() && self.group.find("email").is_none()
        {
            // Nobody is made without, whatever the form lists.
            checking.violations.field("email", Rule::Blank);
        }
        let mut items = Vec::new();
        for section in &self.sections {
            items.extend(checking.section(section));
        }
        let accepted = Accepted {
            fields,
            properties,
            items,
        };
        (accepted, checking.violations)
    }
}

/// A group, and what is seen of it: what came and what is stored.
#[derive(Clone, Copy)]
struct Sight<'a> {
    group: &'a Group,
    given: &'a Map<String, Value>,
    stored: Option<&'a Map<String, Value>>,
}

/// The value of a field or property that is there and no null.
fn value_in<'a>(map: &'a Map<String, Value>, is_property: bool, name: &str) -> Option<&'a Value> {
    let value = if is_property {
        map.get(PROPERTIES)?.get(name)
    } else {
        map.get(name)
    };
    value.filter(|value| !value.is_null())
}

impl<'a> Sight<'a> {
    fn stored(&self, is_property: bool, name: &str) -> Option<&'a Value> {
        value_in(self.stored?, is_property, name)
    }

    /// What is submitted: what came, else what fills the gap.
    fn submitted(&self, is_property: bool, field: &'a Field) -> Option<&'a Value> {
        let came = value_in(self.given, is_property, &field.name).filter(|_| !field.readonly);
        let is_gap = self.stored(is_property, &field.name).is_none();
        let filling = field.filling.as_ref().filter(|_| is_gap);
        let default = field.default.as_ref().filter(|_| self.stored.is_none());
        came.or(filling).or(default)
    }

    /// The value that a field has once the submission is taken; none where it lists no such.
    fn value(&self, name: &str) -> Option<Option<&'a Value>> {
        let (is_property, field) = self.group.find(name)?;
        let submitted = self.submitted(is_property, field);
        Some(submitted.or_else(|| self.stored(is_property, name)))
    }
}

impl Condition {
    fn holds(&self, beside: Sight<'_>, top: Sight<'_>) -> bool {
        let found = beside.value(&self.field).or_else(|| top.value(&self.field));
        self.test.holds(found.flatten())
    }
}

/// A check under way.
struct Checking<'a> {
    top: Sight<'a>,
    violations: Violations,
}

type Taken = (Map<String, Value>, Map<String, Value>);

impl<'a> Checking<'a> {
    /// Checks the fields and properties of a group that stands at `at`.
    fn group(&mut self, sight: Sight<'a>, at: &Path) -> Taken {
        let (mut fields, mut properties) = Taken::default();
        let inside = sight.given.get(PROPERTIES);
        let shapeless = inside.is_some_and(|value| !value.is_object() && !value.is_null())
            && !sight.group.properties.is_empty();
        if shapeless {
            let expected = Expected::Object;
            let path = at.child(PROPERTIES);
            self.violations.add(path, Rule::WrongType { expected });
        }
        for (is_property, field) in sight.group.all() {
            if is_property && shapeless {
                continue;
            }
            let path = if is_property {
                at.child(PROPERTIES).child(&field.name)
            } else {
                at.child(&field.name)
            };
            let taken = self.field(sight, is_property, field, &path);
            if let Some(value) = taken.filter(|_| !field.is_virtual) {
                let map = if is_property {
                    &mut properties
                } else {
                    &mut fields
                };
                map.insert(field.name.clone(), value);
            }
        }
        (fields, properties)
    }

    /// Checks a field; answers the value that it takes.
    fn field(
        &mut self,
        sight: Sight<'a>,
        is_property: bool,
        field: &'a Field,
        path: &Path,
    ) -> Option<Value> {
        let submitted = sight.submitted(is_property, field);
        let mismatch = submitted.and_then(|value| fits(field.field_type, value).err());
        // A blank one in place of a number takes the value away, where that is allowed.
        let text = submitted.and_then(Value::as_str);
        let is_space = text.is_some_and(|text| text.trim().is_empty());
        let clears = mismatch.is_some() && is_space && field.takes_blank();
        if let Some(rule) = mismatch.filter(|_| !clears) {
            let message = field.words_for_type();
            self.tell(path, rule, message);
            return None;
        }
        // No pattern is looked for in what is too large.
        let unbound = submitted.and_then(beyond_bounds);
        let name = format!("{}_confirmation", field.name);
        let confirmation = value_in(sight.given, is_property, &name);
        let is_stored = !is_blank(sight.stored(is_property, &field.name));
        let mut told: Vec<Rule> = Vec::new();
        for validator in &field.validators {
            let met = validator.check == Check::Presence && submitted.is_none() && is_stored;
            let searches = matches!(validator.check, Check::Format(_) | Check::EmailFormat);
            let condition = validator.condition.as_ref();
            if met || searches && unbound.is_some() {
                continue;
            }
            if condition.is_some_and(|each| !each.holds(sight, self.top)) {
                continue;
            }
            for rule in validator.broken(&field.name, submitted, confirmation) {
                if !is_told(&told, &rule) {
                    told.push(rule.clone());
                    let is_repeated = validator.check == Check::Confirmation;
                    let path = if is_repeated {
                        &beside(path, &name)
                    } else {
                        path
                    };
                    self.tell(path, rule, validator.message.as_ref());
                }
            }
        }
        if let Some(rule) = unbound.filter(|rule| !is_told(&told, rule)) {
            self.tell(path, rule, None);
        }
        submitted.map(|value| if clears { Value::Null } else { value.clone() })
    }

    fn tell(&mut self, path: &Path, rule: Rule, message: Option<&String>) {
        self.violations.push(Violation {
            path: path.clone(),
            rule,
            message: message.cloned(),
        });
    }

    fn wrong_type(&mut self, path: Path, expected: Expected) {
        self.violations.add(path, Rule::WrongType { expected });
    }

    /// Checks what stands around a user under one name.
    fn section(&mut self, section: &'a Section) -> Vec<Item> {
        let kind = section.kind.name();
        let at = Path::field(kind).child(&section.name);
        let given = match self.top.given.get(kind) {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => map.get(&section.name).filter(|value| !value.is_null()),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                self.wrong_type(Path::field(kind), Expected::Object);
                return Vec::new();
            }
        };
        let stored = self.top.stored.and_then(|stored| stored.get(kind));
        let stored = stored.and_then(|stored| stored.get(&section.name));
        match (section.kind, given) {
            (SectionKind::Profiles, None) => self.untouched_profile(section, &at, stored),
            (_, None) => Vec::new(),
            (_, Some(Value::Object(map))) => Vec::from_iter(self.item(section, at, map, stored)),
            (SectionKind::Relationships | SectionKind::Transactables, Some(Value::Array(list))) => {
                self.items(section, &at, list, stored)
            }
            (_, Some(_)) => {
                self.wrong_type(at, Expected::Object);
                Vec::new()
            }
        }
    }

    fn items(
        &mut self,
        section: &'a Section,
        at: &Path,
        list: &'a [Value],
        stored: Option<&'a Value>,
    ) -> Vec<Item> {
        if list.len() > MAX_ITEMS {
            let rule = Rule::TooLong { max: MAX_ITEMS };
            self.violations.add(at.clone(), rule);
            return Vec::new();
        }
        let mut items = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let at = at.child(index);
            match value {
                Value::Object(map) => items.extend(self.item(section, at, map, stored)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => self.wrong_type(at, Expected::Object),
            }
        }
        items
    }

    /// A profile that did not come: what it must have may be stored already. It is made only to
    /// hold what fills gaps.
    fn untouched_profile(
        &mut self,
        section: &'a Section,
        at: &Path,
        stored: Option<&'a Value>,
    ) -> Vec<Item> {
        let sight = Sight {
            group: &section.group,
            given: &NOTHING,
            stored: stored.and_then(Value::as_object),
        };
        let (fields, properties) = self.group(sight, at);
        let filled = section.group.all().any(|(is_property, field)| {
            field.filling.is_some() && sight.stored(is_property, &field.name).is_none()
        });
        let item = filled.then(|| Item {
            kind: section.kind,
            name: section.name.clone(),
            path: at.clone(),
            id: None,
            destroy: false,
            fields,
            properties,
        });
        Vec::from_iter(item)
    }

    /// A profile that shall not be: what it must have, it must have; so one that demands something
    /// stays.
    fn gone_profile(&mut self, section: &'a Section, at: Path, is_stored: bool) -> Option<Item> {
        let filled = self.untouched_profile(section, &at, None).pop();
        if !is_stored {
            return filled;
        }
        Some(Item {
            kind: section.kind,
            name: section.name.clone(),
            path: at,
            id: None,
            destroy: true,
            fields: Map::new(),
            properties: Map::new(),
        })
    }

    fn item(
        &mut self,
        section: &'a Section,
        at: Path,
        given: &'a Map<String, Value>,
        stored: Option<&'a Value>,
    ) -> Option<Item> {
        let id = self.number(&at, given)?;
        let destroy = self.destroys(&at, given)?;
        let is_list = section.kind != SectionKind::Profiles;
        let found = if is_list {
            let items = stored.and_then(Value::as_array);
            let mut items = items.into_iter().flatten();
            id.and_then(|id| items.find(|item| number_of(item) == Some(id)))
        } else {
            stored.filter(|stored| id.is_none() || number_of(stored) == id)
        };
        if id.is_some() && found.is_none() {
            self.violations.add(at.child("id"), Rule::MustExist);
            return None;
        }
        if destroy && is_list && id.is_none() {
            self.violations.add(at.child("id"), Rule::Blank);
            return None;
        }
        if destroy && !is_list {
            return self.gone_profile(section, at, found.is_some());
        }
        let (fields, properties) = if destroy {
            Taken::default()
        } else {
            let sight = Sight {
                group: &section.group,
                given,
                stored: found.and_then(Value::as_object),
            };
            self.group(sight, &at)
        };
        Some(Item {
            kind: section.kind,
            name: section.name.clone(),
            id,
            destroy,
            fields,
            properties,
            path: at,
        })
    }

    /// The `id` of an item, if it has one; nothing for one that is none.
    fn number(&mut self, at: &Path, given: &Map<String, Value>) -> Option<Option<i64>> {
        match value_in(given, false, "id") {
            None => Some(None),
            Some(value) => match value.as_i64() {
                Some(id) => Some(Some(id)),
                None => {
                    self.wrong_type(at.child("id"), Expected::Integer);
                    None
                }
            },
        }
    }

    /// The `_destroy` of an item; nothing for one that is none.
    fn destroys(&mut self, at: &Path, given: &Map<String, Value>) -> Option<bool> {
        match value_in(given, false, "_destroy") {
            None => Some(false),
            Some(Value::Bool(destroy)) => Some(*destroy),
            Some(
                Value::Null
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_),
            ) => {
                self.wrong_type(at.child("_destroy"), Expected::Boolean);
                None
            }
        }
    }
}

fn number_of(item: &Value) -> Option<i64> {
    item.get("id").and_then(Value::as_i64)
}

/// The path to a neighbour of what a path names.
fn beside(path: &Path, name: &str) -> Path {
    let segments = path.segments();
    let above = segments.split_last().map_or(segments, |(_, above)| above);
    let above = above
        .iter()
        .fold(Path::default(), |path, segment| path.child(segment));
    above.child(name)
}

/// Whether a rule of that kind was told of the field; numbers may compare wrongly with several.
fn is_told(told: &[Rule], rule: &Rule) -> bool {
    let of_kind = |before: &Rule| match (before, rule) {
        (Rule::Form(before), Rule::Form(FormRule::Compared { .. })) => {
            Rule::Form(before.clone()) == *rule
        }
        (Rule::Form(before), Rule::Form(rule)) => discriminant(before) == discriminant(rule),
        (before, rule) => discriminant(before) == discriminant(rule),
    };
    told.iter().any(of_kind)
}

impl Field {
    /// Whether a blank text may stand where a value of another type is asked for: where that is
    /// allowed, and by each validator that says what the type is.
    pub(super) fn takes_blank(&self) -> bool {
        let mut typed = self.validators.iter().filter(|each| {
            matches!(
                each.check,
                Check::Numericality(_) | Check::Date | Check::DateTime
            )
        });
        self.validators.iter().any(|each| each.allow_blank) && typed.all(|each| each.allow_blank)
    }

    /// Why a value cannot be one that its author gives it: it is of another type, or breaks what
    /// always holds of the field.
    pub(super) fn refuses(&self, value: &Value) -> Option<String> {
        if fits(self.field_type, value).is_err() {
            let name = self.field_type.name();
            return Some(format!("is no value of the field's type, {name}"));
        }
        let holds = |validator: &&Validator| {
            let always = validator.condition.is_none() && validator.check != Check::Presence;
            always && !validator.broken(&self.name, Some(value), None).is_empty()
        };
        let breaks =
            beyond_bounds(value).is_some() || self.validators.iter().any(|each| holds(&each));
        breaks.then(|| "breaks what holds of the field".to_owned())
    }

    /// The author's words for a value that is not of the type which a validator demands.
    fn words_for_type(&self) -> Option<&String> {
        let demands_type = |each: &&Validator| {
            matches!(
                each.check,
                Check::Numericality(_) | Check::Date | Check::DateTime
            )
        };
        self.validators
            .iter()
            .find(demands_type)
            .and_then(|each| each.message.as_ref())
    }
}
