//! A year of events in three time zones, against a model of who is told what, by which way and
//! when: in a real mail server, an SMS gateway, and the website's lists.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Case, header, text};

const LEAD: (&str, &str) = ("lead_created", "A lead was entered.");
const MID: (&str, &str) = ("mid_suspended", "A merchant id was suspended.");
/// What everybody is told of, and how.
const MANDATORY: (&str, &str) = ("mid_suspended", "weekly_email_digest");
const EVENTS: usize = 160;
/// Between two events: at every hour of a day, on every day of a week, in time.
const APART: SignedDuration = SignedDuration::from_secs(193_020);

/// A rule: an event, its account, and how.
type Rule = (&'static str, Option<i64>, &'static [&'static str]);

/// A way of digests, what it is called, and whether a date is one of its.
type Cadence = (&'static str, &'static str, fn(Date) -> bool);

/// Somebody who is told.
struct Listener {
    id: i64,
    email: String,
    phone: &'static str,
    zone: TimeZone,
    accounts: Vec<i64>,
    rules: Vec<Rule>,
}

/// Something that happens.
struct Happening {
    at: Timestamp,
    id: String,
    /// Its name, and how it is told.
    kind: (&'static str, &'static str),
    account: Option<i64>,
}

/// A digest: to whom, its title and when it is sent, and how often what happened.
type Digests = BTreeMap<(String, String, String), BTreeMap<&'static str, usize>>;

/// All that anybody is told: (to whom, what it was about, when).
#[derive(Debug, Default, PartialEq)]
struct Told {
    emails: BTreeSet<(String, String, String)>,
    sms: BTreeSet<(String, String)>,
    website: BTreeSet<(i64, String)>,
    digests: Digests,
}

impl Listener {
    /// By which ways they are told of something, as the rules are meant.
    fn channels(&self, what: &Happening) -> BTreeSet<&'static str> {
        if what.account.is_some_and(|id| !self.accounts.contains(&id)) {
            return BTreeSet::new();
        }
        let of = |account: Option<i64>| {
            let mut rules = self.rules.iter();
            rules.find(|(event, of, _)| *event == what.kind.0 && *of == account)
        };
        let own = what.account.and_then(|id| of(Some(id)));
        let rule = own.or_else(|| of(None));
        let mut channels: BTreeSet<_> = rule
            .map(|(_, _, channels)| channels.iter().copied().collect())
            .unwrap_or_default();
        if what.kind.0 == MANDATORY.0 {
            channels.insert(MANDATORY.1);
        }
        channels
    }

    /// The dates of their digests, with when each is due.
    fn digests(&self, is_one: fn(Date) -> bool) -> Vec<(Date, Timestamp)> {
        let days = date(2026, 11, 1).series(jiff::Span::new().days(1));
        let until = date(2028, 2, 2);
        days.take_while(|day| *day < until)
            .filter(|day| is_one(*day))
            .map(|day| {
                let due = day.at(9, 0, 0, 0).to_zoned(self.zone.clone());
                (day, due.unwrap().timestamp())
            })
            .collect()
    }
}

fn is_monday(day: Date) -> bool {
    day.weekday() == Weekday::Monday
}

fn is_first(day: Date) -> bool {
    day.day() == 1
}

const CADENCES: [Cadence; 2] = [
    ("weekly_email_digest", "week", is_monday),
    ("monthly_email_digest", "month", is_first),
];

/// A time as a message's header writes it.
fn written(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn expected(listeners: &[Listener], happenings: &[Happening]) -> Told {
    let mut told = Told::default();
    for who in listeners {
        for what in happenings {
            let channels = who.channels(what);
            let about = format!("thing {}", what.id);
            if channels.contains("email") {
                let key = (who.email.clone(), about.clone(), written(what.at));
                told.emails.insert(key);
            }
            if channels.contains("sms") {
                told.sms.insert((who.phone.to_owned(), about));
            }
            if channels.contains("website") {
                told.website.insert((who.id, what.id.clone()));
            }
            for (channel, span, is_one) in CADENCES {
                if channels.contains(channel) {
                    let all = who.digests(is_one);
                    let (day, due) = all.iter().find(|(_, due)| *due > what.at).unwrap();
                    let title = format!("Your {span} up to {}", day.strftime("%-d %B %Y"));
                    let digest = (who.email.clone(), title, written(*due));
                    let counts = told.digests.entry(digest).or_default();
                    *counts.entry(what.kind.1).or_default() += 1;
                }
            }
        }
    }
    told
}

/// How often a digest says that each thing happened.
fn counted(body: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for line in body.lines() {
        for (_, what) in [LEAD, MID] {
            let count = match line.strip_suffix(what) {
                Some("") => 1,
                Some(times) => times.strip_suffix(" times: ").unwrap().parse().unwrap(),
                None => continue,
            };
            assert_eq!(counts.insert(what, count), None, "{body}");
        }
    }
    counts
}

fn read_mail(told: &mut Told, mailbox: &[Value]) {
    for message in mailbox {
        let to = message["recipients"][0].as_str().unwrap().to_owned();
        let at = header(message, "Date").unwrap().to_owned();
        let title = header(message, "Subject").unwrap().to_owned();
        let body = text(message);
        if title.starts_with("Your ") {
            let before = told.digests.insert((to, title, at), counted(&body));
            assert_eq!(before, None, "told twice: {body}");
        } else {
            let about = body.lines().nth(2).unwrap().to_owned();
            assert!(told.emails.insert((to, about, at)), "told twice: {body}");
        }
    }
}

fn read_sms(told: &mut Told, case: &Case) {
    for each in case.gateway.received() {
        let fields: BTreeMap<_, _> = url::form_urlencoded::parse(each.body.as_bytes())
            .into_owned()
            .collect();
        let (_, about) = fields["Body"].split_once("thing ").unwrap();
        let about = about.split(',').next().unwrap();
        let sms = (fields["To"].clone(), format!("thing {about}"));
        assert!(told.sms.insert(sms), "told twice: {}", each.body);
    }
}

fn read_lists(told: &mut Told, case: &Case, listeners: &[Listener]) {
    for who in listeners {
        let path = format!("/v1/users/{}/notifications?limit=200", who.id);
        let page = case.get(&path).expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        for each in page["data"].as_array().unwrap() {
            let id = each["data"]["subject"]["id"].as_str().unwrap().to_owned();
            assert!(told.website.insert((who.id, id)), "told twice: {each}");
        }
    }
}

fn listener(
    case: &Case,
    (name, zone, phone): (&str, &str, &'static str),
    accounts: &[i64],
    rules: Vec<Rule>,
) -> Listener {
    let parts: Vec<Value> = accounts.iter().map(|id| json!({ "id": id })).collect();
    let fields = json!({ "timezone": zone, "phone": phone, "accounts": parts });
    let id = case.user(name, &fields);
    let wanted = rules.iter().map(|(event, account, channels)| {
        json!({ "event": event, "account_id": account, "channels": channels })
    });
    case.prefers(id, &wanted.collect());
    Listener {
        id,
        email: format!("{name}@example.org"),
        phone,
        zone: TimeZone::get(zone).unwrap(),
        accounts: accounts.to_vec(),
        rules,
    }
}

/// Three people: where clocks are put forward in March, where in October, and where never.
fn listeners(case: &Case, other: i64) -> Vec<Listener> {
    let acme = case.account;
    let both = &["weekly_email_digest", "monthly_email_digest"];
    vec![
        listener(
            case,
            ("north", "Europe/Berlin", "+14155552671"),
            &[acme],
            vec![
                (
                    LEAD.0,
                    None,
                    &[
                        "website",
                        "email",
                        "weekly_email_digest",
                        "monthly_email_digest",
                    ],
                ),
                (LEAD.0, Some(acme), &["sms", "weekly_email_digest"]),
            ],
        ),
        listener(
            case,
            ("south", "Australia/Sydney", "+14155552672"),
            &[acme, other],
            vec![
                (LEAD.0, None, both),
                (LEAD.0, Some(acme), &[]),
                (MID.0, Some(acme), &["monthly_email_digest", "website"]),
            ],
        ),
        listener(
            case,
            ("plain", "Asia/Kolkata", "+14155552673"),
            &[acme],
            vec![
                (LEAD.0, None, &["sms"]),
                (MID.0, None, &["website", "email"]),
            ],
        ),
    ]
}

fn happenings(case: &Case, other: i64) -> Vec<Happening> {
    let acme = Some(case.account);
    let kinds = [
        (LEAD, acme),
        (LEAD, None),
        (MID, None),
        (MID, acme),
        (LEAD, Some(other)),
    ];
    let mut at: Timestamp = "2026-11-21T05:00:00Z".parse().unwrap();
    let mut all = Vec::new();
    for number in 0..EVENTS {
        let (kind, account) = kinds[number % kinds.len()];
        let id = format!("e{number}");
        all.push(Happening {
            at,
            id,
            kind,
            account,
        });
        at = at.checked_add(APART).unwrap();
    }
    all
}

/// Lets a year go by, and what is due at the end of it: time stops when something happens, and a
/// second before each digest is due and when it is.
fn live(case: &Case, listeners: &[Listener], happenings: &[Happening]) {
    let last = happenings.last().unwrap().at;
    let end = last
        .checked_add(SignedDuration::from_hours(40 * 24))
        .unwrap();
    let second = SignedDuration::from_secs(1);
    let mut stops: BTreeMap<Timestamp, Option<&Happening>> = BTreeMap::new();
    for who in listeners {
        for (_, _, is_one) in CADENCES {
            for (_, due) in who.digests(is_one) {
                stops.insert(due, None);
                stops.insert(due.checked_sub(second).unwrap(), None);
            }
        }
    }
    stops.extend(happenings.iter().map(|what| (what.at, Some(what))));
    let now = case.server.now();
    let stops = stops.range(now..end);
    for (step, (at, what)) in stops.enumerate() {
        case.moves_to(*at);
        if let Some(what) = what {
            case.post(&json!({
                "id": what.id, "type": what.kind.0, "account_id": what.account,
                "subject": { "type": "thing", "id": what.id }, "data": {},
            }));
        }
        if step % 30 == 0 {
            case.server.clean();
        }
    }
}

#[test]
fn a_year_in_three_time_zones_is_told_as_the_rules_say() {
    let case = Case::start();
    let other = case.server.account("Other");
    let mandatory = json!({ "data": [{ "event": MANDATORY.0, "channels": [MANDATORY.1] }] });
    let path = "/v1/mandatory-notifications";
    let request = case.server.request("PUT", path).bearer(&case.key.token);
    request.json(&mandatory).send().expect(200);
    let listeners = listeners(&case, other);
    let happenings = happenings(&case, other);
    let expected = expected(&listeners, &happenings);
    // As the calendar has it: clocks were put forward in Berlin on 28 March, and back in Sydney
    // on 4 April.
    let is_due = |email: &str, title: &str, at: &str| {
        let key = (email.to_owned(), title.to_owned(), at.to_owned());
        assert!(expected.digests.contains_key(&key), "{key:?}");
    };
    let berlin = "Mon, 29 Mar 2027 07:00:00 +0000";
    is_due("north@example.org", "Your week up to 29 March 2027", berlin);
    let sydney = "Sun, 04 Apr 2027 23:00:00 +0000";
    is_due("south@example.org", "Your week up to 5 April 2027", sydney);
    let kolkata = "Mon, 05 Apr 2027 03:30:00 +0000";
    is_due("plain@example.org", "Your week up to 5 April 2027", kolkata);
    live(&case, &listeners, &happenings);
    let mut told = Told::default();
    read_sms(&mut told, &case);
    read_lists(&mut told, &case, &listeners);
    read_mail(&mut told, &case.mailbox());
    assert_eq!(told.emails, expected.emails);
    assert_eq!(told.sms, expected.sms);
    assert_eq!(told.website, expected.website);
    assert_eq!(told.digests, expected.digests);
    // Every event that a digest was to tell of stands in one, and once.
    let wants = |channel: &str| {
        let pairs = listeners
            .iter()
            .flat_map(|who| happenings.iter().map(move |what| (who, what)));
        pairs
            .filter(|(who, what)| who.channels(what).contains(channel))
            .count()
    };
    let counts = told.digests.values().flat_map(BTreeMap::values);
    let sum: usize = counts.sum();
    assert_eq!(
        sum,
        wants("weekly_email_digest") + wants("monthly_email_digest")
    );
}
