//! What the page shows and does.

use serde_json::json;

use super::{COUNTRY, Case, Opened, SELLER, SENT, SHOP, SIZE, assert_page, seller};

#[test]
fn the_page_has_the_fields_of_the_form_with_the_rules_that_browsers_check() {
    let case = Case::start();
    let answer = case.server.get(SELLER).send();
    assert_page(&answer, 200, "Sell with us");
    for part in [
        r#"<input type="email" id="field-email" name="email" value="" required"#,
        r#"<label for="field-first_name">First name</label>"#,
        r#"name="last_name" value="" maxlength="255""#,
        r#"name="properties[shop]" value="" required minlength="3" maxlength="30" pattern=""#,
        r#"<select id="field-properties-country" name="properties[country]" required>"#,
        "<option>DE</option>",
        r#"<textarea id="field-profiles-developer-properties-bio""#,
        r#"maxlength="500""#,
        r#"type="number""#,
        r#"min="1.0" max="999999.0" step="1""#,
        r#"<input type="checkbox" id="field-public_profile" name="public_profile" value="1">"#,
        "<legend>Developer</legend>",
        "Small letters, digits and hyphens",
    ] {
        assert!(answer.text.contains(part), "{part}\n{}", answer.text);
    }
    for hidden in [
        "password", "source", "featured", "listing", "enabled", "<script",
    ] {
        assert!(!answer.text.contains(hidden), "{hidden}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-muster-form="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure"));
}

#[test]
fn who_signs_up_gets_a_link_and_exists_with_all_that_they_filled_in() {
    let case = Case::start();
    let opened = case.open(SELLER);
    let mut fields = seller("ada@example.org", "little-boats").to_vec();
    fields.extend([
        ("public_profile", "1"),
        ("last_name", ""),
        ("profiles[developer][properties][bio]", "I build\r\nboats"),
        ("featured", "1"),
        ("password", "chosen by who knows"),
        ("kind", "worker"),
    ]);
    assert_page(&case.send(&opened, &fields), 200, SENT);
    let user = case.user("ada@example.org").unwrap();
    assert_eq!(
        (&user["status"], &user["first_name"]),
        (&json!("pending"), &json!("Ada"))
    );
    assert_eq!(
        (&user["featured"], &user["public_profile"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (&user["kind"], &user["last_name"]),
        (&json!(null), &json!(null))
    );
    let properties = json!({"shop": "little-boats", "country": "NO", "source": "sign-up page"});
    assert_eq!(user["properties"], properties);
    let developer = &user["profiles"]["developer"]["properties"];
    assert_eq!(
        *developer,
        json!({"bio": "I build\r\nboats", "company_size": 12})
    );
    let messages = case.messages();
    let [(to, subject, text)] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (to.as_str(), subject.as_str()),
        ("ada@example.org", "Verify your email address")
    );
    let (_, link) = text.split_once(super::BASE).unwrap();
    let link = link.split_whitespace().next().unwrap();
    let set = case
        .server
        .post(link)
        .form("password=tide+plank+ferry+orbit&password_confirmation=tide+plank+ferry+orbit");
    assert_eq!(set.send().status, 200);
    let user = case.user("ada@example.org").unwrap();
    assert_eq!(user["status"], "active");
    assert!(user["email_verified_at"].is_string());
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_what_was_filled_in_stays() {
    let case = Case::start();
    let opened = case.open(SELLER);
    let fields = [
        ("email", "<b>no address</b>"),
        ("first_name", " "),
        (SHOP, "www"),
        (COUNTRY, "XX"),
        (SIZE, "1.5"),
        ("public_profile", "1"),
        (
            "profiles[developer][properties][bio]",
            "</textarea><script>",
        ),
    ];
    let answer = case.send(&opened, &fields);
    assert_page(&answer, 422, "Sell with us");
    for (id, words) in [
        ("email", "This does not look right."),
        ("first_name", "Tell us your name."),
        ("properties-shop", "This cannot be had."),
        ("properties-country", "Choose one of those that there are."),
        (
            "profiles-developer-properties-company_size",
            "Enter a whole number.",
        ),
    ] {
        let beside = format!("<p class=\"error\" id=\"field-{id}-error\">{words}</p>");
        assert!(answer.text.contains(&beside), "{beside}\n{}", answer.text);
        let summary = format!("<a href=\"#field-{id}\">");
        assert!(answer.text.contains(&summary), "{summary}");
    }
    assert!(
        answer
            .text
            .contains("value=\"&lt;b&gt;no address&lt;&#x2f;b&gt;\"")
    );
    assert!(
        answer
            .text
            .contains("&lt;&#x2f;textarea&gt;&lt;script&gt;</textarea>")
    );
    assert!(
        answer
            .text
            .contains("name=\"public_profile\" value=\"1\" checked")
    );
    assert_eq!(case.user_count(), 0);
    assert!(case.messages().is_empty());
    let again = Opened::of(SELLER, &answer);
    let fields = seller("ada@example.org", "little-boats");
    assert_page(&case.send(&again, &fields), 200, SENT);
}

#[test]
fn a_value_that_another_has_is_told_beside_its_field() {
    let case = Case::start();
    let opened = case.open(SELLER);
    let first = seller("ada@example.org", "little-boats");
    assert_page(&case.send(&opened, &first), 200, SENT);
    let second = case.send(&opened, &seller("eve@example.org", "little-boats"));
    assert_page(&second, 422, "Sell with us");
    let beside = "id=\"field-properties-shop-error\">Another shop has this address.</p>";
    assert!(second.text.contains(beside), "{}", second.text);
    assert!(case.user("eve@example.org").is_none());
}

#[test]
fn a_page_repeats_fields_and_takes_lists_of_choices() {
    let case = Case::start();
    let path = "/forms/event_attendee";
    let opened = case.open(path);
    let at = |name: &str| format!("profiles[attendee][properties][{name}]");
    let (day, meals, terms) = (at("day"), at("meals") + "[]", at("terms"));
    let mut fields = vec![
        ("email", "ada@example.org"),
        ("email_confirmation", "eve@example.org"),
        ("name", "Ada"),
        (day.as_str(), "Sunday"),
        (meals.as_str(), "fish"),
        (meals.as_str(), "meat"),
    ];
    let answer = case.send(&opened, &fields);
    assert_page(&answer, 422, "Come to the boat show");
    for words in ["The two addresses differ.", "Accept the terms to come."] {
        assert!(answer.text.contains(words), "{words}");
    }
    assert!(answer.text.contains("value=\"fish\" checked"));
    fields[1].1 = "";
    let answer = case.send(&opened, &fields);
    assert!(answer.text.contains("The two addresses differ."));
    fields[1].1 = "ada@example.org";
    fields.push((terms.as_str(), "1"));
    assert_page(&case.send(&opened, &fields), 200, SENT);
    let user = case.user("ada@example.org").unwrap();
    let properties = json!({"day": "Sunday", "guests": 0, "meals": ["fish", "meat"],
        "terms": true});
    assert_eq!(user["profiles"]["attendee"]["properties"], properties);
}
