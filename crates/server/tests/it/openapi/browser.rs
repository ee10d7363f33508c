//! The page of the APIs in a real browser: a user is made through "try it" in each API, and what
//! is shown is the server's answer; the samples run; it is used by keyboard, and reads at phone
//! width and in the dark. Takes part when `MUSTER_TEST_BROWSER` is set, as `scripts/test` does.
//! Pictures of it are left in `target/screenshots`.

use std::path::{Path, PathBuf};
use std::process::Command;

use muster::openapi::NAMES;
use serde_json::{Value, json};

use crate::contracts::root;
use crate::harness::webdriver::{Browser, Element};
use crate::harness::{Key, Server};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// A server on which all is there that the examples name.
struct Case {
    server: Server,
    key: Key,
    account: i64,
}

impl Case {
    fn start() -> Self {
        let server = Server::start();
        let key = server.key();
        let account = server.account("Acme");
        server.group("Night shift");
        server.group("Contracts");
        for badge in ["Forklift", "Food handler"] {
            let new = json!({ "name": badge });
            let made = server.post("/v1/badges").bearer(&key.token).json(&new);
            made.send().expect(201);
        }
        Self {
            server,
            key,
            account,
        }
    }

    /// Opens the call that makes a user, with a key.
    fn open(&self, browser: &Browser, dialect: &str) {
        self.open_call(browser, &format!("{dialect}/createUser"));
    }

    /// Opens a call, with a key.
    fn open_call(&self, browser: &Browser, call: &str) {
        let url = self.server.url();
        // Another page first: an address that differs in its last part alone is not loaded anew.
        browser.open("about:blank");
        browser.open(&format!("{url}/docs#{call}"));
        browser.find("//input[@id='key']").enter(&self.key.token);
        browser.run("document.querySelectorAll('form.try details').forEach((each) => { each.open = true; })");
    }

    /// The example of the document, for somebody else.
    fn fill(&self, browser: &Browser, dialect: &str, email: &str) {
        input(browser, "email").enter(email);
        if matches!(dialect, "native" | "wonolo") {
            input(browser, "phone").enter("");
        }
        if dialect == "pulse" {
            input(browser, "x-account-id").enter(&self.account.to_string());
        }
    }

    /// The user of an email, as the server has them.
    fn made(&self, email: &str) -> Value {
        let path = format!("/v1/users?email={}", email.replace('@', "%40"));
        let page = self
            .server
            .get(&path)
            .bearer(&self.key.token)
            .send()
            .expect(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{email}");
        page["data"][0].clone()
    }
}

#[test]
fn a_user_is_made_through_the_page_in_each_api() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    for dialect in NAMES {
        let email = format!("{dialect}@example.org");
        case.open(&browser, dialect);
        case.fill(&browser, dialect, &email);
        browser.find("//button[@id='send']").click();
        let status = browser.find("//*[@id='answer']//*[@data-status]");
        assert_eq!(
            status.attribute("data-status"),
            "201",
            "{dialect}: {}",
            status.text()
        );
        let user = case.made(&email);
        if dialect == "legalesign" {
            let headers =
                browser.run("return document.querySelector('#answer details pre').textContent");
            let place = format!("location: /api/v1/user/{}/", user["uid"].as_str().unwrap());
            assert!(headers.as_str().unwrap().contains(&place), "{headers}");
        } else {
            let shown = browser
                .find("//pre[@class='answer' and contains(., '\"id\"')]")
                .text();
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let shown = shown.get("user").unwrap_or(&shown);
            assert_eq!(shown["id"], user["id"], "{dialect}");
        }
        // A second time it is refused, which is shown in the server's words.
        assert_eq!(browser.complaints(), [] as [String; 0], "{dialect}");
        browser.find("//button[@id='send']").click();
        let refused = "//*[@id='answer']//*[@data-status and @data-status!='201']";
        let status = browser.find(refused).attribute("data-status");
        assert!(
            matches!(status.as_str(), "400" | "409" | "422"),
            "{dialect}: {status}"
        );
        browser.complaints();
    }
}

/// The control of a field.
fn input<'a>(browser: &'a Browser, name: &str) -> Element<'a> {
    let label = format!("//form[@class='try']//label[code='{name}']");
    let id = browser.find(&label).attribute("for");
    browser.find(&format!("//*[@id='{id}']"))
}

/// Has the page's requests answered by a function of JavaScript, which is given what `fetch` is
/// told of a request. What was asked is in `asked`.
fn answer_by(browser: &Browser, function: &str) {
    let script = "window.asked = []; window.fetch = async (_, told) => \
                  { window.asked.push(told); return (FUNCTION)(told); }";
    browser.run(&script.replace("FUNCTION", function));
}

fn send(browser: &Browser) {
    browser.find("//button[@id='send']").click();
}

/// An answer of JSON that repeats what was sent.
const ECHO: &str =
    "({ body }) => new Response(body, { headers: { 'content-type': 'application/json' } })";

#[test]
fn what_is_sent_and_answered_is_left_to_the_letter() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    case.open_call(&browser, "native/createUser");
    answer_by(&browser, ECHO);
    let shown = "return document.querySelector('pre.answer').textContent";
    browser.find("//button[@data-name='text']").click();
    let text = r#"{"a":9007199254740993,"a":4.0,"b":["x, \"y\": {",[],{}]}"#;
    browser.find("//form//textarea").enter(text);
    send(&browser);
    browser.see("answer", "4.0");
    assert_eq!(browser.run("return asked[0].body"), text);
    let lines = r#"{
  "a": 9007199254740993,
  "a": 4.0,
  "b": [
    "x, \"y\": {",
    [],
    {}
  ]
}"#;
    assert_eq!(browser.run(shown), lines);

    case.open_call(&browser, "native/putJob");
    answer_by(&browser, ECHO);
    input(&browser, "external_id").enter("1");
    input(&browser, "worker_id").enter("9007199254740993");
    send(&browser);
    browser.see("answer", "9007199254740993");
    let sent = browser.run("return asked[0].body");
    let sent: Value = serde_json::from_str(sent.as_str().unwrap()).unwrap();
    assert_eq!(sent["worker_id"], 9_007_199_254_740_993_i64);
    browser.find("//button[@data-name='text']").click();
    browser.find("//button[@data-name='fields']").click();
    assert_eq!(input(&browser, "worker_id").value(), "9007199254740993");
}

#[test]
fn an_answer_ends_with_its_call() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    case.open_call(&browser, "native/createUser");
    // Answers that never end; the second comes when it is let.
    answer_by(
        &browser,
        "() => { const open = new Response(new ReadableStream({ start(way) { \
            way.enqueue(new TextEncoder().encode(`answer ${asked.length}`)); } })); \
            return asked.length === 2 ? new Promise((come) => { window.late = () => come(open); }) \
                : open; }",
    );
    let ended = || browser.run("return asked.map((each) => each.signal.aborted)");
    send(&browser);
    browser.see("answer", "answer 1");
    send(&browser);
    browser.see("answer", "Waiting");
    assert_eq!(ended(), json!([true, false]));
    send(&browser);
    browser.see("answer", "answer 3");
    browser.run("late()");
    browser.run("return new Promise((done) => setTimeout(done))");
    browser.see("answer", "answer 3");
    assert_eq!(ended(), json!([true, true, false]));
    browser.run("window.fetch = () => Promise.reject(); location.hash = '#native/eraseUser'");
    browser.see("call-name", "Forgets a user for good");
    assert_eq!(ended(), json!([true, true, true]));
}

#[test]
fn what_is_not_sent_or_not_shown_is_said() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    case.open_call(&browser, "native/createUser");
    browser.find("//input[@id='key']").enter("ab…");
    send(&browser);
    browser.see(
        "answer",
        "Nothing was sent: the key cannot be sent, “…” cannot",
    );
    assert_eq!(browser.complaints(), [] as [String; 0]);

    browser.find("//input[@id='key']").enter(&case.key.token);
    let long = "() => new Response(JSON.stringify(['x'.repeat(250000)]), \
                { headers: { 'content-type': 'application/json' } })";
    answer_by(&browser, long);
    send(&browser);
    let told = browser.find("//*[@id='answer']/p[contains(., '250004')]");
    assert_eq!(
        told.text(),
        "Cut off: the first 200000 of 250004 characters stand here."
    );
    browser.find("//pre[@class='answer' and contains(., '[\n  \"xxx')]");
    answer_by(&browser, ECHO);
    send(&browser);
    browser.find("//pre[@class='answer' and contains(., 'email')]");
    assert_eq!(browser.find("//*[@id='answer']/p[last()]").text(), "");
    answer_by(
        &browser,
        "() => { let count = 0; return new Response(new ReadableStream({ pull(way) { \
            if (count++) way.error(new Error('the line is cut')); \
            else way.enqueue(new TextEncoder().encode('the first half')); } })); }",
    );
    send(&browser);
    browser.see("answer", "The answer broke off: the line is cut");
    browser.see("answer", "the first half");

    browser.open("about:blank");
    browser.open(&format!("{}/docs#%", case.server.url()));
    browser.find("//article/h1");
}

#[test]
fn a_field_that_is_chosen_can_be_null() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    case.open_call(&browser, "native/updateUser");
    browser
        .find("//button[@data-name='application/merge-patch+json']")
        .click();
    browser.run(
        "document.querySelectorAll('form.try details').forEach((each) => { each.open = true; })",
    );
    answer_by(&browser, ECHO);
    input(&browser, "id").enter("1");
    for name in ["kind", "featured"] {
        let id = input(&browser, name).attribute("id");
        browser
            .find(&format!("//*[@id='{id}']/option[.='null']"))
            .click();
    }
    send(&browser);
    browser.see("answer", "featured");
    let sent = browser.run("return asked[0].body");
    let sent: Value = serde_json::from_str(sent.as_str().unwrap()).unwrap();
    for name in ["kind", "featured"] {
        assert_eq!(sent.get(name), Some(&Value::Null), "{name}: {sent}");
    }
}

/// A program in a language: its file, and what runs it.
fn runner(language: &str, folder: &Path) -> (PathBuf, Command) {
    let (file, program) = match language {
        "curl" => ("sample.sh", "sh".into()),
        "python" => ("sample.py", root().join("target/python-tools/bin/python")),
        "javascript" => ("sample.mjs", "node".into()),
        "ruby" => ("sample.rb", "ruby".into()),
        _ => ("sample.go", "go".into()),
    };
    let file = folder.join(file);
    let mut command = Command::new(program);
    if language == "go" {
        command.arg("run");
    }
    command.arg(&file);
    (file, command)
}

fn run(case: &Case, language: &str, text: &str, folder: &Path) {
    let (file, mut command) = runner(language, folder);
    std::fs::write(&file, text).unwrap();
    let done = command
        .current_dir(folder)
        .env("MUSTER_KEY", &case.key.token)
        .env("MUSTER_KEY_ID", &case.key.id)
        .env("MUSTER_KEY_SECRET", &case.key.secret)
        .output()
        .unwrap_or_else(|cause| panic!("{language} does not run: {cause}"));
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{language}: {told}\n{text}");
}

#[test]
fn the_samples_make_the_user_that_they_say() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    let folder = std::env::temp_dir().join(format!("muster_samples_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for dialect in NAMES {
        case.open(&browser, dialect);
        for language in ["curl", "python", "javascript", "ruby", "go"] {
            // One API shows that a language is written right, and two languages each API.
            if dialect != "native" && !matches!(language, "curl" | "python") {
                continue;
            }
            let email = format!("{language}.{dialect}@example.org");
            case.fill(&browser, dialect, &email);
            if dialect == "native" {
                // U+FEFF is a character that Go takes inside no program.
                input(&browser, "first_name").enter("A\u{feff}b");
            }
            browser
                .find(&format!("//button[@data-name='{language}']"))
                .click();
            let text = browser.run("return document.querySelector('pre.program').textContent");
            let text = text.as_str().unwrap();
            assert!(!text.contains(&case.key.secret), "a sample shows no secret");
            run(&case, language, text, &folder);
            case.made(&email);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_page_is_used_by_keyboard() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    browser.open(&format!("{}/docs", case.server.url()));
    browser.find("//article");
    browser.find("//body").press(TAB);
    assert_eq!(browser.active().attribute("id"), "skip");
    browser.active().press(ENTER);
    assert_eq!(browser.active().attribute("id"), "main");
    browser.active().press("/");
    assert_eq!(browser.active().attribute("id"), "search");
    browser.active().press("forgets");
    browser.find("//nav[@id='calls'][count(.//section//a)=1]");
    for _ in 0..10 {
        if browser.active().attribute("href").contains("eraseUser") {
            break;
        }
        browser.active().press(TAB);
    }
    browser.active().press(ENTER);
    browser.see("call-name", "Forgets a user for good");
    // Nothing is sent before it says whom.
    browser.find("//button[@id='send']").press(ENTER);
    browser.see("answer", "Say first: id");
}

#[test]
fn the_pages_read_at_either_width_light_and_dark() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let case = Case::start();
    let folder = root().join("target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    for (width, height) in [(1280, 900), (390, 844)] {
        for dark in [false, true] {
            browser.look_like(width, height, dark);
            let name = format!("{width}-{}", if dark { "dark" } else { "light" });
            for dialect in NAMES {
                case.open(&browser, dialect);
                looks_right(&browser, dark, &format!("{dialect} {name}"));
                let file = folder.join(format!("docs-{dialect}-{name}.png"));
                std::fs::write(file, browser.picture()).unwrap();
            }
            browser.open(case.server.url());
            looks_right(&browser, dark, &format!("the root {name}"));
            std::fs::write(folder.join(format!("root-{name}.png")), browser.picture()).unwrap();
        }
    }
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

/// Nothing is wider than the screen, and its ground is dark or light as it should be.
#[track_caller]
fn looks_right(browser: &Browser, dark: bool, name: &str) {
    let wider =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let wider = browser.run(wider).as_i64().unwrap();
    assert!(wider <= 0, "{name} is {wider} pixels too wide");
    let ground = browser.run("return getComputedStyle(document.body).backgroundColor");
    let red = ground
        .as_str()
        .unwrap()
        .trim_start_matches("rgb(")
        .split(',')
        .next()
        .unwrap();
    assert_eq!(red.parse::<u32>().unwrap() < 64, dark, "{name}: {ground}");
}
