//! The page in a real browser. Takes part when `MUSTER_TEST_BROWSER` is set, as `scripts/test`
//! does.

use serde_json::json;

use super::{Case, SELLER};
use crate::harness::Server;
use crate::harness::webdriver::{Browser, Element};

/// What has this id, once it is there.
fn at<'a>(browser: &'a Browser, id: &str) -> Element<'a> {
    browser.find(&format!("//*[@id='{id}']"))
}

fn title(browser: &Browser, text: &str) {
    browser.find(&format!("//h1[normalize-space()='{text}']"));
}

/// The address of the page as the browser opens it.
fn page_of(server: &Server) -> String {
    format!("{}{SELLER}", server.url())
}

#[test]
fn a_page_filled_in_wrongly_shows_its_errors_and_rightly_makes_the_user() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start_at("http://127.0.0.1");
    browser.open(&page_of(&case.server));
    title(&browser, "Sell with us");
    let (email, shop, size) = (
        "field-email",
        "field-properties-shop",
        "field-profiles-developer-properties-company_size",
    );
    let country = "field-properties-country";
    at(&browser, email).enter("no address");
    at(&browser, "field-first_name").enter("   ");
    at(&browser, shop).enter("Little Boats!");
    browser
        .find(&format!("//*[@id='{country}']/option[4]"))
        .click();
    at(&browser, size).enter("0");
    // The browser itself holds the form back, by the same rules.
    browser.find("//button").click();
    for (id, good) in [
        (email, false),
        (shop, false),
        (size, false),
        (country, true),
    ] {
        let validity = at(&browser, id).property("validity");
        assert_eq!(validity["valid"], good, "{id}: {validity}");
    }
    assert_eq!(case.user_count(), 0);
    title(&browser, "Sell with us");
    // What it cannot tell, the server does, beside the fields.
    at(&browser, email).enter("ada@example.org");
    at(&browser, shop).enter("www");
    at(&browser, size).enter("12");
    browser.find("//button").click();
    for (name, words) in [
        ("first_name", "Tell us your name."),
        ("properties-shop", "This cannot be had."),
    ] {
        let said = format!("//*[@id='field-{name}-error'][normalize-space()='{words}']");
        let error = browser.find(&said);
        let between = at(&browser, &format!("field-{name}")).top() - error.top();
        assert!((0.0..80.0).contains(&between), "{name}: {between}");
    }
    assert_eq!(at(&browser, email).value(), "ada@example.org");
    assert_eq!(case.user_count(), 0);
    at(&browser, "field-first_name").enter("Ada");
    at(&browser, shop).enter("little-boats");
    at(&browser, "field-public_profile").click();
    browser.find("//button").click();
    title(&browser, "Check your mail");
    let complaints = browser.complaints().into_iter();
    // Of the page that came with an error, a browser says that it did.
    let ours: Vec<String> = complaints.filter(|each| !each.contains("422")).collect();
    assert_eq!(ours, [] as [String; 0], "the policy stops nothing of ours");
    let user = case.user("ada@example.org").unwrap();
    assert_eq!(
        (&user["first_name"], &user["public_profile"]),
        (&json!("Ada"), &json!(true))
    );
    assert_eq!(user["properties"]["shop"], "little-boats");
    assert_eq!(
        user["profiles"]["developer"]["properties"]["company_size"],
        12
    );
    assert_eq!(case.messages().len(), 1);
}
