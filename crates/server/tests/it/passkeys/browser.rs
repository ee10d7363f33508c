//! Passkeys in a real browser with a virtual authenticator: the mailed link, its page, the page to
//! sign in, and what becomes of a passkey. Takes part when `MUSTER_TEST_BROWSER` is set, as
//! `scripts/test` does.

use directory::store::Tx;
use directory::users::UserChange;
use directory::violation::Violations;
use directory::{Actor, TenantId, sessions};

use super::Case;
use crate::harness::webdriver::Browser;

/// A server that browsers have passkeys on: `localhost` is a secure context.
fn local() -> (Case, String) {
    let case = Case::start_at(|port| format!("http://localhost:{port}"), |_| {});
    let base = case.server.url().replace("127.0.0.1", "localhost");
    (case, base)
}

fn register(case: &Case, browser: &Browser, base: &str, user: i64, name: &str) {
    let token = case.token(user);
    browser.open(&format!("{base}/passkeys/register/{token}"));
    browser.find("//input[@id='name']").enter(name);
    browser.button("Set up the passkey").click();
    browser.see("done", "Your passkey is set up.");
}

fn sign_in(browser: &Browser) {
    browser.button("Sign in with a passkey").click();
    browser.see("done", "You are signed in.");
}

/// How many sessions of a user are listed, of any tenant.
fn sessions_of(case: &Case, tenant: TenantId, user: i64) -> usize {
    let actor = Actor::system(tenant, "test");
    let listed = move |tx: &Tx<'_>| sessions::list(tx, &actor, user, None, 100);
    case.server.read(listed).rows.len()
}

#[test]
fn who_signs_out_has_no_session_left() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (case, base) = local();
    let user = case.user("ada@example.org");
    register(&case, &browser, &base, user, "Laptop");
    browser.open(&format!("{base}/sign-in"));
    sign_in(&browser);
    assert_eq!(sessions_of(&case, TenantId(1), user), 1);
    browser.button("Sign out").click();
    browser.find("//section[@id='account'][@hidden]");
    assert_eq!(sessions_of(&case, TenantId(1), user), 0);
    sign_in(&browser);
}

#[test]
fn a_user_of_another_tenant_goes_from_the_mailed_link_to_their_session() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (case, base) = local();
    let other = case.server.tenant("other");
    let user = case.user_of(other, "ada@example.org");
    let token = case.token_of(other, user);
    browser.open(&format!("{base}/passkeys/register/{token}"));
    browser.find("//input[@id='name']").enter("Laptop");
    browser.button("Set up the passkey").click();
    browser.see("done", "Your passkey is set up.");
    browser.find("//p[@id='next'][not(@hidden)]/a").click();
    sign_in(&browser);
    assert_eq!(sessions_of(&case, other, user), 1);
}

#[test]
fn a_passkey_goes_from_the_mailed_link_to_a_session_and_to_its_end() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (case, base) = local();
    let user = case.user("ada@example.org");
    register(&case, &browser, &base, user, "Laptop");
    assert_eq!(
        browser.find("//input[@id='username']").value(),
        "ada@example.org"
    );
    let held = browser.credentials();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (&held[0]["rpId"], &held[0]["isResidentCredential"]),
        (&"localhost".into(), &true.into())
    );
    browser.open(&format!("{base}/sign-in"));
    browser.button("Sign in with a passkey").click();
    browser.see("done", "You are signed in.");
    let name = browser.find("//ul[@id='passkeys']//input");
    assert_eq!(name.value(), "Laptop");
    name.enter("Phone");
    browser.button("Rename").click();
    browser.see("done", "It has its new name.");
    assert_eq!(browser.find("//ul[@id='passkeys']//input").value(), "Phone");
    assert_eq!(
        browser.complaints(),
        [] as [String; 0],
        "the policy stops nothing of ours"
    );
    browser.button("Delete").click();
    browser.see(
        "problem",
        "the last passkey of a user who has no password stays",
    );
    let none = Violations::new();
    let password = Some("tide plank ferry orbit".to_owned().into());
    let hashed = case.server.directory.hash_password(password, &none);
    let hash = case.server.wait(hashed).unwrap();
    case.change(
        user,
        UserChange {
            password: hash,
            ..UserChange::default()
        },
    );
    browser.open(&format!("{base}/sign-in"));
    browser.button("Sign in with a passkey").click();
    browser.button("Delete").click();
    browser.see("done", "The passkey is deleted.");
    browser.open(&format!("{base}/sign-in"));
    browser.button("Sign in with a passkey").click();
    browser.see("problem", "This passkey is not known here.");
    let told = case.told(user);
    let last: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        last,
        [
            "admin_send_passkey_registration",
            "passkey_registration_token_validated",
            "passkey_registration_options_generated",
            "passkey_registered",
            "passkey_authenticated",
            "passkey_list_viewed",
            "passkey_renamed",
            "passkey_list_viewed",
            "passkey_authenticated",
            "passkey_list_viewed",
            "passkey_deleted",
            "passkey_list_viewed",
        ]
    );
}

#[test]
fn a_browser_registers_no_passkey_twice_on_one_device() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (case, base) = local();
    let user = case.user("ada@example.org");
    register(&case, &browser, &base, user, "Laptop");
    let token = case.token(user);
    browser.open(&format!("{base}/passkeys/register/{token}"));
    browser.button("Set up the passkey").click();
    browser.see("problem", "This device has a passkey of yours already.");
    assert_eq!(browser.credentials().len(), 1);
}

#[test]
fn a_browser_signs_in_nobody_who_is_not_verified_and_at_no_other_address() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (case, base) = local();
    let user = case.user("ada@example.org");
    register(&case, &browser, &base, user, "Laptop");
    browser.verify_user(false);
    browser.open(&format!("{base}/sign-in"));
    browser.button("Sign in with a passkey").click();
    browser.see("problem", "It was cancelled, or took too long.");
    browser.verify_user(true);
    let elsewhere = base.replace("localhost", "other.localhost");
    for address in [case.server.url(), &elsewhere] {
        browser.open(&format!("{address}/sign-in"));
        browser.button("Sign in with a passkey").click();
        browser.find("//p[@id='problem'][string-length(normalize-space()) > 0]");
    }
    assert!(
        !case
            .told(user)
            .contains(&"passkey_authenticated".to_owned())
    );
    browser.open(&format!("{base}/sign-in"));
    browser.button("Sign in with a passkey").click();
    browser.see("done", "You are signed in.");
}
