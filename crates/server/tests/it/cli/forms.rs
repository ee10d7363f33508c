//! `muster form`.

use serde_json::{Value, json};

use super::Operator;

const SELLER: &str = "# Who sells.\nname: seller\nresource: User\nconfiguration:\n  email: {}\n";
const BUYER: &str = r#"{"name": "buyer", "resource": "User", "configuration": {"email": {}}}"#;

fn operator() -> Operator {
    let operator = Operator::new();
    std::fs::write(operator.folder.join("seller.yaml"), SELLER).unwrap();
    std::fs::write(operator.folder.join("buyer.json"), BUYER).unwrap();
    operator
}

fn names(operator: &Operator) -> Vec<String> {
    let listed = operator.json(&["form", "list", "-o", "json"]);
    let own = listed.as_array().unwrap().iter();
    let own = own.filter(|form| form["built_in"] == false);
    own.map(|form| form["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn forms_are_applied_from_files_listed_and_shown_as_they_were_written() {
    let operator = operator();
    let files = ["form", "apply", "seller.yaml", "buyer.json", "-o", "json"];
    let applied = operator.json(&files);
    let outcomes: Vec<_> = applied
        .as_array()
        .unwrap()
        .iter()
        .map(|each| {
            (
                each["name"].as_str().unwrap(),
                each["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(outcomes, [("seller", "created"), ("buyer", "created")]);
    assert_eq!(names(&operator), ["buyer", "seller"]);
    let shown = operator.run(&["form", "show", "seller"]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), SELLER);
    assert_eq!(operator.json(&files)[0]["outcome"], "unchanged");
    let more = format!("{SELLER}  name: {{}}\n");
    std::fs::write(operator.folder.join("seller.yaml"), &more).unwrap();
    let applied = operator.json(&["form", "apply", "seller.yaml", "-o", "json"]);
    assert_eq!(
        (&applied[0]["version"], &applied[0]["outcome"]),
        (&json!(2), &json!("updated"))
    );
    let old = operator.json(&["form", "show", "seller", "--version", "1", "-o", "json"]);
    assert_eq!(old["source"], SELLER);
    let none = operator.run(&["form", "show", "nobody"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("there is no such form: nobody"));
}

#[test]
fn a_dry_run_shows_what_would_change_and_stores_nothing() {
    let operator = operator();
    operator.json(&["form", "apply", "seller.yaml", "-o", "json"]);
    let more = SELLER.replace("email: {}", "email: { label: Mail }");
    std::fs::write(operator.folder.join("seller.yaml"), more).unwrap();
    let output = operator.run(&["form", "apply", "--dry-run", "seller.yaml", "buyer.json"]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("seller: would be updated, version 2"),
        "{told}"
    );
    assert!(
        told.contains("+ /configuration/email/label \"Mail\""),
        "{told}"
    );
    assert!(
        told.contains("buyer: would be created, version 1"),
        "{told}"
    );
    assert_eq!(names(&operator), ["seller"]);
    let shown = operator.run(&["form", "show", "seller"]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), SELLER);
}

#[test]
fn two_files_of_one_form_are_refused() {
    let operator = operator();
    let other = SELLER.replace("# Who sells.", "# Who sells more.");
    std::fs::write(operator.folder.join("other.yaml"), other).unwrap();
    for more in [&["--dry-run"][..], &[]] {
        let files = ["form", "apply", "seller.yaml", "buyer.json", "other.yaml"];
        let refused = operator.run(&[&files, more].concat());
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        let words = "other.yaml: is of the same name as seller.yaml: seller";
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(names(&operator), [""; 0]);
}

#[test]
fn everything_that_is_wrong_is_told_by_file_and_line_and_nothing_is_stored() {
    let operator = operator();
    let wrong = "name: seller\nresource: User\nconfiguration:\n  emial: {}\n  email: { validation: \
                 { lenght: 1 } }\n";
    std::fs::write(operator.folder.join("wrong.yaml"), wrong).unwrap();
    std::fs::write(operator.folder.join("broken.json"), "{\n  \"name\": }").unwrap();
    let output = operator.run(&["form", "apply", "buyer.json", "wrong.yaml", "broken.json"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    for part in [
        "wrong.yaml:4:3: configuration.emial:",
        "wrong.yaml:5:26: configuration.email.validation.lenght:",
        "broken.json:2:",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert_eq!(names(&operator), [] as [String; 0]);
    let absent = operator.run(&["form", "apply", "absent.yaml"]);
    assert_eq!(absent.status.code(), Some(1));
    let _: Value = operator.json(&["form", "list", "-o", "json"]);
}
