//! Whether a form can be a page that anybody fills in: what it demands must be able to come from
//! there.

use super::Faults;
use crate::forms::document::Node;
use crate::forms::shape::{Field, FieldType, Form, Group, SectionKind};
use crate::violation::Path;

/// Refuses a public form whose page nobody could ever send.
pub(super) fn check(node: &Node, top: &Path, form: &Form, faults: &mut Faults) {
    if !form.public {
        return;
    }
    let at = node.get("public").map_or(node.at, |node| node.at);
    let path = top.child("configuration");
    let email = form.group.find("email").map(|(_, field)| field);
    if !email.is_some_and(|field| !field.readonly) {
        let why = "must be listed, and not readonly: nobody signs up without";
        faults.refuse(&path.child("email"), at, why);
    }
    let mut refuse = |group: &Group, path: &Path| {
        for (is_property, field) in group.all() {
            // A password is set once the address is verified; the email was told of.
            let is_known = !is_property && matches!(field.name.as_str(), "password" | "email");
            if field.is_demanded() && !is_known && !field.can_come() {
                let path = if is_property {
                    path.child("properties")
                } else {
                    path.clone()
                };
                let why = "is demanded of a page that it cannot be filled in on";
                faults.refuse(&path.child(&field.name), at, why);
            }
        }
    };
    refuse(&form.group, &path);
    for section in &form.sections {
        if section.kind == SectionKind::Profiles {
            let path = path.child(section.kind.name()).child(&section.name);
            refuse(&section.group, &path);
        }
    }
}

impl Field {
    /// Whether a page has it, or it has a value anyway.
    fn can_come(&self) -> bool {
        let is_shown = !self.readonly && self.field_type != FieldType::Object;
        is_shown || self.default.is_some() || self.filling.is_some()
    }
}
