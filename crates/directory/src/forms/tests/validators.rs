//! What each validator refuses, and in which words.

use super::*;

fn property(validation: &str) -> Form {
    form(&format!(
        "  email: {{}}\n  properties:\n    x: {{ validation: {validation} }}\n    y: {{}}\n    \
         x_extra: {{}}"
    ))
}

/// What is wrong with this value of a property.
fn of(validation: &str, value: Value) -> Vec<Rule> {
    let told = broken(&property(validation), json!({"properties": {"x": value}}));
    for (path, _, _) in &told {
        assert!(path.starts_with("properties.x"), "{path}");
    }
    told.into_iter().map(|(_, rule, _)| rule).collect()
}

#[test]
fn presence_wants_more_than_white_space() {
    let presence = "{ presence: true }";
    for blank in [json!(null), json!(""), json!(" \t\u{a0}"), json!([])] {
        let rules = of(presence, blank.clone());
        let is_list = blank.is_array();
        let expected = if is_list {
            wrong(Expected::Scalar)
        } else {
            Rule::Blank
        };
        assert_eq!(rules, [expected], "{blank}");
    }
    for there in [json!(false), json!(0), json!("x")] {
        assert_eq!(of(presence, there), []);
    }
    assert_eq!(of("{ presence: { allow_nil: true } }", json!(null)), []);
    assert_eq!(of("{ presence: false }", json!(null)), []);
}

#[test]
fn numbers_are_compared_as_they_are_asked_to() {
    let demands = "{ numericality: { greater_than: 0, less_than_or_equal_to: 10.5, \
                   other_than: 3 } }";
    let compared = |comparison, count: f64| Rule::Form(FormRule::Compared { comparison, count });
    assert_eq!(of(demands, json!(0.5)), []);
    assert_eq!(of(demands, json!(10.5)), []);
    assert_eq!(
        of(demands, json!(0)),
        [compared(Comparison::GreaterThan, 0.0)]
    );
    assert_eq!(
        of(demands, json!(11)),
        [compared(Comparison::LessThanOrEqualTo, 10.5)]
    );
    assert_eq!(
        of(demands, json!(3.0)),
        [compared(Comparison::OtherThan, 3.0)]
    );
    for no_number in [json!("5"), json!(true), json!([1])] {
        assert_eq!(of(demands, no_number), [Rule::Form(FormRule::NotANumber)]);
    }
    let two = "{ numericality: { greater_than: 5, greater_than_or_equal_to: 6 } }";
    assert_eq!(of(two, json!(1)).len(), 2);
    let whole = "{ numericality: { only_integer: true, odd: true } }";
    assert_eq!(of(whole, json!(1.5)), [Rule::Form(FormRule::NotAnInteger)]);
    assert_eq!(of(whole, json!(-3.0)), []);
    assert_eq!(
        of(whole, json!(4)),
        [Rule::Form(FormRule::Parity { odd: true })]
    );
    let even = "{ numericality: { even: true, equal_to: 4 } }";
    assert_eq!(of(even, json!(4)), []);
    assert_eq!(of(even, json!(5)).len(), 2);
}

#[test]
fn lengths_choices_and_patterns_hold() {
    let length = "{ length: { minimum: 2, maximum: 3 } }";
    assert_eq!(of(length, json!("é")), [Rule::TooShort { min: 2 }]);
    assert_eq!(of(length, json!("éééé")), [Rule::TooLong { max: 3 }]);
    assert_eq!(of(length, json!("ééé")), []);
    assert_eq!(
        of("{ length: { is: 2 } }", json!("abc")),
        [Rule::Form(FormRule::WrongLength { is: 2 })]
    );
    let choice = "{ inclusion: { in: [red, 5, true] } }";
    for good in [json!("red"), json!(5.0), json!(true)] {
        assert_eq!(of(choice, good), []);
    }
    let value = "5".to_owned();
    assert_eq!(of(choice, json!("5")), [Rule::NotIncluded { value }]);
    let taken = "{ exclusion: { in: [admin, root] } }";
    assert_eq!(of(taken, json!("root")), [Rule::Form(FormRule::Reserved)]);
    assert_eq!(of(taken, json!("rooted")), []);
    let pattern = r"{ format: { with: '\A[a-z]+\z' } }";
    assert_eq!(of(pattern, json!("abc")), []);
    assert_eq!(of(pattern, json!("abc1")), [Rule::BadFormat]);
    assert_eq!(of(pattern, json!("")), [Rule::BadFormat]);
    assert_eq!(of(pattern, json!(5)), [wrong(Expected::Text)]);
}

#[test]
fn dates_and_moments_are_read_strictly() {
    for good in ["2026-11-21", "2024-02-29"] {
        assert_eq!(of("{ date: true }", json!(good)), [], "{good}");
    }
    for bad in [
        "2026-02-30",
        "21.11.2026",
        "2026-11-21T00:00:00Z",
        "",
        "20261121",
    ] {
        let expected = [Rule::Form(FormRule::NotADate { time: false })];
        assert_eq!(of("{ date: true }", json!(bad)), expected, "{bad}");
    }
    for good in [
        "2026-11-21T04:50:40.123Z",
        "2026-11-21T04:50:40+05:30",
        "2026-11-21T04:50",
    ] {
        assert_eq!(of("{ datetime: true }", json!(good)), [], "{good}");
    }
    for bad in ["2026-11-21", "2026-11-21T25:00:00Z", "now", "5"] {
        let expected = [Rule::Form(FormRule::NotADate { time: true })];
        assert_eq!(of("{ datetime: true }", json!(bad)), expected, "{bad}");
    }
    assert_eq!(
        of("{ date: true }", json!(5)),
        [Rule::Form(FormRule::NotADate { time: false })]
    );
}

#[test]
fn a_confirmation_is_told_where_it_stands() {
    let form = property("{ confirmation: { message: Twice please } }");
    let with = |again: Value| {
        let given = json!({"properties": {"x": "one", "x_confirmation": again}});
        broken(&form, given)
    };
    assert_eq!(with(json!("one")), []);
    assert_eq!(with(json!(null)), []);
    let field = "x".to_owned();
    let rule = Rule::Form(FormRule::Unrepeated { field });
    let message = Some("Twice please".to_owned());
    assert_eq!(
        with(json!("other")),
        [("properties.x_confirmation".to_owned(), rule, message)]
    );
}

#[test]
fn a_blank_value_may_be_allowed_and_then_takes_a_value_away() {
    assert_eq!(
        of("{ length: { minimum: 2, allow_blank: true } }", json!(" ")),
        []
    );
    let form = property("{ numericality: { allow_blank: true } }");
    let given = map(&json!({"email": "a@b.org", "properties": {"x": ""}}));
    let (accepted, violations) = form.check(&given, None);
    assert_eq!(told(&violations), []);
    assert_eq!(accepted.properties["x"], Value::Null);
    assert_eq!(
        of("{ numericality: true }", json!("")),
        [Rule::Form(FormRule::NotANumber)]
    );
}

#[test]
fn a_blank_value_passes_where_every_validator_that_minds_allows_it() {
    let blank = [Rule::Blank];
    let whole = "numericality: { allow_blank: true, only_integer: true }";
    for text in ["", " "] {
        let demanded = format!("{{ presence: true, {whole} }}");
        assert_eq!(of(&demanded, json!(text)), blank);
        let chosen = format!("{{ inclusion: {{ in: [1] }}, {whole} }}");
        let value = text.to_owned();
        assert_eq!(of(&chosen, json!(text)), [Rule::NotIncluded { value }]);
        let other = "{ inclusion: { in: [1], allow_blank: true }, numericality: true }";
        let told = of(other, json!(text));
        assert_eq!(told, [Rule::Form(FormRule::NotANumber)]);
        let free = format!("{{ inclusion: {{ in: [1], allow_blank: true }}, {whole} }}");
        assert_eq!(of(&free, json!(text)), []);
    }
    // Also where something is stored: a blank one would take it away.
    let form = property(&format!("{{ presence: true, {whole} }}"));
    let stored = map(&json!({"email": "a@b.org", "properties": {"x": 5}}));
    let given = map(&json!({"properties": {"x": ""}}));
    let (_, violations) = form.check(&given, Some(&stored));
    assert_eq!(told(&violations), [at("properties.x", Rule::Blank)]);
}

#[test]
fn no_pattern_is_looked_for_in_a_text_that_is_too_long() {
    // As long as it may be, this takes a tenth of a second.
    let slow = "{ format: { with: '[ab]*a[ab]{900}c' } }";
    let long = json!("ab".repeat(450_000));
    let begun = std::time::Instant::now();
    assert_eq!(of(slow, long), [Rule::TooLong { max: MAX_VALUE }]);
    assert!(begun.elapsed().as_millis() < 500, "{:?}", begun.elapsed());
}

#[test]
fn the_authors_words_are_told_for_their_own_rule() {
    let form =
        property("{ presence: { message: Needed }, length: { minimum: 3, message: Longer! } }");
    let words = |value: Value| {
        let told = broken(&form, json!({"properties": {"x": value}}));
        told.into_iter()
            .map(|(_, _, words)| words)
            .collect::<Vec<_>>()
    };
    let some = |words: &str| Some(words.to_owned());
    assert_eq!(words(json!(null)), [some("Needed")]);
    assert_eq!(words(json!("")), [some("Needed"), some("Longer!")]);
    assert_eq!(words(json!(5)), [None]);
    let form = property("{ numericality: { message: Digits } }");
    let told = broken(&form, json!({"properties": {"x": "abc"}}));
    assert_eq!(told[0].2, some("Digits"));
}

#[test]
fn a_rule_may_depend_on_another_field() {
    let form = form(
        "  email: {}\n  featured: {}\n  properties:\n    plan: {}\n    company:\n      \
         validation: { presence: { if: { field: plan, equals: pro } } }\n    tax:\n      \
         validation: { presence: { if: { field: company, present: true } } }\n  \
         profiles:\n    seller:\n      properties:\n        shop: { validation: { presence: \
         { if: { field: featured, equals: true } } } }",
    );
    assert_eq!(broken(&form, json!({})), []);
    let pro = json!({"properties": {"plan": "pro"}});
    assert_eq!(broken(&form, pro), [at("properties.company", Rule::Blank)]);
    let company = json!({"properties": {"company": "Acme"}});
    assert_eq!(broken(&form, company), [at("properties.tax", Rule::Blank)]);
    let featured = json!({"featured": true});
    let shop = "profiles.seller.properties.shop";
    assert_eq!(broken(&form, featured), [at(shop, Rule::Blank)]);
    // What is stored counts where nothing came.
    let stored = map(&json!({"email": "a@b.org", "properties": {"plan": "pro"}}));
    let (_, violations) = form.check(&Map::new(), Some(&stored));
    assert_eq!(told(&violations), [at("properties.company", Rule::Blank)]);
}

#[test]
fn a_value_is_bounded_and_holds_no_nul() {
    let long = "x".repeat(MAX_VALUE + 1);
    assert_eq!(of("{}", json!(long)), [Rule::TooLong { max: MAX_VALUE }]);
    assert_eq!(of("{}", json!("a\0b")), [Rule::BadFormat]);
    let form = form("  email: {}\n  properties:\n    x: { property_options: { type: array } }");
    let many = json!({"properties": {"x": vec!["xxxx"; 5_000]}});
    let expected = at("properties.x", Rule::TooLong { max: MAX_VALUE });
    assert_eq!(broken(&form, many), [expected]);
    let nested = json!({"properties": {"x": [["deep"]]}});
    assert_eq!(
        broken(&form, nested),
        [at("properties.x", wrong(Expected::List))]
    );
}
