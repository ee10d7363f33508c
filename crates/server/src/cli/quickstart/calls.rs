//! The calls of the quickstart: five creations, then every user through every other API.

use serde_json::{Value, json};

use super::client::{Answer, Call};
use crate::cli::output::Told;

/// What the calls are made with.
pub(super) struct Setting {
    /// How the calls are shown.
    pub(super) told: Told,
    /// Where the server listens.
    pub(super) base: String,
    /// The account's number.
    pub(super) account: i64,
    /// The group's slug.
    pub(super) group: String,
    /// The key's id.
    pub(super) key_id: String,
    /// The key's secret.
    pub(super) secret: String,
    /// What makes this run's emails new.
    pub(super) run: String,
}

/// An API, in the order of the show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Api {
    Wonolo,
    Pulse,
    Platformos,
    Legalesign,
    Native,
}

const APIS: [Api; 5] = [
    Api::Wonolo,
    Api::Pulse,
    Api::Platformos,
    Api::Legalesign,
    Api::Native,
];

/// A user made through one of them.
struct Made {
    api: Api,
    email: String,
    id: i64,
    uid: String,
}

/// Makes and shows all calls; answers what was not as its contract says.
pub(super) fn run(setting: &Setting) -> Vec<String> {
    let mut faults = Vec::new();
    let token = setting.token().unwrap_or_else(|fault| {
        faults.push(fault);
        String::new()
    });
    let mut made = Vec::new();
    for api in APIS {
        setting
            .told
            .say(&format!("\n## Create a user through {}", api.title()));
        let email = format!("{}.{}@example.com", api.first_name(), setting.run);
        let found = setting
            .create(api, &token, &email)
            .and_then(|()| setting.find(api, &email));
        match found {
            Ok(user) => made.push(user),
            Err(fault) => faults.push(format!("{}: {fault}", api.title())),
        }
    }
    for user in &made {
        let title = user.api.title();
        setting.told.say(&format!(
            "\n## The user made through {title}, as the other APIs return them"
        ));
        for api in APIS.into_iter().filter(|api| *api != user.api) {
            if let Err(fault) = setting.read(api, &token, user) {
                faults.push(format!("{} of {title}'s user: {fault}", api.title()));
            }
        }
    }
    faults
}

impl Api {
    fn title(self) -> &'static str {
        match self {
            Self::Wonolo => "Wonolo's staffing API",
            Self::Pulse => "Pulse's merchant CRM",
            Self::Platformos => "a platformOS marketplace",
            Self::Legalesign => "Legalesign",
            Self::Native => "Muster's own /v1",
        }
    }

    fn first_name(self) -> &'static str {
        match self {
            Self::Wonolo => "ada",
            Self::Pulse => "grace",
            Self::Platformos => "edsger",
            Self::Legalesign => "barbara",
            Self::Native => "alan",
        }
    }
}

/// The call answered this status, or it says what it did answer.
fn expect(answer: &Answer, status: u16) -> Result<(), String> {
    if answer.status == status {
        return Ok(());
    }
    Err(format!(
        "{} and not {status}: {}",
        answer.status, answer.body
    ))
}

impl Setting {
    fn bearer(&self) -> (&'static str, String) {
        (
            "authorization",
            format!("Bearer {}.{}", self.key_id, self.secret),
        )
    }

    /// The headers that an API's calls carry.
    fn headers(&self, api: Api) -> Vec<(&'static str, String)> {
        match api {
            Api::Wonolo => Vec::new(),
            Api::Pulse => vec![self.bearer(), ("x-account-id", self.account.to_string())],
            Api::Platformos => {
                let token = format!("Token token={}.{}", self.key_id, self.secret);
                vec![
                    ("authorization", token),
                    ("accept", "application/json".to_owned()),
                ]
            }
            Api::Legalesign => {
                vec![(
                    "authorization",
                    format!("ApiKey {}:{}", self.key_id, self.secret),
                )]
            }
            Api::Native => vec![self.bearer()],
        }
    }

    /// Wonolo's token for the key.
    fn token(&self) -> Result<String, String> {
        self.told.say("\n## A token for Wonolo's staffing API");
        let call = Call {
            method: "POST",
            url: format!("{}/api_v2/authorize", self.base),
            headers: Vec::new(),
            body: Some(format!(
                "api_key={}&secret_key={}",
                self.key_id, self.secret
            )),
        };
        let answer = call.show_as("application/x-www-form-urlencoded", self.told)?;
        expect(&answer, 200)?;
        let token = answer.json();
        let token = token.get("token").and_then(Value::as_str);
        token
            .map(str::to_owned)
            .ok_or_else(|| "no token came".to_owned())
    }

    fn create(&self, api: Api, token: &str, email: &str) -> Result<(), String> {
        let (path, body) = self.creation(api, token, email);
        let call = Call {
            method: "POST",
            url: format!("{}{path}", self.base),
            headers: self.headers(api),
            body: Some(body),
        };
        let form = api == Api::Wonolo;
        let kind = if form {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let answer = call.show_as(kind, self.told)?;
        expect(&answer, 201)?;
        match api {
            Api::Wonolo => expect_at(&answer, "/user/email", &email.into()),
            Api::Pulse | Api::Native => expect_at(&answer, "/email", &email.into()),
            Api::Platformos => expect_at(&answer, "/errors", &json!({})),
            Api::Legalesign if answer.location.is_none() || !answer.body.is_empty() => {
                Err("a Location and no body were to come".to_owned())
            }
            Api::Legalesign => Ok(()),
        }
    }

    /// The path and body of a creation.
    fn creation(&self, api: Api, token: &str, email: &str) -> (&'static str, String) {
        let password = "Tide-plank7 ferry".replace(' ', "-");
        let encoded = email.replace('@', "%40");
        match api {
            Api::Wonolo => {
                let fields = [
                    ("type", "Worker"),
                    ("first_name", "Ada"),
                    ("last_name", "Lovelace"),
                    ("email", &encoded),
                    ("password", &password),
                    ("password_confirmation", &password),
                ];
                let fields = fields.map(|(name, value)| format!("user[{name}]={value}"));
                (
                    "/api_v2/users",
                    format!("token={token}&{}", fields.join("&")),
                )
            }
            Api::Pulse => (
                "/users",
                json!({ "email": email, "name": "Grace Hopper" }).to_string(),
            ),
            Api::Platformos => {
                let form = json!({ "first_name": "Edsger", "email": email, "password": password });
                let name = "reference_rest_api_create_user";
                let body = json!({ "form_configuration_name": name, "form": form });
                ("/api/users", body.to_string())
            }
            Api::Legalesign => {
                let body = json!({
                    "first_name": "Barbara", "last_name": "Liskov", "email": email,
                    "password": password, "timezone": "Europe/London",
                    "groups": self.group, "permission": "2",
                });
                ("/api/v1/user/", body.to_string())
            }
            Api::Native => {
                let body = json!({
                    "email": email, "first_name": "Alan", "last_name": "Turing",
                    "timezone": "Europe/London",
                });
                ("/v1/users", body.to_string())
            }
        }
    }

    /// The user with this email, found through `/v1`.
    fn find(&self, api: Api, email: &str) -> Result<Made, String> {
        let call = Call {
            method: "GET",
            url: format!("{}/v1/users?email={}", self.base, email.replace('@', "%40")),
            headers: vec![self.bearer()],
            body: None,
        };
        let found = call.make()?.json();
        let id = found.pointer("/data/0/id").and_then(Value::as_i64);
        let uid = found.pointer("/data/0/uid").and_then(Value::as_str);
        match id.zip(uid) {
            Some((id, uid)) => Ok(Made {
                api,
                email: email.to_owned(),
                id,
                uid: uid.to_owned(),
            }),
            None => Err(format!("no user with {email} was found")),
        }
    }

    /// Reads a user through one API; it must be the same person.
    fn read(&self, api: Api, token: &str, user: &Made) -> Result<(), String> {
        let path = match api {
            Api::Wonolo => format!("/api_v2/users/{}?token={token}", user.id),
            Api::Pulse => format!("/users/{}", user.id),
            Api::Platformos => format!("/api/users/{}", user.id),
            Api::Legalesign => format!("/api/v1/user/{}/", user.uid),
            Api::Native => format!("/v1/users/{}", user.id),
        };
        let call = Call {
            method: "GET",
            url: format!("{}{path}", self.base),
            headers: self.headers(api),
            body: None,
        };
        let answer = call.show(self.told)?;
        expect(&answer, 200)?;
        let pointer = if api == Api::Wonolo {
            "/user/email"
        } else {
            "/email"
        };
        expect_at(&answer, pointer, &user.email.as_str().into())
    }
}

/// The body's value at a pointer is this, or it says what it is.
fn expect_at(answer: &Answer, pointer: &str, expected: &Value) -> Result<(), String> {
    let body = answer.json();
    match body.pointer(pointer) {
        Some(found) if found == expected => Ok(()),
        found => Err(format!("{pointer} is {found:?} and not {expected}")),
    }
}

impl Call {
    /// As [`Call::show`], under a content type.
    fn show_as(mut self, content_type: &str, told: Told) -> Result<Answer, String> {
        self.headers.push(("content-type", content_type.to_owned()));
        self.show(told)
    }
}
