//! A field's configuration.

use serde_json::Value;

use super::validators;
use super::{Faults, cut};
use crate::forms::document::Node;
use crate::forms::fault::Problem;
use crate::forms::shape::{Field, FieldType};
use crate::forms::validator::Check;
use crate::violation::Path;

const KEYS: &[&str] = &["validation", "property_options", "label", "hint"];
const OPTIONS: &[&str] = &["default", "readonly", "virtual"];
const PROPERTY_OPTIONS: &[&str] = &["default", "readonly", "virtual", "type", "indexed"];
const TYPES: &[&str] = &[
    "any", "string", "integer", "float", "boolean", "date", "datetime", "array", "object",
];

/// Reads a field. `field_type` is the type of one that every tenant has, and `rules` what holds of
/// it in any case; a property's type is said in its options, or follows from its validators.
pub(super) fn read(
    node: &Node,
    path: &Path,
    name: &str,
    field_type: Option<FieldType>,
    rules: Vec<Check>,
    faults: &mut Faults,
) -> Field {
    faults.fields += 1;
    let members = faults.members(node, path);
    faults.only(members, path, "key", KEYS);
    let mut field = Field::plain(&cut(name), field_type.unwrap_or(FieldType::Scalar));
    field.label = faults.words(node, path, "label");
    field.hint = faults.words(node, path, "hint");
    let said = options(node, path, &mut field, field_type.is_none(), faults);
    field.validators = match node.get("validation") {
        Some(validation) => validators::read(validation, &path.child("validation"), faults),
        None => Vec::new(),
    };
    if field_type.is_none() {
        field.field_type = said.unwrap_or_else(|| validators::implied_type(&field.validators));
    }
    if let Some(validation) = node.get("validation") {
        validators::check_fit(&field, validation, &path.child("validation"), faults);
    }
    validators::add_rules(&mut field, rules);
    check_options(node, path, &field, faults);
    field
}

/// Reads the options; answers the type that they say.
fn options(
    node: &Node,
    path: &Path,
    field: &mut Field,
    is_property: bool,
    faults: &mut Faults,
) -> Option<FieldType> {
    let options = node.get("property_options")?;
    let path = path.child("property_options");
    let known = if is_property {
        PROPERTY_OPTIONS
    } else {
        OPTIONS
    };
    let members = faults.members(options, &path);
    faults.only(members, &path, "option", known);
    field.default = options
        .get("default")
        .map(Node::value)
        .filter(|value| *value != Value::Null);
    field.readonly = faults.boolean(options, &path, "readonly");
    field.is_virtual = faults.boolean(options, &path, "virtual");
    field.indexed = is_property && faults.boolean(options, &path, "indexed");
    let named = options.get("type").filter(|_| is_property)?;
    let found = named.text().and_then(FieldType::parse);
    if found.is_none() {
        let what = "type";
        let problem = Problem::Unknown { what, known: TYPES };
        faults.add(&path.child("type"), named.at, problem);
    }
    found
}

/// Refuses options that do not go with the field's type, or with each other.
fn check_options(node: &Node, path: &Path, field: &Field, faults: &mut Faults) {
    let Some(options) = node.get("property_options") else {
        return;
    };
    let path = path.child("property_options");
    let at = |name: &str| options.get(name).map_or(options.at, |node| node.at);
    if let Some(why) = field
        .default
        .as_ref()
        .and_then(|value| field.refuses(value))
    {
        faults.refuse(&path.child("default"), at("default"), why);
    }
    if field.indexed && !field.field_type.is_single() {
        let why = "is for properties of one value: no array and no object";
        faults.refuse(&path.child("indexed"), at("indexed"), why);
    }
    if field.indexed && field.is_virtual {
        let why = "is for what is stored: not for virtual properties";
        faults.refuse(&path.child("indexed"), at("indexed"), why);
    }
}
