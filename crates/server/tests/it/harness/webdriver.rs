//! A real browser, headless, driven by WebDriver (W3C), with a virtual authenticator (WebAuthn
//! Level 3, §11). Whatever is looked for is waited for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How a found element is named (WebDriver §11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the browser waits for what is looked for, in milliseconds.
const PATIENCE: u32 = 20_000;

/// A browser with an authenticator of its own.
pub struct Browser {
    driver: Child,
    session: String,
    authenticator: String,
    profile: PathBuf,
}

/// Something on a page.
pub struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

/// Starts what drives the browser; none where it ends before it listens.
fn drive() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is not installed: scripts/test installs it");
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    port.map(|port| (driver, port))
}

impl Browser {
    /// Starts one; none where it is not asked for, which is said.
    pub fn start() -> Option<Self> {
        if std::env::var("MUSTER_TEST_BROWSER").is_err() {
            // Past the capture of a passing test's output: this is to be read.
            let told = "\nLEFT OUT: the browser, because MUSTER_TEST_BROWSER is not set (see \
                CONTRIBUTING.md)\n";
            std::io::stderr().write_all(told.as_bytes()).unwrap();
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("muster_browser_{}_{number}", std::process::id());
        let profile = std::env::temp_dir().join(name);
        // Of two that choose a port at once, one may find it taken and end.
        let (driver, port) = (0..5).find_map(|_| drive()).expect("it says its port");
        let url = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self {
            driver,
            session: url,
            authenticator: String::new(),
            profile,
        };
        browser.open_session();
        Some(browser)
    }

    fn open_session(&mut self) {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = self.call("POST", "", &wanted);
        let id = made["sessionId"].as_str().unwrap();
        self.session = format!("{}/{id}", self.session);
        self.call("POST", "/timeouts", &json!({ "implicit": PATIENCE }));
        let authenticator = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let made = self.call("POST", "/webauthn/authenticator", &authenticator);
        self.authenticator = made.as_str().unwrap().to_owned();
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json");
        let sent = if method == "POST" {
            agent.run(request.body(body.to_string()).unwrap())
        } else {
            agent.run(request.body(()).unwrap())
        };
        let mut answer = sent.unwrap();
        let mut told: Value = answer.body_mut().read_json().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{method} {path}: {told}");
        told["value"].take()
    }

    /// Opens an address.
    pub fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    /// What an XPath leads to, once it is there.
    pub fn find(&self, path: &str) -> Element<'_> {
        let wanted = json!({ "using": "xpath", "value": path });
        let found = self.call("POST", "/element", &wanted);
        Element {
            browser: self,
            id: found[ELEMENT].as_str().unwrap().to_owned(),
        }
    }

    /// The element with this id, once it holds the text.
    pub fn see(&self, id: &str, text: &str) {
        self.find(&format!("//*[@id='{id}'][contains(., \"{text}\")]"));
    }

    /// A button, by its label.
    pub fn button(&self, label: &str) -> Element<'_> {
        self.find(&format!("//button[normalize-space()='{label}']"))
    }

    /// What a script returns.
    pub fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.call("POST", "/execute/sync", &body)
    }

    /// The element that has the focus.
    pub fn active(&self) -> Element<'_> {
        let found = self.call("GET", "/element/active", &Value::Null);
        Element {
            browser: self,
            id: found[ELEMENT].as_str().unwrap().to_owned(),
        }
    }

    /// What a screen of this size would show, of one who likes it dark or light.
    pub fn look_like(&self, width: u32, height: u32, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let media = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let phone = width < 500;
        for (command, parameters) in [
            ("Emulation.setEmulatedMedia", json!({ "features": media })),
            (
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                    "mobile": phone }),
            ),
        ] {
            let body = json!({ "cmd": command, "params": parameters });
            self.call("POST", "/goog/cdp/execute", &body);
        }
    }

    /// What it shows, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let text = self.call("GET", "/screenshot", &Value::Null);
        STANDARD.decode(text.as_str().unwrap()).unwrap()
    }

    /// Whether the authenticator verifies its user from now on.
    pub fn verify_user(&self, verified: bool) {
        let path = format!("/webauthn/authenticator/{}/uv", self.authenticator);
        self.call("POST", &path, &json!({ "isUserVerified": verified }));
    }

    /// The credentials that the authenticator holds.
    pub fn credentials(&self) -> Vec<Value> {
        let path = format!("/webauthn/authenticator/{}/credentials", self.authenticator);
        let held = self.call("GET", &path, &Value::Null);
        held.as_array().unwrap().clone()
    }

    /// What the browser complained of since it was last asked; a request that was refused is
    /// among that.
    pub fn complaints(&self) -> Vec<String> {
        let told = self.call("POST", "/se/log", &json!({ "type": "browser" }));
        let messages = told.as_array().unwrap().iter();
        messages
            .map(|each| each["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Element<'_> {
    fn call(&self, method: &str, what: &str, body: &Value) -> Value {
        let path = format!("/element/{}/{what}", self.id);
        self.browser.call(method, &path, body)
    }

    pub fn click(&self) {
        self.call("POST", "click", &json!({}));
    }

    /// Enters a text in the place of what is there.
    pub fn enter(&self, text: &str) {
        self.call("POST", "clear", &json!({}));
        self.call("POST", "value", &json!({ "text": text }));
    }

    /// Presses keys, whatever is there.
    pub fn press(&self, keys: &str) {
        self.call("POST", "value", &json!({ "text": keys }));
    }

    /// Its text, as it is shown.
    pub fn text(&self) -> String {
        let text = self.call("GET", "text", &Value::Null);
        text.as_str().unwrap().to_owned()
    }

    /// An attribute; empty where there is none.
    pub fn attribute(&self, name: &str) -> String {
        let value = self.call("GET", &format!("attribute/{name}"), &Value::Null);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The value of a field.
    pub fn value(&self) -> String {
        self.property("value").as_str().unwrap().to_owned()
    }

    /// What the element says of itself under a name.
    pub fn property(&self, name: &str) -> Value {
        self.call("GET", &format!("property/{name}"), &Value::Null)
    }

    /// Where it stands on the page: its upper edge.
    pub fn top(&self) -> f64 {
        self.call("GET", "rect", &Value::Null)["y"]
            .as_f64()
            .unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if self.session.contains("/session/") && !std::thread::panicking() {
            self.call("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
