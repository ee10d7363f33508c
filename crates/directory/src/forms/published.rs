//! The published schema of the format says what the server takes.

use serde_json::Value;

use super::{Format, MAX_SOURCE, Node, read};

const PUBLISHED: &str = include_str!("../../../../docs/form.schema.json");
const EXAMPLES: [(Format, &str); 3] = [
    (
        Format::Yaml,
        include_str!("../../../../examples/forms/marketplace-seller.yaml"),
    ),
    (
        Format::Yaml,
        include_str!("../../../../examples/forms/staffing-worker.yaml"),
    ),
    (
        Format::Json,
        include_str!("../../../../examples/forms/event-attendee.json"),
    ),
];

fn published() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(PUBLISHED).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn judged(format: Format, text: &str) -> (bool, bool) {
    assert!(text.len() < MAX_SOURCE);
    let value = Node::read(format, text).unwrap().value();
    (read(format, text).is_ok(), published().is_valid(&value))
}

#[test]
fn every_example_is_taken_by_both() {
    for (format, text) in EXAMPLES {
        assert_eq!(judged(format, text), (true, true), "{text}");
    }
}

#[test]
fn what_the_schema_can_see_is_refused_by_both_and_all_else_is_taken() {
    let user = |configuration: &str| {
        format!("name: x\nresource: User\nconfiguration:\n  email: {{}}\n{configuration}")
    };
    let property = |inside: &str| user(&format!("  properties: {{ p: {{ {inside} }} }}"));
    let validation = |inside: &str| property(&format!("validation: {{ {inside} }}"));
    for good in [
        user(""),
        user("  profiles: ~\n  properties: ~\n  first_name: ~"),
        user("  profiles: { p: { enabled: {}, properties: { a: {} } } }"),
        user("  relationship_users: { r: { user_id: {} } }"),
        user("  transactables: { t: { name: {}, external_id: {} } }"),
        property("property_options: { type: integer, indexed: true, default: 1 }"),
        property("property_options: { readonly: true, virtual: false }, label: x, hint: y"),
        validation("presence: { if: { field: email, present: true } }"),
        validation("presence: { if: { field: email, equals: x }, message: y }"),
        validation("format: false, inclusion: false, length: false"),
        validation("uniqueness: { scope: p }, confirmation: true, length: { is: 3 }"),
        validation("numericality: { odd: true, greater_than: 0.5, allow_blank: true }"),
        validation("datetime: { allow_nil: true }"),
        "name: x\nresource: Session\nconfiguration: { email: {}, password: {} }".to_owned(),
        "name: x\nresource: Transactable\ntype: t\nconfiguration: {}".to_owned(),
        "name: x\nresource: RelationshipUser\ntype: t\nconfiguration: {}".to_owned(),
        format!(
            "{}\npublic: true\ntitle: T\nresource_owner: self\ndefault_payload: {{}}",
            user("")
        ),
    ] {
        assert_eq!(judged(Format::Yaml, &good), (true, true), "{good}");
    }
    for bad in [
        "name: x\nresource: User".to_owned(),
        "resource: User\nconfiguration: {}".to_owned(),
        "name: a b\nresource: User\nconfiguration: {}".to_owned(),
        "name: x\nresource: Users\nconfiguration: {}".to_owned(),
        "name: x\nresource: Transactable\nconfiguration: {}".to_owned(),
        "name: x\nresource: Transactable\ntype: t\npublic: true\nconfiguration: {}".to_owned(),
        "name: x\nresource: Session\nconfiguration: { properties: {} }".to_owned(),
        format!("type: t\n{}", user("")),
        format!("resource_owner: me\n{}", user("")),
        format!("public: 1\n{}", user("")),
        format!("titel: x\n{}", user("")),
        user("  emial: {}"),
        user("  first_name: { property_options: { indexed: true } }"),
        user("  properties: { 'a.b': {} }"),
        user("  profiles: { p: { name: {} } }"),
        user("  transactables: { t: { enabled: {} } }"),
        property("validations: {}"),
        property("label: ''"),
        property("property_options: { type: strnig }"),
        validation("presense: true"),
        validation("presence: yes please"),
        validation("inclusion: true"),
        validation("inclusion: { in: [] }"),
        validation("format: { pattern: x }"),
        validation("length: { minimum: -1 }"),
        validation("length: true"),
        validation("length: {}"),
        validation("numericality: { greater_than: x }"),
        validation("presence: { if: { field: email } }"),
        validation("presence: { if: { present: true } }"),
        validation("presence: { if: { field: email, equals: 1, present: true } }"),
        validation("date: { with: x }"),
    ] {
        assert_eq!(judged(Format::Yaml, &bad), (false, false), "{bad}");
    }
}
