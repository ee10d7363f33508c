//! What a submission is filled up with where it has gaps: any field of the resource, listed by
//! the form or not. What is not listed is in the form then, for the payload alone.

use serde_json::Value;

use super::{Faults, Of, cut};
use crate::forms::document::{Member, Node};
use crate::forms::fault::Problem;
use crate::forms::shape::{Field, FieldType, Form, Group, Section, SectionKind};
use crate::violation::Path;

/// Reads the payload into the fields of a form.
pub(super) fn read(node: &Node, top: &Path, form: &mut Form, faults: &mut Faults) {
    let Some(payload) = node.get("default_payload") else {
        return;
    };
    let path = top.child("default_payload");
    let of = Of::Resource(form.resource);
    for member in faults.members(payload, &path) {
        let path = path.child(cut(&member.name));
        if member.name == SectionKind::Profiles.name() && of.has_sections() {
            for profile in faults.members(&member.value, &path) {
                let path = path.child(cut(&profile.name));
                faults.named(&profile.name, &path, profile.at);
                let group = profile_of(form, &profile.name);
                for member in faults.members(&profile.value, &path) {
                    let path = path.child(cut(&member.name));
                    fill(
                        member,
                        &path,
                        Of::Section(SectionKind::Profiles),
                        group,
                        faults,
                    );
                }
            }
        } else {
            fill(member, &path, of, &mut form.group, faults);
        }
    }
}

fn profile_of<'a>(form: &'a mut Form, name: &str) -> &'a mut Group {
    let kind = SectionKind::Profiles;
    let found = form
        .sections
        .iter()
        .position(|section| section.kind == kind && section.name == name);
    let place = found.unwrap_or_else(|| {
        form.sections.push(Section {
            kind,
            name: name.to_owned(),
            group: Group::default(),
        });
        form.sections.len() - 1
    });
    match form.sections.get_mut(place) {
        Some(section) => &mut section.group,
        // There is one at that place: it was found or made.
        None => &mut form.group,
    }
}

fn fill(member: &Member, path: &Path, of: Of, group: &mut Group, faults: &mut Faults) {
    let name = member.name.as_str();
    let known = of.known().iter().find(|(known, _)| *known == name);
    if matches!(name, "password" | "email") {
        faults.refuse(path, member.at, "is everybody's own");
    } else if let Some((_, field_type)) = known {
        let plain = Field::plain(name, *field_type).with(of.rules(name));
        fill_one(member, path, &mut group.fields, plain, faults);
    } else if name == "properties" && of.has_properties() {
        for property in faults.members(&member.value, path) {
            let path = path.child(cut(&property.name));
            faults.named(&property.name, &path, property.at);
            let plain = Field::plain(&cut(&property.name), type_of(&property.value.value()));
            fill_one(property, &path, &mut group.properties, plain, faults);
        }
    } else {
        let (what, known) = ("field", of.names());
        faults.add(path, member.at, Problem::Unknown { what, known });
    }
}

fn fill_one(
    member: &Member,
    path: &Path,
    fields: &mut Vec<Field>,
    plain: Field,
    faults: &mut Faults,
) {
    let value = member.value.value();
    if value == Value::Null {
        return;
    }
    let listed = fields.iter_mut().find(|field| field.name == member.name);
    if let Some(why) = listed.as_deref().unwrap_or(&plain).refuses(&value) {
        faults.refuse(path, member.value.at, why);
        return;
    }
    if let Some(field) = listed {
        field.filling = Some(value);
    } else {
        faults.fields += 1;
        fields.push(Field {
            readonly: true,
            filling: Some(value),
            ..plain
        });
    }
}

/// The type of a property that the form does not list.
fn type_of(value: &Value) -> FieldType {
    match value {
        Value::Array(_) => FieldType::List,
        Value::Object(_) => FieldType::Object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => FieldType::Scalar,
    }
}
