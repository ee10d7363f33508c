//! The page in a real browser: Chromium, driven by its own driver over the protocol of
//! WebDriver (W3C).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Case, SELLER};
use crate::harness::Server;

/// Whether a browser is there; where nobody saw to one, it says so.
fn is_there() -> bool {
    let set = std::env::var_os("MUSTER_TEST_BROWSER").is_some_and(|value| !value.is_empty());
    if !set {
        // Past the capture of a passing test's output: this is to be read.
        let told = "\nLEFT OUT: the sign-up page in a browser, because MUSTER_TEST_BROWSER is \
            not set (see CONTRIBUTING.md)\n";
        std::io::stderr().write_all(told.as_bytes()).unwrap();
    }
    set
}

/// A window of a browser without a screen.
struct Browser {
    driver: Child,
    session: String,
}

impl Browser {
    fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("run scripts/browser");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| {
                line.split("started successfully on port ")
                    .nth(1)?
                    .trim_end_matches('.')
                    .parse()
                    .ok()
            })
            .unwrap();
        // What it says later is nobody's concern, but must go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let driver_url = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self {
            driver,
            session: driver_url.clone(),
        };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=800,1400",
        ];
        let made = browser.call(
            "POST",
            "",
            &json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments}}}}),
        );
        browser.session = format!("{driver_url}/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json");
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}: {text}");
        value["value"].clone()
    }

    fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    fn element(&self, selector: &str) -> String {
        let asked = json!({"using": "css selector", "value": selector});
        let found = self.call("POST", "/element", &asked);
        let (_, id) = found.as_object().unwrap().iter().next().unwrap();
        id.as_str().unwrap().to_owned()
    }

    fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/clear"), &json!({}));
        let path = format!("/element/{element}/value");
        self.call("POST", &path, &json!({ "text": text }));
    }

    fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/click"), &json!({}));
    }

    fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        let text = self.call("GET", &format!("/element/{element}/text"), &Value::Null);
        text.as_str().unwrap().to_owned()
    }

    fn property(&self, selector: &str, name: &str) -> Value {
        let element = self.element(selector);
        self.call(
            "GET",
            &format!("/element/{element}/property/{name}"),
            &Value::Null,
        )
    }

    /// Where an element stands on the page: its upper edge.
    fn top(&self, selector: &str) -> f64 {
        let element = self.element(selector);
        let place = self.call("GET", &format!("/element/{element}/rect"), &Value::Null);
        place["y"].as_f64().unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let agent = ureq::Agent::new_with_defaults();
        let _ = agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The address of the page as the browser opens it.
fn page_of(server: &Server) -> String {
    format!("{}{SELLER}", server.url())
}

#[test]
fn a_page_filled_in_wrongly_shows_its_errors_and_rightly_makes_the_user() {
    if !is_there() {
        return;
    }
    let case = Case::start_at("http://127.0.0.1");
    let browser = Browser::start();
    browser.open(&page_of(&case.server));
    assert_eq!(browser.text("h1"), "Sell with us");
    let (email, size) = (
        "#field-email",
        "#field-profiles-developer-properties-company_size",
    );
    browser.fill(email, "no address");
    browser.fill("#field-first_name", "   ");
    browser.fill("#field-properties-shop", "Little Boats!");
    browser.click("#field-properties-country option:nth-child(4)");
    browser.fill(size, "0");
    // The browser itself holds the form back, by the same rules.
    browser.click("button");
    for (selector, good) in [
        (email, false),
        ("#field-properties-shop", false),
        (size, false),
        ("#field-properties-country", true),
    ] {
        let validity = browser.property(selector, "validity");
        assert_eq!(validity["valid"], good, "{selector}: {validity}");
    }
    assert_eq!(case.server.user_count(), 0);
    assert_eq!(browser.text("h1"), "Sell with us");
    // What it cannot tell, the server does, beside the fields.
    browser.fill(email, "ada@example.org");
    browser.fill("#field-properties-shop", "www");
    browser.fill(size, "12");
    browser.click("button");
    for (name, words) in [
        ("first_name", "Tell us your name."),
        ("properties-shop", "This cannot be had."),
    ] {
        let (error, field) = (format!("#field-{name}-error"), format!("#field-{name}"));
        assert_eq!(browser.text(&error), words);
        let between = browser.top(&field) - browser.top(&error);
        assert!((0.0..80.0).contains(&between), "{name}: {between}");
    }
    assert_eq!(browser.property(email, "value"), "ada@example.org");
    assert_eq!(case.server.user_count(), 0);
    browser.fill("#field-first_name", "Ada");
    browser.fill("#field-properties-shop", "little-boats");
    browser.click("#field-public_profile");
    browser.click("button");
    assert_eq!(browser.text("h1"), "Check your mail");
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
