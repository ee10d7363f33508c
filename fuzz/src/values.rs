//! Values that people type: emails, phone numbers, names, numbers.

use directory::model::{Email, Phone, User, check_text, fold, is_name_token, slug_from};
use directory::secret::tenant_of;
use jiff::Timestamp;
use muster::http::fields::integer_text;

/// One text, read as each of them.
pub fn values(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut taken = email(text);
    taken |= phone(text);
    names(text);
    if let Some(number) = integer_text(text) {
        taken = true;
        let (minus, digits) = text
            .strip_prefix('-')
            .map_or(("", text), |rest| ("-", rest));
        let digits = digits.trim_start_matches('0');
        let plain = if digits.is_empty() {
            "0".to_owned()
        } else {
            format!("{minus}{digits}")
        };
        assert_eq!(number.to_string(), plain);
    }
    if let Some(tenant) = tenant_of(text) {
        taken = true;
        assert!(text.starts_with(&format!("{}-", tenant.0)));
    }
    taken
}

/// The key of an address is an address, the same one, and safe in the head of a mail.
fn email(text: &str) -> bool {
    let Ok(email) = Email::parse(text) else {
        return false;
    };
    assert_eq!(email.as_str(), text.trim());
    let key = email.key();
    let again = Email::parse(key).unwrap_or_else(|rule| panic!("{key:?}: {rule:?}"));
    assert_eq!(again.key(), key);
    for text in [email.as_str(), key] {
        let unsafe_in_a_head = |c: char| c.is_control() || c.is_whitespace();
        assert!(!text.contains(unsafe_in_a_head), "{text:?}");
        assert_eq!(text.matches('@').count(), 1, "{text:?}");
    }
    true
}

/// The key of a number is a number, the same one.
fn phone(text: &str) -> bool {
    let Ok(phone) = Phone::unchecked(text) else {
        return false;
    };
    assert_eq!(phone.as_str(), text);
    assert!(!text.contains('\0') && text.chars().count() <= 64);
    if let Some(key) = phone.key() {
        let digits = key.strip_prefix('+').unwrap_or_default();
        assert!(
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
            "{key}"
        );
        let again = Phone::parse(key).unwrap_or_else(|rule| panic!("{key:?}: {rule:?}"));
        assert_eq!(again.key(), Some(key), "{text:?}");
    }
    phone.key().is_some()
}

fn names(text: &str) {
    assert_eq!(fold(&fold(text)), fold(text));
    if is_name_token(text) {
        assert!(!text.is_empty() && !text.contains([' ', '<', '\0']));
    }
    let long = check_text(text, 10).is_some();
    assert_eq!(long, text.contains('\0') || text.chars().count() > 10);
    let slug = slug_from(text, "-12");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        slug.len() <= 50 && slug.chars().all(fits) && slug.ends_with("-12"),
        "{slug}"
    );
    let mut user = User::blank(1, String::new(), Timestamp::UNIX_EPOCH);
    user.name = Some(text.to_owned());
    assert_eq!(user.shown_name().as_deref(), Some(text));
    let (first, last) = user.shown_parts();
    assert!(last.is_none_or(|last| text.contains(last)));
    assert!(first.is_some_and(|first| text.contains(first)));
}
