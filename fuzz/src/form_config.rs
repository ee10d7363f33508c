//! Configurations of forms: whatever comes, it is refused with places that are in the text, or it
//! makes a form that judges anything.

use directory::forms::{Fault, Form, Format, SectionKind, read, schema};
use serde_json::{Map, Value};

/// A text makes a form, or is told what is wrong with it, where it stands.
pub fn form_config(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut taken = false;
    for format in [Format::Yaml, Format::Json] {
        match read(format, text) {
            Ok((form, node)) => {
                taken = true;
                assert!(schema(&form).is_object());
                // The configuration itself is a submission that fits nothing, and is nested.
                judge(&form, &node.value());
                judge(&form, &Value::Object(Map::new()));
            }
            Err(faults) => assert_placed(text, &faults),
        }
    }
    taken
}

fn assert_placed(text: &str, faults: &[Fault]) {
    assert!(!faults.is_empty());
    let lines = text.split('\n').count() as u64;
    for fault in faults {
        let line = fault.at.line;
        assert!((1..=lines + 1).contains(&line), "{fault} of {lines}");
    }
}

fn judge(form: &Form, given: &Value) {
    let submissions = [given, &given["configuration"], &given["default_payload"]];
    for submission in submissions.into_iter().filter_map(Value::as_object) {
        for stored in [None, Some(submission)] {
            let (accepted, _) = form.check(submission, stored);
            let listed = |name: &String| form.group.find(name).is_some();
            assert!(accepted.fields.keys().all(listed));
            assert!(accepted.properties.keys().all(listed));
            for item in &accepted.items {
                assert!(SectionKind::parse(item.kind.name()).is_some());
                let of = |section: &&directory::forms::Section| {
                    section.kind == item.kind && section.name == item.name
                };
                assert!(form.sections.iter().find(of).is_some());
            }
        }
    }
}
