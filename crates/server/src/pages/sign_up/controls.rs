//! The fields of a form as what a page shows: labels, inputs and the rules that browsers check.

use directory::forms::{Check, Field, FieldType, Form, Group, SectionKind};
use directory::violation::{Comparison, Path, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::words::{humanized, worded};

/// Characters of a text from which on it gets several lines.
const LONG: usize = 255;

/// Controls that stand together under one heading.
#[derive(Serialize)]
pub(super) struct Controls {
    legend: Option<String>,
    controls: Vec<Control>,
}

/// What is filled in, with what is wrong with it.
#[derive(Serialize)]
pub(super) struct Control {
    name: String,
    id: String,
    label: String,
    hint: Option<String>,
    kind: &'static str,
    value: String,
    checked: bool,
    required: bool,
    minlength: Option<usize>,
    maxlength: Option<usize>,
    min: Option<f64>,
    max: Option<f64>,
    step: Option<&'static str>,
    pattern: Option<String>,
    autocomplete: Option<&'static str>,
    options: Vec<Choice>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    selected: bool,
}

/// An error of the summary, and the control that it leads to.
#[derive(Serialize)]
pub(super) struct Told {
    id: Option<String>,
    label: Option<String>,
    text: String,
}

/// Whether a field is on the page. Passwords are set once the address is verified.
pub(super) fn is_shown(is_property: bool, field: &Field) -> bool {
    let password = field.name == "password" && !is_property;
    !field.readonly && !password && field.field_type != FieldType::Object
}

/// The choices of a field that has no others.
pub(super) fn choices(field: &Field) -> Option<&[Value]> {
    field.validators.iter().find_map(|each| {
        let Check::Inclusion(values) = &each.check else {
            return None;
        };
        each.condition.is_none().then_some(values.as_slice())
    })
}

/// A value as the text of a choice.
pub(super) fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What a page is filled in with that nobody has filled in yet: what a value would be that did not
/// come.
pub(super) fn prefilled(form: &Form) -> Map<String, Value> {
    let mut fields = prefilled_group(&form.group);
    let mut profiles = Map::new();
    for section in &form.sections {
        if section.kind == SectionKind::Profiles {
            let inside = prefilled_group(&section.group);
            profiles.insert(section.name.clone(), inside.into());
        }
    }
    fields.insert(SectionKind::Profiles.name().to_owned(), profiles.into());
    fields
}

fn prefilled_group(group: &Group) -> Map<String, Value> {
    let (mut fields, mut properties) = (Map::new(), Map::new());
    for (is_property, field) in group.all() {
        let value = field.filling.as_ref().or(field.default.as_ref());
        if let Some(value) = value.filter(|_| is_shown(is_property, field)) {
            let to = if is_property {
                &mut properties
            } else {
                &mut fields
            };
            to.insert(field.name.clone(), as_filled(field, value));
        }
    }
    fields.insert("properties".to_owned(), properties.into());
    fields
}

/// A value as who fills in its control would send it.
fn as_filled(field: &Field, value: &Value) -> Value {
    if field.field_type == FieldType::Boolean
        && let Some(ticked) = value.as_bool()
    {
        return if ticked { "1" } else { "" }.into();
    }
    let Some(items) = value.as_array() else {
        return text_of(value).into();
    };
    let texts: Vec<String> = items.iter().map(text_of).collect();
    match choices(field) {
        Some(_) => texts.into(),
        None => texts.join("\n").into(),
    }
}

/// The form's controls, filled in as they were before.
pub(super) fn groups(
    form: &Form,
    fields: &Map<String, Value>,
    violations: &Violations,
) -> Vec<Controls> {
    let mut groups = vec![Controls {
        legend: None,
        controls: controls(&form.group, &Path::default(), Some(fields), violations),
    }];
    for section in &form.sections {
        // Whom a relationship is with, nobody knows who signs up; and what they offer comes later.
        if section.kind != SectionKind::Profiles {
            continue;
        }
        let kind = section.kind.name();
        let at = Path::field(kind).child(&section.name);
        let inside = fields.get(kind).and_then(|kind| kind.get(&section.name));
        let inside = inside.and_then(Value::as_object);
        let shown = controls(&section.group, &at, inside, violations);
        if !shown.is_empty() {
            groups.push(Controls {
                legend: Some(humanized(&section.name)),
                controls: shown,
            });
        }
    }
    groups
}

/// What is wrong, in the order of the page; what belongs to none of its controls comes last.
pub(super) fn summary(groups: &[Controls], form: &Form, violations: &Violations) -> Vec<Told> {
    let controls = || groups.iter().flat_map(|group| &group.controls);
    let mut told: Vec<Told> = controls()
        .filter_map(|control| {
            Some(Told {
                id: Some(control.id.clone()),
                label: Some(control.label.clone()),
                text: control.error.clone()?,
            })
        })
        .collect();
    for violation in violations {
        let id = id_of(&violation.path);
        if !controls().any(|control| control.id == id) {
            let label = form
                .field_at(&violation.path)
                .map(|field| humanized(&field.name));
            told.push(Told {
                id: None,
                label: Some(label.unwrap_or_else(|| violation.path.to_string())),
                text: worded(violation),
            });
        }
    }
    told
}

fn id_of(path: &Path) -> String {
    format!("field-{}", path.segments().join("-"))
}

/// `profiles[developer][properties][bio]`
fn name_of(path: &Path) -> String {
    let mut segments = path.segments().iter();
    let first = segments.next().cloned().unwrap_or_default();
    segments.fold(first, |name, segment| format!("{name}[{segment}]"))
}

fn controls(
    group: &Group,
    at: &Path,
    fields: Option<&Map<String, Value>>,
    violations: &Violations,
) -> Vec<Control> {
    let mut controls = Vec::new();
    for (is_property, field) in group.all() {
        if !is_shown(is_property, field) {
            continue;
        }
        let (at, fields) = if is_property {
            let inside = fields.and_then(|fields| fields.get("properties"));
            (at.child("properties"), inside.and_then(Value::as_object))
        } else {
            (at.clone(), fields)
        };
        let filled = |name: &str| fields.and_then(|fields| fields.get(name));
        let path = at.child(&field.name);
        controls.push(control(field, &path, filled(&field.name), violations));
        if field.is_confirmed() {
            let name = format!("{}_confirmation", field.name);
            let path = at.child(&name);
            let mut again = control(field, &path, filled(&name), violations);
            again.label = format!("{} once more", again.label);
            again.hint = None;
            controls.push(again);
        }
    }
    controls
}

fn control(field: &Field, path: &Path, filled: Option<&Value>, wrong: &Violations) -> Control {
    let error = wrong
        .iter()
        .find(|violation| violation.path == *path)
        .map(worded);
    let text = filled.and_then(Value::as_str).unwrap_or_default();
    let mut control = Control {
        name: name_of(path),
        id: id_of(path),
        label: field
            .label
            .clone()
            .unwrap_or_else(|| humanized(&field.name)),
        hint: field.hint.clone(),
        kind: kind_of(field),
        value: text.to_owned(),
        checked: text == "1",
        required: false,
        minlength: None,
        maxlength: None,
        min: None,
        max: None,
        step: None,
        pattern: None,
        autocomplete: autocomplete(path),
        options: options(field, filled),
        error,
    };
    rules(field, &mut control);
    control
}

fn kind_of(field: &Field) -> &'static str {
    let checks = || field.validators.iter().map(|each| &each.check);
    let long = checks().any(
        |check| matches!(check, Check::Length { maximum: Some(maximum), .. } if *maximum > LONG),
    );
    match field.field_type {
        FieldType::List if choices(field).is_some() => "choices",
        FieldType::List => "lines",
        FieldType::Boolean => "checkbox",
        _ if choices(field).is_some() => "select",
        FieldType::Integer | FieldType::Number => "number",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime-local",
        FieldType::Text if checks().any(|check| *check == Check::EmailFormat) => "email",
        FieldType::Text if long => "textarea",
        FieldType::Text | FieldType::Scalar | FieldType::Object => "text",
    }
}

fn options(field: &Field, filled: Option<&Value>) -> Vec<Choice> {
    let is_filled = |text: &str| match filled {
        Some(Value::Array(items)) => items.iter().any(|item| item == text),
        Some(value) => value == text,
        None => false,
    };
    let all = choices(field).unwrap_or_default().iter().map(text_of);
    all.map(|value| Choice {
        selected: is_filled(&value),
        value,
    })
    .collect()
}

/// What browsers know of people's fields.
fn autocomplete(path: &Path) -> Option<&'static str> {
    match path.segments() {
        [name] => match name.as_str() {
            "email" => Some("email"),
            "first_name" => Some("given-name"),
            "middle_name" => Some("additional-name"),
            "last_name" => Some("family-name"),
            "name" => Some("name"),
            _ => None,
        },
        _ => None,
    }
}

/// The rules that browsers check by themselves: those that always hold.
fn rules(field: &Field, control: &mut Control) {
    let text = matches!(control.kind, "text" | "email" | "textarea");
    if control.kind == "number" {
        let whole = field.field_type == FieldType::Integer;
        control.step = Some(if whole { "1" } else { "any" });
    }
    for validator in &field.validators {
        if validator.condition.is_some() || validator.allow_blank {
            continue;
        }
        match &validator.check {
            Check::Presence => {
                let boxes = matches!(control.kind, "checkbox" | "choices");
                control.required |= !validator.allow_nil && !boxes;
            }
            Check::Length {
                minimum,
                maximum,
                is,
            } if text => {
                control.minlength = control.minlength.max((*minimum).max(*is));
                let most = maximum.or(*is);
                control.maxlength = control.maxlength.or(most);
            }
            Check::Format(pattern) if control.kind == "text" => {
                let portable = pattern.portable();
                // Browsers hold a pattern to the whole value; ours is looked for in it.
                control.pattern = portable.map(|text| format!("(?=[^]*?(?:{text}))[^]*"));
            }
            Check::Numericality(demands) if control.kind == "number" => {
                for (comparison, count) in &demands.compared {
                    bound(control, *comparison, *count);
                }
            }
            Check::Format(_)
            | Check::Length { .. }
            | Check::Numericality(_)
            | Check::Uniqueness { .. }
            | Check::Confirmation
            | Check::Inclusion(_)
            | Check::Exclusion(_)
            | Check::EmailFormat
            | Check::Date
            | Check::DateTime => {}
        }
    }
}

/// Narrows the bounds of a number; of whole ones to those that there are.
fn bound(control: &mut Control, comparison: Comparison, count: f64) {
    let whole = control.step == Some("1");
    let (above, below) = if whole {
        (count.floor() + 1.0, count.ceil() - 1.0)
    } else {
        (count, count)
    };
    let (least, most) = if whole {
        (count.ceil(), count.floor())
    } else {
        (count, count)
    };
    let (least, most) = match comparison {
        Comparison::GreaterThan => (Some(above), None),
        Comparison::GreaterThanOrEqualTo => (Some(least), None),
        Comparison::LessThan => (None, Some(below)),
        Comparison::LessThanOrEqualTo => (None, Some(most)),
        Comparison::EqualTo => (Some(count), Some(count)),
        Comparison::OtherThan => (None, None),
    };
    let before = (control.min, control.max);
    control.min = least.map(|least| before.0.map_or(least, |min| min.max(least)));
    control.min = control.min.or(before.0);
    control.max = most.map(|most| before.1.map_or(most, |max| max.min(most)));
    control.max = control.max.or(before.1);
}
