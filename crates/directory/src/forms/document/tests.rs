//! Places, bounds and bombs.

use serde_json::json;

use super::*;

fn place_of(node: &Node, path: &[&str]) -> (u64, u64) {
    let found = path
        .iter()
        .try_fold(node, |node, name| node.get(name))
        .unwrap();
    (found.at.line, found.at.column)
}

#[test]
fn yaml_and_json_are_read_with_their_places_in_their_order() {
    let yaml = "name: x\nconfiguration:\n  zeta: { a: 1 }\n  alpha: [true, ~]\n";
    let node = Node::read(Format::Yaml, yaml).unwrap();
    assert_eq!(place_of(&node, &["configuration", "zeta", "a"]), (3, 14));
    let json = "{\"name\": \"x\",\n \"configuration\": {\n  \"zeta\": {\"a\": 1},\n  \"alpha\": [true, null]}}";
    let same = Node::read(Format::Json, json).unwrap();
    assert_eq!(place_of(&same, &["configuration", "zeta", "a"]), (3, 17));
    let expected = json!({"name": "x", "configuration": {"zeta": {"a": 1}, "alpha": [true, null]}});
    assert_eq!((node.value(), same.value()), (expected.clone(), expected));
    let ordered = r#"{"name":"x","configuration":{"zeta":{"a":1},"alpha":[true,null]}}"#;
    assert_eq!(serde_json::to_string(&node).unwrap(), ordered);
    assert_eq!(serde_json::to_string(&same).unwrap(), ordered);
}

#[test]
fn only_true_and_false_are_booleans() {
    let node = Node::read(Format::Yaml, "[NO, yes, on, off, n, true, false, ~]").unwrap();
    let expected = json!(["NO", "yes", "on", "off", "n", true, false, null]);
    assert_eq!(node.value(), expected);
}

#[test]
fn an_alias_stands_for_its_anchor() {
    let yaml = "a: &x { b: 1 }\nc: *x\nd: { <<: *x, e: 2 }\n";
    let node = Node::read(Format::Yaml, yaml).unwrap();
    let expected = json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}});
    assert_eq!(node.value(), expected);
}

#[test]
fn bombs_depth_and_size_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let refers = format!("*a{}", level - 1);
        let refers = vec![refers; 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{refers}]\n"));
    }
    let deep_yaml = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep_json = format!(
        "{}{}",
        r#"{"a":"#.repeat(5_000),
        "1".to_owned() + &"}".repeat(5_000)
    );
    let wide = format!("[{}]", vec!["1"; 20_000].join(","));
    let large = format!("a: {}", "x".repeat(MAX_SOURCE));
    let itself = "a: &a [*a]";
    for (format, text) in [
        (Format::Yaml, bomb.as_str()),
        (Format::Yaml, deep_yaml.as_str()),
        (Format::Json, deep_json.as_str()),
        (Format::Json, wide.as_str()),
        (Format::Yaml, wide.as_str()),
        (Format::Yaml, large.as_str()),
        (Format::Yaml, itself),
    ] {
        assert!(
            Node::read(format, text).is_err(),
            "{}",
            &text[..40.min(text.len())]
        );
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (format, text, line) in [
        (Format::Json, "{\n \"a\": 1,\n \"a\": 2}", 3),
        (Format::Json, "{\n \"a\": {\n  \"b\": x}}", 3),
        (Format::Json, "", 1),
        (Format::Yaml, "a: 1\na: 2\n", 2),
        (Format::Yaml, "a: 1\nb: [1, 2\n", 2),
        (Format::Yaml, "a: 1\n---\nb: 2\n", 2),
    ] {
        let fault = Node::read(format, text).unwrap_err();
        assert_eq!(fault.at.line, line, "{text:?}: {fault:?}");
        assert!(!fault.reason.is_empty() && !fault.reason.contains('\n'));
    }
}
