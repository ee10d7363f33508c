//! The validators of a field's configuration.

use super::{Faults, cut};
use crate::forms::document::{Content, Node};
use crate::forms::fault::Problem;
use crate::forms::pattern::Pattern;
use crate::forms::shape::{Field, FieldType, Form, Group, SectionKind};
use crate::forms::validator::{Check, Condition, Numericality, Test, Validator};
use crate::violation::{Comparison, Path};

/// Values of a list of choices at most.
const MAX_CHOICES: usize = 1_000;

const VALIDATORS: &[&str] = &[
    "presence",
    "uniqueness",
    "confirmation",
    "inclusion",
    "exclusion",
    "format",
    "length",
    "numericality",
    "date",
    "datetime",
];

/// The options that every validator has.
#[cfg(test)]
const COMMON: [&str; 4] = ["message", "allow_nil", "allow_blank", "if"];

/// The options of a validator, those of all included.
fn options_of(validator: &str) -> &'static [&'static str] {
    match validator {
        "uniqueness" => &["scope", "message", "allow_nil", "allow_blank", "if"],
        "inclusion" | "exclusion" => &["in", "message", "allow_nil", "allow_blank", "if"],
        "format" => &["with", "message", "allow_nil", "allow_blank", "if"],
        "length" => &[
            "minimum",
            "maximum",
            "is",
            "message",
            "allow_nil",
            "allow_blank",
            "if",
        ],
        "numericality" => &[
            "only_integer",
            "greater_than",
            "greater_than_or_equal_to",
            "equal_to",
            "less_than",
            "less_than_or_equal_to",
            "other_than",
            "odd",
            "even",
            "message",
            "allow_nil",
            "allow_blank",
            "if",
        ],
        _ => &["message", "allow_nil", "allow_blank", "if"],
    }
}

/// Reads the validators of a field; one that is switched off (`presence: false`) is none.
pub(super) fn read(node: &Node, path: &Path, faults: &mut Faults) -> Vec<Validator> {
    let members = faults.members(node, path);
    faults.only(members, path, "validator", VALIDATORS);
    let known = members
        .iter()
        .filter(|member| VALIDATORS.contains(&member.name.as_str()));
    known
        .filter_map(|member| {
            let path = path.child(&member.name);
            one(&member.name, &member.value, &path, faults)
        })
        .collect()
}

fn one(name: &str, node: &Node, path: &Path, faults: &mut Faults) -> Option<Validator> {
    match &node.content {
        Content::Bool(false) => return None,
        Content::Bool(true) => {}
        Content::Object(members) => faults.only(members, path, "option", options_of(name)),
        Content::Null | Content::Number(_) | Content::Text(_) | Content::List(_) => {
            faults.add(path, node.at, Problem::Expected("true, false or an object"));
            return None;
        }
    }
    let check = match name {
        "presence" => Some(Check::Presence),
        "uniqueness" => Some(uniqueness(node, path, faults)),
        "confirmation" => Some(Check::Confirmation),
        "inclusion" => choices(node, path, faults).map(Check::Inclusion),
        "exclusion" => choices(node, path, faults).map(Check::Exclusion),
        "format" => pattern(node, path, faults).map(Check::Format),
        "length" => length(node, path, faults),
        "numericality" => Some(Check::Numericality(numericality(node, path, faults))),
        "date" => Some(Check::Date),
        "datetime" => Some(Check::DateTime),
        _ => None,
    };
    let validator = Validator {
        message: faults.words(node, path, "message"),
        allow_nil: faults.boolean(node, path, "allow_nil"),
        allow_blank: faults.boolean(node, path, "allow_blank"),
        condition: condition(node, path, faults),
        ..Validator::new(check?)
    };
    Some(validator)
}

fn uniqueness(node: &Node, path: &Path, faults: &mut Faults) -> Check {
    let Some(scope) = node.get("scope") else {
        return Check::Uniqueness { scope: Vec::new() };
    };
    let path = path.child("scope");
    let names = match &scope.content {
        Content::Text(name) => vec![name.clone()],
        Content::List(items) => {
            let names: Vec<String> = items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect();
            if names.len() != items.len() {
                faults.add(&path, scope.at, Problem::Expected("names of fields"));
            }
            names
        }
        Content::Null | Content::Bool(_) | Content::Number(_) | Content::Object(_) => {
            faults.add(&path, scope.at, Problem::Expected("names of fields"));
            Vec::new()
        }
    };
    Check::Uniqueness { scope: names }
}

fn choices(node: &Node, path: &Path, faults: &mut Faults) -> Option<Vec<serde_json::Value>> {
    let path = path.child("in");
    let Some(list) = node.get("in") else {
        faults.add(&path, node.at, Problem::Missing);
        return None;
    };
    let Content::List(items) = &list.content else {
        faults.add(&path, list.at, Problem::Expected("a list"));
        return None;
    };
    if items.is_empty() || items.len() > MAX_CHOICES {
        faults.refuse(&path, list.at, format!("needs 1 to {MAX_CHOICES} values"));
    }
    for (index, item) in items.iter().enumerate() {
        if matches!(
            item.content,
            Content::Null | Content::List(_) | Content::Object(_)
        ) {
            let expected = Problem::Expected("a text, a number or a boolean");
            faults.add(&path.child(index), item.at, expected);
        }
    }
    Some(items.iter().map(Node::value).collect())
}

fn pattern(node: &Node, path: &Path, faults: &mut Faults) -> Option<Pattern> {
    faults.patterns += 1;
    let path = path.child("with");
    let Some(with) = node.get("with") else {
        faults.add(&path, node.at, Problem::Missing);
        return None;
    };
    let Some(text) = with.text() else {
        faults.add(&path, with.at, Problem::Expected("a text"));
        return None;
    };
    match Pattern::compile(text) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            faults.refuse(&path, with.at, why);
            None
        }
    }
}

fn length(node: &Node, path: &Path, faults: &mut Faults) -> Option<Check> {
    let mut bound = |name: &str| {
        let member = node.get(name)?;
        let count = match &member.content {
            Content::Number(number) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
            Content::Null
            | Content::Bool(_)
            | Content::Text(_)
            | Content::List(_)
            | Content::Object(_) => None,
        };
        if count.is_none() {
            let expected = Problem::Expected("a whole number of 0 or more");
            faults.add(&path.child(name), member.at, expected);
        }
        count
    };
    let (minimum, maximum, is) = (bound("minimum"), bound("maximum"), bound("is"));
    let said = ["minimum", "maximum", "is"];
    if !said.iter().any(|name| node.get(name).is_some()) {
        faults.refuse(path, node.at, "needs minimum, maximum or is");
        return None;
    }
    if minimum.zip(maximum).is_some_and(|(min, max)| min > max) {
        faults.refuse(path, node.at, "has a minimum above its maximum");
    }
    Some(Check::Length {
        minimum,
        maximum,
        is,
    })
}

fn numericality(node: &Node, path: &Path, faults: &mut Faults) -> Numericality {
    let mut demands = Numericality {
        only_integer: faults.boolean(node, path, "only_integer"),
        ..Numericality::default()
    };
    for comparison in Comparison::ALL {
        let Some(member) = node.get(comparison.name()) else {
            continue;
        };
        let value = member.value();
        match value.as_f64().filter(|count| count.is_finite()) {
            Some(count) => demands.compared.push((comparison, count)),
            None => {
                let path = path.child(comparison.name());
                faults.add(&path, member.at, Problem::Expected("a number"));
            }
        }
    }
    let odd = faults.boolean(node, path, "odd");
    let even = faults.boolean(node, path, "even");
    if odd && even {
        faults.refuse(path, node.at, "cannot be odd and even");
    }
    demands.parity = (odd || even).then_some(odd);
    demands
}

fn condition(node: &Node, path: &Path, faults: &mut Faults) -> Option<Condition> {
    let member = node.get("if")?;
    let path = path.child("if");
    let members = faults.members(member, &path);
    faults.only(members, &path, "option", &["field", "equals", "present"]);
    let Some(field) = member.get("field") else {
        faults.add(&path.child("field"), member.at, Problem::Missing);
        return None;
    };
    let Some(name) = field.text() else {
        faults.add(&path.child("field"), field.at, Problem::Expected("a text"));
        return None;
    };
    let test = match (member.get("equals"), member.get("present")) {
        (Some(value), None) => Test::Equals(value.value()),
        (None, Some(_)) => Test::Present(faults.boolean(member, &path, "present")),
        (Some(_), Some(_)) | (None, None) => {
            faults.refuse(&path, member.at, "needs one of equals and present");
            return None;
        }
    };
    Some(Condition {
        field: name.to_owned(),
        test,
    })
}

/// The type that a property's validators imply.
pub(super) fn implied_type(validators: &[Validator]) -> FieldType {
    let mut implied = FieldType::Scalar;
    for validator in validators {
        implied = match &validator.check {
            Check::Numericality(demands) if demands.only_integer => FieldType::Integer,
            Check::Numericality(_) => FieldType::Number,
            Check::Date => FieldType::Date,
            Check::DateTime => FieldType::DateTime,
            Check::Format(_) | Check::Length { .. } | Check::EmailFormat
                if implied == FieldType::Scalar =>
            {
                FieldType::Text
            }
            Check::Presence
            | Check::Uniqueness { .. }
            | Check::Confirmation
            | Check::Inclusion(_)
            | Check::Exclusion(_)
            | Check::Format(_)
            | Check::Length { .. }
            | Check::EmailFormat => implied,
        };
    }
    implied
}

/// Refuses validators that do not go with the type of their field.
pub(super) fn check_fit(field: &Field, node: &Node, path: &Path, faults: &mut Faults) {
    use FieldType as T;
    for validator in &field.validators {
        let (name, types): (_, &[T]) = match &validator.check {
            Check::Numericality(demands) if demands.only_integer => ("numericality", &[T::Integer]),
            Check::Numericality(_) => ("numericality", &[T::Integer, T::Number]),
            Check::Date => ("date", &[T::Date]),
            Check::DateTime => ("datetime", &[T::DateTime]),
            Check::Format(_) | Check::EmailFormat => ("format", &[T::Text]),
            Check::Length { .. } => ("length", &[T::Text, T::List]),
            Check::Uniqueness { .. } if !field.field_type.is_single() => ("uniqueness", &[]),
            Check::Presence
            | Check::Uniqueness { .. }
            | Check::Confirmation
            | Check::Inclusion(_)
            | Check::Exclusion(_) => continue,
        };
        if !types.contains(&field.field_type) {
            let at = node.get(name).map_or(node.at, |node| node.at);
            let why = format!("does not go with the type {}", field.field_type.name());
            faults.refuse(&path.child(name), at, why);
        }
    }
}

/// Puts what holds in every form behind the author's own: where both are of one sort and
/// demand the same, the author's words are told.
pub(super) fn add_rules(field: &mut Field, rules: Vec<Check>) {
    for check in rules {
        let own = field
            .validators
            .iter()
            .any(|each| each.check == check && each.condition.is_none() && is_strict(each));
        if !own {
            field.validators.push(Validator::new(check));
        }
    }
}

fn is_strict(validator: &Validator) -> bool {
    !validator.allow_nil && !validator.allow_blank
}

/// Finds the fields that conditions and scopes name, refuses what names none, and refuses
/// uniqueness where nothing could hold it.
pub(super) fn check_references(node: &Node, form: &Form, faults: &mut Faults) {
    let top = Path::field("configuration");
    let Some(configuration) = node.get("configuration") else {
        return;
    };
    let kind = form.resource.section();
    check_group(configuration, &top, &form.group, &form.group, kind, faults);
    for section in &form.sections {
        let (kind, name) = (section.kind, section.name.as_str());
        let found = configuration
            .get(kind.name())
            .and_then(|node| node.get(name));
        if let Some(node) = found {
            let path = top.child(kind.name()).child(cut(name));
            check_group(node, &path, &section.group, &form.group, Some(kind), faults);
        }
    }
}

fn check_group(
    node: &Node,
    path: &Path,
    group: &Group,
    top: &Group,
    kind: Option<SectionKind>,
    faults: &mut Faults,
) {
    for (is_property, field) in group.all() {
        let (inside, path) = if is_property {
            (node.get("properties"), path.child("properties"))
        } else {
            (Some(node), path.clone())
        };
        let found = inside
            .and_then(|node| node.get(&field.name))
            .and_then(|node| node.get("validation"));
        let Some(validation) = found else {
            continue;
        };
        let path = path.child(&field.name).child("validation");
        for validator in &field.validators {
            if let Some(condition) = &validator.condition
                && group
                    .find(&condition.field)
                    .or(top.find(&condition.field))
                    .is_none()
            {
                let at = validation.at;
                let why = format!("if names no field of the form: {}", cut(&condition.field));
                faults.refuse(&path, at, why);
            }
            if let Check::Uniqueness { scope } = &validator.check {
                let place = validation.get("uniqueness");
                let at = place.map_or(validation.at, |node| node.at);
                let path = path.child("uniqueness");
                // What is held is held of a record by itself: of a user, their properties are one.
                let is_beside = |name: &str| {
                    let found = group.find(name).filter(|(_, field)| !field.is_virtual);
                    found.is_some_and(|(inside, _)| kind.is_some() || inside && is_property)
                };
                for name in scope.iter().filter(|name| !is_beside(name)) {
                    let why = format!("scope names no field stored beside it: {}", cut(name));
                    faults.refuse(&path, at, why);
                }
                let condition = validator.condition.as_ref();
                if let Some(condition) = condition.filter(|each| !is_beside(&each.field)) {
                    let name = cut(&condition.field);
                    let why = format!("if names no field stored beside it: {name}");
                    faults.refuse(&path, at, why);
                }
                let holds = is_property
                    || kind == Some(SectionKind::Transactables)
                    || matches!(field.name.as_str(), "email" | "external_id");
                if !holds {
                    let why = "is held of email, external_id, the name of a transactable and \
                               properties";
                    faults.refuse(&path, at, why);
                }
                if field.is_virtual {
                    faults.refuse(&path, at, "is held of what is stored");
                }
                if field.name == "email" && !is_property && !scope.is_empty() {
                    faults.refuse(&path, at, "of email has no scope");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_validator_knows_the_options_that_all_have() {
        for validator in VALIDATORS {
            for option in COMMON {
                assert!(options_of(validator).contains(&option), "{validator}");
            }
        }
    }
}
