//! The pages as they are served, without a browser.

use base64::Engine as _;
use sha2::Digest as _;

use super::Case;
use crate::harness::Response;

fn policy_of(page: &Response) -> String {
    let style = page.text.split("<style>").nth(1).unwrap();
    let style = style.split("</style>").next().unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'; script-src 'self'; connect-src 'self'"
    )
}

#[test]
fn the_pages_load_one_script_of_ours_and_keep_their_address_to_themselves() {
    let case = Case::start();
    let user = case.user("ada@example.org");
    let token = case.token(user);
    let link = format!("/passkeys/register/{token}");
    for (path, script) in [
        (link.as_str(), "../script.js"),
        ("/sign-in", "passkeys/script.js"),
    ] {
        let page = case.server.get(path).send();
        assert_eq!(page.status, 200, "{path}");
        let policy = policy_of(&page);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", policy.as_str()),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(page.header("set-cookie"), None);
        let body = page.text.split("<body>").nth(1).unwrap();
        assert_eq!(body.matches("<script").count(), 1);
        assert!(body.contains(&format!("<script src=\"{script}\" defer></script>")));
        for foreign in [
            "http:", "https:", "<link", "url(", "@import", "style=", &token,
        ] {
            assert!(!body.contains(foreign), "{path}: {foreign}");
        }
        let mut words = body.split_whitespace();
        let handler = words.find(|word| word.starts_with("on") && word.contains('='));
        assert_eq!(handler, None);
    }
}

#[test]
fn the_script_is_one_and_runs_nothing_it_is_told() {
    let case = Case::start();
    let script = case.server.get("/passkeys/script.js").send();
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    for dangerous in [
        "innerHTML",
        "eval(",
        "Function(",
        "document.write",
        "localStorage",
    ] {
        assert!(!script.text.contains(dangerous), "{dangerous}");
    }
}

#[test]
fn a_name_cannot_write_into_the_page() {
    let case = Case::start();
    let user = case.user("a&b'c@example.org");
    let token = case.token(user);
    let page = case
        .server
        .get(&format!("/passkeys/register/{token}"))
        .send();
    assert!(!page.text.contains("a&b"), "{}", page.text);
    assert!(page.text.contains("a&amp;b"), "{}", page.text);
}

#[test]
fn other_links_and_other_methods_are_pages_too() {
    let case = Case::start();
    let wrong = case.server.get("/passkeys/register/1-x").send();
    assert_eq!(wrong.status, 404);
    assert!(wrong.text.contains("<h1>This link does not work</h1>"));
    let method = case
        .server
        .request("DELETE", "/passkeys/register/1-x")
        .send();
    assert_eq!(method.status, 405);
    let nowhere = case.server.get("/passkeys").send();
    assert_eq!(nowhere.status, 404);
    for page in [wrong, method, nowhere] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(!policy.contains("script-src"), "{policy}");
    }
}
