//! A form and the JSON Schema that it compiles to agree on every submission, as far as a schema
//! can say what a form demands.

use jsonschema::Validator as Schema;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::shape::{Field, FieldType, Form, Group, Resource, ResourceOwner, Section, SectionKind};
use super::validator::{Check, Numericality, Validator};
use super::{builtin, pattern::Pattern, schema};
use crate::violation::Comparison;

fn compiled(form: &Form) -> Schema {
    let schema = schema(form);
    jsonschema::meta::validate(&schema).unwrap_or_else(|cause| panic!("{cause}\n{schema:#}"));
    jsonschema::validator_for(&schema).unwrap()
}

/// Values of every kind, among them those that stand at the bounds of what is generated.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4_i64..8).prop_map(Value::from),
        (-16_i64..32).prop_map(|quarters| json!(quarters as f64 / 4.0)),
        "[ab1 é\u{a0}\u{1f600}]{0,5}".prop_map(Value::from),
        prop_oneof![
            Just(""),
            Just(" \t"),
            Just("red"),
            Just("a\nb"),
            Just("x-1")
        ]
        .prop_map(Value::from),
    ];
    let list = prop::collection::vec(scalar.clone(), 0..4).prop_map(Value::from);
    let object = prop::collection::btree_map("[ab]", scalar.clone(), 0..3)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    prop_oneof![8 => scalar, 1 => list, 1 => object]
}

fn choices() -> impl Strategy<Value = Vec<Value>> {
    let one = prop_oneof![
        Just(json!("red")),
        Just(json!("a")),
        Just(json!(1)),
        Just(json!(2.5)),
        Just(json!(true)),
    ];
    prop::collection::vec(one, 1..4)
}

fn numericality(whole: bool) -> impl Strategy<Value = Check> {
    let comparison = prop::sample::select(Comparison::ALL.to_vec());
    let compared = (comparison, -2_i8..6);
    let compared = prop::collection::vec(compared, 0..3);
    let parity = prop::option::weighted(0.2, any::<bool>());
    (compared, parity).prop_map(move |(compared, parity)| {
        let compared = compared.into_iter();
        Check::Numericality(Numericality {
            only_integer: whole,
            compared: compared
                .map(|(how, count)| (how, f64::from(count)))
                .collect(),
            parity,
        })
    })
}

/// What can be asked of a type, and said by a schema.
fn check(field_type: FieldType) -> BoxedStrategy<Check> {
    let usual = prop_oneof![
        Just(Check::Presence),
        choices().prop_map(Check::Inclusion),
        choices().prop_map(Check::Exclusion),
    ];
    let length = (0_usize..4, prop::option::of(0_usize..4), any::<bool>()).prop_map(
        |(minimum, more, exact)| Check::Length {
            minimum: Some(minimum).filter(|_| !exact),
            maximum: more.map(|more| minimum + more).filter(|_| !exact),
            is: Some(minimum).filter(|_| exact),
        },
    );
    let patterns = [
        r"\A[a-z]+\z",
        "^a",
        r"\d",
        "b|1",
        r"^\w*$",
        "a.b",
        r"[^a]",
        r"^\s*$",
    ];
    let format = prop::sample::select(patterns.to_vec())
        .prop_map(|text| Check::Format(Pattern::compile(text).unwrap()));
    match field_type {
        FieldType::Text => prop_oneof![usual, length, format].boxed(),
        FieldType::List => prop_oneof![usual, length].boxed(),
        FieldType::Integer => prop_oneof![usual, numericality(true)].boxed(),
        FieldType::Number => prop_oneof![usual, numericality(false)].boxed(),
        FieldType::Scalar
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Object => usual.boxed(),
    }
}

fn field(name: &'static str) -> impl Strategy<Value = Field> {
    // What a day or a moment is, a schema leaves to its reader.
    let types = [
        FieldType::Scalar,
        FieldType::Text,
        FieldType::Integer,
        FieldType::Number,
        FieldType::Boolean,
        FieldType::List,
        FieldType::Object,
    ];
    let types = prop::sample::select(types.to_vec());
    types
        .prop_flat_map(|field_type| {
            let validator = (check(field_type), any::<bool>(), any::<bool>());
            let validators = prop::collection::vec(validator, 0..3);
            (Just(field_type), validators, prop::bool::weighted(0.1))
        })
        .prop_map(move |(field_type, validators, readonly)| {
            let mut field = Field::plain(name, field_type);
            field.readonly = readonly;
            let validators = validators.into_iter();
            field.validators = validators
                .map(|(check, allow_nil, allow_blank)| Validator {
                    allow_nil,
                    allow_blank,
                    ..Validator::new(check)
                })
                .collect();
            field
        })
}

fn group() -> impl Strategy<Value = Group> {
    (field("a"), field("b"), field("c")).prop_map(|(a, b, c)| Group {
        fields: vec![a],
        properties: vec![b, c],
    })
}

fn form() -> impl Strategy<Value = Form> {
    (group(), group(), group()).prop_map(|(own, profile, boat)| {
        let section = |kind, name: &str, group| Section {
            kind,
            name: name.to_owned(),
            group,
        };
        Form {
            name: "generated".to_owned(),
            // Of a user's own fields, the types are set.
            resource: Resource::Transactable,
            item_type: Some("x".to_owned()),
            owner: ResourceOwner::Anyone,
            public: false,
            title: None,
            group: own,
            sections: vec![
                section(SectionKind::Profiles, "p", profile),
                section(SectionKind::Transactables, "t", boat),
            ],
        }
    })
}

fn group_given() -> impl Strategy<Value = Value> {
    let properties = prop_oneof![
        6 => (prop::option::of(value()), prop::option::of(value())).prop_map(|(b, c)| {
            let mut map = Map::new();
            b.map(|b| map.insert("b".to_owned(), b));
            c.map(|c| map.insert("c".to_owned(), c));
            Value::from(map)
        }),
        1 => value(),
    ];
    let whole = (
        prop::option::of(value()),
        prop::option::weighted(0.9, properties),
    );
    whole.prop_map(|(a, properties)| {
        let mut map = Map::new();
        a.map(|a| map.insert("a".to_owned(), a));
        properties.map(|properties| map.insert("properties".to_owned(), properties));
        map.into()
    })
}

fn given() -> impl Strategy<Value = Value> {
    let or_other = |good: BoxedStrategy<Value>| prop_oneof![8 => good, 1 => value()].boxed();
    let one = or_other(group_given().boxed());
    let list = prop::collection::vec(one.clone(), 0..3).prop_map(Value::from);
    let items = prop_oneof![one.clone(), list];
    let section = |name: &'static str, inner: BoxedStrategy<Value>| {
        prop::option::of(or_other(
            inner.prop_map(move |inner| json!({ name: inner })).boxed(),
        ))
    };
    let profiles = section("p", one);
    let boats = section("t", items.boxed());
    (group_given(), profiles, boats).prop_map(|(mut whole, profiles, boats)| {
        if let Some(profiles) = profiles {
            whole["profiles"] = profiles;
        }
        if let Some(boats) = boats {
            whole["transactables"] = boats;
        }
        whole
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_form_and_its_schema_agree(form in form(), given in prop::collection::vec(given(), 8)) {
        let schema = compiled(&form);
        for given in given {
            let (_, violations) = form.check(given.as_object().unwrap(), None);
            let faults: Vec<String> = schema
                .iter_errors(&given)
                .map(|fault| fault.to_string())
                .collect();
            prop_assert_eq!(
                violations.is_empty(),
                faults.is_empty(),
                "{:#}\n{:?}\n{:?}\n{:#}",
                given, violations, faults, super::schema(&form)
            );
        }
    }
}

#[test]
fn agreement_is_no_accident_both_ways() {
    // The generators make submissions that pass and that do not, in numbers that mean something.
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..500 {
        let form = form().new_tree(&mut runner).unwrap().current();
        let given = given().new_tree(&mut runner).unwrap().current();
        let (_, violations) = form.check(given.as_object().unwrap(), None);
        if violations.is_empty() {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good > 25 && bad > 25, "{good} pass, {bad} do not");
}

#[test]
fn the_schema_of_the_built_in_form_is_one_and_says_what_it_demands() {
    for form in builtin::all() {
        compiled(&form);
    }
    let form = builtin::find("reference_rest_api_create_user").unwrap();
    let schema = compiled(&form);
    assert!(schema.is_valid(&json!({"email": "ada@example.org", "password": "123456"})));
    assert!(!schema.is_valid(&json!({"password": "123456"})));
    assert!(!schema.is_valid(&json!({"email": "ada@example.org", "password": "12345"})));
    assert!(!schema.is_valid(&json!({"email": "ada@example.org", "featured": "yes"})));
}
