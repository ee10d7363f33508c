//! The words of messages, ours and an operator's.

use std::path::{Path, PathBuf};

use muster::deliver::message::{Channel, TemplateName};
use muster::deliver::templates::{TemplateError, Templates};
use serde_json::{Value, json};

use super::values;

const LINK: &str = "https://directory.example.com/invitations/accept?token=t0ken&x=y";

/// A folder of templates, removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = format!("muster-templates-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(folder));
        std::fs::create_dir_all(folder.0.join("sms")).unwrap();
        for (file, text) in files {
            std::fs::write(folder.0.join(file), text).unwrap();
        }
        folder
    }

    fn broken(&self) -> String {
        let broken = Templates::with_folder(&self.0).err();
        broken.expect("these templates are broken").to_string()
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn invitation() -> Value {
    json!({
        "link": LINK,
        "inviter": "Ada <script>alert('x')</script> & \"Co\"",
        "organisation": "Acme",
        "expires_at": "2026-11-24T10:21:47.123Z",
    })
}

#[test]
fn what_a_person_called_themselves_is_text_in_html_and_itself_in_text() {
    let templates = Templates::built_in().unwrap();
    let filled = templates
        .email(TemplateName::Invitation, &values(invitation()))
        .unwrap();
    assert!(!filled.html.contains("<script"), "{}", filled.html);
    assert!(
        filled.html.contains("Ada &lt;script&gt;"),
        "{}",
        filled.html
    );
    assert!(
        filled
            .text
            .contains("Ada <script>alert('x')</script> & \"Co\" invites you")
    );
    assert_eq!(filled.subject, "You are invited to join Acme");
}

#[test]
fn the_link_and_its_end_stand_in_every_part_of_an_invitation() {
    let templates = Templates::built_in().unwrap();
    let filled = templates
        .email(TemplateName::Invitation, &values(invitation()))
        .unwrap();
    assert!(
        filled.text.contains(&format!("\n{LINK}\n")),
        "{}",
        filled.text
    );
    let escaped = LINK.replace('&', "&amp;").replace('/', "&#x2f;");
    assert_eq!(
        filled.html.matches(&format!("href=\"{escaped}\"")).count(),
        2
    );
    for part in [&filled.text, &filled.html] {
        assert!(part.contains("24 November 2026, 10:21 UTC"), "{part}");
    }
    let bare = values(json!({ "link": LINK }));
    let filled = templates.email(TemplateName::Invitation, &bare).unwrap();
    assert!(filled.text.contains("You are invited to join"));
    assert!(!filled.text.contains("works until"));
}

#[test]
fn no_html_part_loads_anything_and_each_is_fit_for_dark_screens() {
    let templates = Templates::built_in().unwrap();
    let filled = values(json!({
        "link": LINK, "title": "News", "text": "One\nTwo", "name": "Ada",
    }));
    let email = |name: &TemplateName| name.channel() == Channel::Email;
    for name in TemplateName::ALL.into_iter().filter(email) {
        let html = templates.email(name, &filled).unwrap().html;
        for loads in ["<img", "src=", "url(", "@import", "<link", "<script"] {
            assert!(!html.contains(loads), "{loads} in {html}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn a_subject_and_names_are_one_line_and_only_the_text_of_news_has_several() {
    let templates = Templates::built_in().unwrap();
    let news = values(json!({
        "title": "News\r\nBcc: eve@example.org\u{2028}\u{202e}x\0y",
        "text": "One\r\nTwo\u{0007}\rThree",
    }));
    let filled = templates.email(TemplateName::Notification, &news).unwrap();
    assert_eq!(filled.subject, "News Bcc: eve@example.org x y");
    assert!(
        filled.text.ends_with("\n\nOne\nTwo\nThree\n"),
        "{:?}",
        filled.text
    );
    let mut hostile = invitation();
    hostile["inviter"] = json!("Ada\n\nYour account is closed. Go to\nx");
    let filled = templates
        .email(TemplateName::Invitation, &values(hostile))
        .unwrap();
    assert!(
        filled
            .text
            .contains("Ada Your account is closed. Go to x invites you")
    );
    let long = values(json!({ "title": "a".repeat(5_000), "text": "b".repeat(5_000) }));
    let filled = templates.email(TemplateName::Notification, &long).unwrap();
    assert_eq!(filled.subject.len(), 200);
    let sms = templates.sms(TemplateName::SmsNotification, &long).unwrap();
    assert_eq!(sms.len(), 1_600);
}

#[test]
fn sms_are_short_and_plain() {
    let templates = Templates::built_in().unwrap();
    let sms = |name, filled: Value| templates.sms(name, &values(filled)).unwrap();
    assert_eq!(
        sms(
            TemplateName::SmsInvitation,
            json!({ "link": LINK, "inviter": "A & B", "organisation": "Acme" })
        ),
        format!("A & B invites you to join Acme: {LINK}")
    );
    assert_eq!(
        sms(
            TemplateName::SmsVerificationCode,
            json!({ "code": "012345", "minutes": 10 })
        ),
        "Your code is 012345. It is good for 10 minutes. Share it with nobody."
    );
    let news = json!({ "title": "Shift", "text": "At 9" });
    assert_eq!(sms(TemplateName::SmsNotification, news), "Shift: At 9");
}

#[test]
fn a_link_leads_to_a_web_page_and_a_value_that_is_missing_is_told_of_without_the_others() {
    let templates = Templates::built_in().unwrap();
    for link in [
        "javascript:alert(1)",
        "data:text/html,x",
        "",
        "//evil.example",
    ] {
        let filled = values(json!({ "link": link }));
        let refused = templates.email(TemplateName::Invitation, &filled).err();
        assert!(
            matches!(refused, Some(TemplateError::BadValue(_))),
            "{link}"
        );
    }
    let nested = values(json!({ "title": { "a": 1 }, "text": "x" }));
    assert!(
        templates
            .email(TemplateName::Notification, &nested)
            .is_err()
    );
    let without_link = values(json!({ "inviter": "Ada" }));
    let missing = templates.email(TemplateName::Invitation, &without_link);
    let told = missing.err().unwrap().without_values();
    assert_eq!(
        told,
        "the template invitation.txt, line 5, cannot be filled"
    );
}

#[test]
fn an_operator_s_file_takes_the_place_of_ours_and_the_rest_stays() {
    let folder = Folder::new(
        "replaced",
        &[
            ("invitation.subject.txt", "Komm zu {{ organisation }}!\n"),
            ("sms/verification_code.txt", "Code: {{ code }}"),
            (".gitignore", "*"),
        ],
    );
    let templates = Templates::with_folder(&folder.0);
    let refused = templates.err().unwrap().to_string();
    // An invitation may be to no organisation.
    let expected = format!(
        "the template {}, line 1: undefined value",
        folder.file("invitation.subject.txt")
    );
    assert!(refused.starts_with(&expected), "{refused}");
    let subject = "Komm{% if organisation %} zu {{ organisation }}{% endif %}!\n";
    std::fs::write(folder.0.join("invitation.subject.txt"), subject).unwrap();
    let templates = Templates::with_folder(&folder.0).unwrap();
    let filled = templates
        .email(TemplateName::Invitation, &values(invitation()))
        .unwrap();
    assert_eq!(filled.subject, "Komm zu Acme!");
    assert!(filled.text.contains("invites you to join Acme"));
    let code = values(json!({ "code": "1" }));
    assert_eq!(
        templates
            .sms(TemplateName::SmsVerificationCode, &code)
            .unwrap(),
        "Code: 1"
    );
}

#[test]
fn an_operator_s_html_is_escaped_in_as_ours_is() {
    let folder = Folder::new(
        "escaped",
        &[("invitation.html", "<b>{{ inviter or \"\" }}</b>")],
    );
    let templates = Templates::with_folder(&folder.0).unwrap();
    let mut hostile = values(invitation());
    hostile.insert("inviter".to_owned(), json!("<i>"));
    let filled = templates.email(TemplateName::Invitation, &hostile).unwrap();
    assert_eq!(filled.html, "<b>&lt;i&gt;</b>");
}

#[test]
fn a_broken_template_is_told_of_by_file_and_line() {
    for (name, text, line, what) in [
        ("invitation.txt", "Hello\n{{ link", 2, "syntax error"),
        (
            "invitation.html",
            "{% extends \"layout.html\" %}\n\n{% block content %}",
            3,
            "syntax",
        ),
        ("layout.html", "a\n{{ nothing }}", 2, "undefined value"),
        ("verification.txt", "\n\n\n{{ link | shout }}", 4, "filter"),
        (
            "sms/invitation.txt",
            "{% include \"/etc/passwd\" %}",
            1,
            "template not found",
        ),
        (
            "password_reset.txt",
            "{{ link }} {{ link | readable_time }}",
            1,
            "RFC 3339",
        ),
    ] {
        let folder = Folder::new("broken", &[(name, text)]);
        let told = folder.broken();
        let expected = format!("the template {}, line {line}: ", folder.file(name));
        assert!(told.starts_with(&expected) && told.contains(what), "{told}");
    }
}

#[test]
fn a_file_that_is_no_template_or_cannot_be_read_is_told_of() {
    let folder = Folder::new("unknown", &[("invitaton.txt", "Hello")]);
    let told = folder.broken();
    assert_eq!(
        told,
        format!(
            "{} is not the name of a template",
            folder.file("invitaton.txt")
        )
    );
    let nowhere = Templates::with_folder(Path::new("/nowhere/at/all"))
        .err()
        .unwrap();
    assert!(nowhere.to_string().contains("/nowhere/at/all"));
    let folder = Folder::new("large", &[("invitation.txt", &"x".repeat(256 * 1024 + 1))]);
    assert!(folder.broken().contains(&folder.file("invitation.txt")));
}
