use std::collections::BTreeSet;

use super::*;

/// The types as the source declares them, so that none can be without its entry.
fn declared() -> Vec<&'static str> {
    let source = include_str!("../catalogue.rs");
    let (_, rest) = source.split_once("pub enum EventType {").unwrap();
    let (list, _) = rest.split_once('}').unwrap();
    list.lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect()
}

/// `LeadCreated` as `lead_created`.
fn snake(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn every_type_has_one_entry_under_its_own_name() {
    let names: Vec<&str> = entries().map(|each| each.name).collect();
    let declared: BTreeSet<String> = declared().into_iter().map(snake).collect();
    assert_eq!((names.len(), declared.len()), (179, 179));
    assert_eq!(
        names
            .into_iter()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>(),
        declared
    );
    for entry in entries() {
        assert_eq!(snake(&format!("{:?}", entry.event_type)), entry.name);
    }
}

#[test]
fn a_name_is_read_as_the_type_that_has_it() {
    for event in EventType::all() {
        assert_eq!(EventType::parse(event.name()), Some(event));
        assert_eq!(event.entry().event_type, event);
    }
    for none in ["", "USER_CREATED", "user_created ", "user"] {
        assert_eq!(EventType::parse(none), None, "{none:?}");
    }
}

#[test]
fn a_name_is_snake_case() {
    for Entry { name, .. } in entries() {
        let words = name.split('_');
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        assert!(words.clone().all(word), "{name}");
    }
}

#[test]
fn a_description_is_a_short_sentence_of_its_own() {
    let mut seen = BTreeSet::new();
    for Entry {
        name, description, ..
    } in entries()
    {
        assert_eq!(fault(description), None, "{name}");
        assert!(
            seen.insert(description),
            "{name} is described as another is"
        );
    }
    assert_eq!(fault(""), Some("it says nothing"));
    assert_eq!(fault("  "), Some("it says nothing"));
    assert_eq!(fault(&format!("{}.", "É".repeat(89))), None);
    let long = Some("it is longer than 90 characters");
    assert_eq!(fault(&format!("{}.", "É".repeat(90))), long);
    assert_eq!(fault("A user was made"), Some("it is no sentence"));
    assert_eq!(fault("a user was made."), Some("it is no sentence"));
}

/// What is wrong with a description.
fn fault(description: &str) -> Option<&'static str> {
    if description.trim().is_empty() {
        Some("it says nothing")
    } else if description.chars().count() > 90 {
        Some("it is longer than 90 characters")
    } else if !description.ends_with('.') || description.starts_with(char::is_lowercase) {
        Some("it is no sentence")
    } else {
        None
    }
}

#[test]
fn the_seed_names_163_and_the_server_sixteen_more() {
    let (seed, own): (Vec<_>, Vec<_>) = EventType::all().partition(|event| event.in_catalogue());
    assert_eq!(seed.len(), 163);
    let own: BTreeSet<&str> = own.into_iter().map(EventType::name).collect();
    let expected = [
        "badge_created",
        "form_updated",
        "invitation_accepted",
        "invitation_created",
        "invitation_expired",
        "invitation_revoked",
        "job_state_changed",
        "message_failed",
        "redirect_added",
        "redirect_removed",
        "passkey_refused",
        "user_erased",
        "user_reinstated",
        "user_sign_up_repeated",
        "user_suspended",
        "webhook_disabled",
    ];
    assert_eq!(own, BTreeSet::from(expected));
}

/// The contract names what the server causes itself: single names, and beginnings of names.
#[test]
fn the_server_causes_what_the_contract_says_and_its_own() {
    let single = [
        "user_created",
        "user_updated",
        "user_deleted",
        "user_logged_in",
        "user_logged_out",
        "user_password_changed",
        "user_password_reset_requested",
        "user_impersonated",
        "user_permissions_set_directly",
        "user_roles_updated",
        "user_added_to_account",
        "user_removed_from_account",
        "user_account_settings_updated",
        "admin_force_set_password",
        "admin_send_passkey_registration",
        "api_rate_limited",
        "quota_exceeded",
        "system_error",
        "cron_job",
    ];
    let starts = [
        "passkey_", "role_", "team_", "account_", "api_key_", "webhook_",
    ];
    let not = ["account_type_", "account_relationship_"];
    let begins = |name: &str, with: &[&str]| with.iter().any(|start| name.starts_with(start));
    for entry in entries() {
        let named = single.contains(&entry.name)
            || begins(entry.name, &starts) && !begins(entry.name, &not);
        let caused = named || !entry.event_type.in_catalogue();
        assert_eq!(entry.origin == Origin::Server, caused, "{}", entry.name);
    }
}

#[test]
fn every_group_has_entries_and_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for group in EventGroup::ALL {
        assert!(entries().any(|each| each.group == group), "{group:?}");
        assert!(names.insert(group.name()));
    }
    for entry in entries() {
        assert!(EventGroup::ALL.contains(&entry.group), "{:?}", entry.group);
    }
}
