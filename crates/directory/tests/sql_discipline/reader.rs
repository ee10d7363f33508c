//! The checks themselves: what is good passes, what is bad is caught.

use std::collections::BTreeSet;

use crate::check_source;
use crate::rust::literals;
use crate::schema::Schema;
use crate::sql::{check_sql, is_sql, looks_like_sql};

fn tables() -> BTreeSet<String> {
    ["users", "claims", "jobs", "tenants"]
        .map(str::to_owned)
        .into()
}

fn faults(sql: &str) -> Vec<String> {
    let findings = check_sql(sql, &tables());
    let open = findings.open.iter().map(|alias| format!("open: {alias}"));
    findings.faults.iter().cloned().chain(open).collect()
}

#[test]
fn literals_are_read_as_the_compiler_reads_them() {
    let source = r####"
        // "a comment" and 'x
        /* "another /* nested "one" */ " */
        const A: &str = "one \
            two \"three\"\n";
        fn f<'a>(c: char, b: &'a str) -> bool { c == '"' || c == '\'' || b == "four" }
        const B: &str = r#"five "six" \n"#;
        const C: &[u8] = b"seven";
        let for_r = "eight";
    "####;
    assert_eq!(
        literals(source),
        [
            "one two \"three\"\n",
            "four",
            "five \"six\" \\n",
            "seven",
            "eight"
        ]
    );
}

#[test]
fn a_good_statement_has_no_fault() {
    for good in [
        "SELECT id FROM users WHERE tenant_id = $1 AND id = $2",
        "SELECT u.id FROM users u JOIN claims c ON c.tenant_id = u.tenant_id AND c.owner_id = u.id \
         WHERE u.tenant_id = $1 ORDER BY u.id, u.uid",
        "SELECT u.id, (SELECT count(*) FROM jobs j WHERE j.tenant_id = u.tenant_id AND j.worker_id = u.id) \
         FROM users u WHERE u.tenant_id = $1 AND (u.id = $2 OR u.id = $3)",
        "INSERT INTO users (tenant_id, id) VALUES ($1, $2) ON CONFLICT (tenant_id, id) \
         DO UPDATE SET id = excluded.id WHERE users.id = 0",
        "UPDATE users SET name = $1 WHERE tenant_id = $2 AND id = $3 AND name <> $1",
        "DELETE FROM claims WHERE tenant_id = $1",
        "SELECT id FROM jobs WHERE tenant_id = $1 ORDER BY id FOR UPDATE SKIP LOCKED",
        "SELECT id FROM tenants WHERE name = $1",
        "EXISTS (SELECT 1 FROM jobs j WHERE j.tenant_id = u.tenant_id AND j.state = ?)",
        "SELECT u.id FROM (SELECT j.id FROM jobs j WHERE j.tenant_id = $1) n \
         CROSS JOIN users u WHERE u.tenant_id = $1 AND u.id = n.id",
    ] {
        assert_eq!(faults(good), [] as [String; 0], "{good}");
    }
}

#[test]
fn a_bad_statement_is_caught() {
    for (bad, says) in [
        ("SELECT id FROM users WHERE id = $1", "first condition"),
        (
            "SELECT id FROM users WHERE id = $1 AND tenant_id = $2",
            "first condition",
        ),
        (
            "SELECT id FROM users u WHERE tenant_id = $1",
            "first condition",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = tenant",
            "first condition",
        ),
        (
            "SELECT id FROM users WHERE tenant_id > $1",
            "first condition",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = $1 OR id = $2",
            "an OR",
        ),
        ("SELECT id FROM users", "open: "),
        ("SELECT u.id FROM users u", "open: u"),
        (
            "SELECT 1 WHERE EXISTS (SELECT id FROM users)",
            "first condition",
        ),
        (
            "EXISTS (SELECT 1 FROM jobs j WHERE j.worker_id = u.id)",
            "first condition",
        ),
        (
            "SELECT u.id FROM users u JOIN jobs j ON j.worker_id = u.id WHERE u.tenant_id = $1",
            "ON does not",
        ),
        (
            "SELECT u.id FROM users u JOIN jobs j ON j.worker_id = u.id \
             AND j.tenant_id = u.tenant_id WHERE u.tenant_id = $1",
            "ON does not",
        ),
        (
            "SELECT u.id FROM users u JOIN jobs j ON u.tenant_id = $1 WHERE u.tenant_id = $1",
            "ON does not",
        ),
        (
            "SELECT u.id FROM users u, jobs j WHERE u.tenant_id = $1",
            "comma",
        ),
        (
            "SELECT u.id FROM (SELECT j.id FROM jobs j WHERE j.tenant_id = $1) n \
             CROSS JOIN users u WHERE u.id = n.id",
            "WHERE does not",
        ),
        (
            "SELECT n.id FROM (SELECT j.id FROM jobs j WHERE j.id = $1) n",
            "first condition",
        ),
        (
            "UPDATE users SET name = $1 WHERE id = $2",
            "first condition",
        ),
        ("UPDATE users SET name = $1", "first condition"),
        ("DELETE FROM users", "first condition"),
        (
            "DELETE FROM users WHERE id = $1 AND tenant_id = $2",
            "first condition",
        ),
        ("delete from users where id = $1", "first condition"),
        (
            "INSERT INTO users (id, tenant_id) VALUES ($1, $2)",
            "first column",
        ),
        ("INSERT INTO users VALUES ($1, $2)", "not named"),
        (
            "INSERT INTO users (tenant_id, id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
            "ON CONFLICT",
        ),
        (
            "INSERT INTO users (tenant_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "ON CONFLICT",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = $2",
            "$2 comes before $1",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = $1 AND id = $3",
            "$3 comes before $2",
        ),
        ("SELECT id FROM strangers WHERE tenant_id = $1", "no table"),
        ("INSERT INTO strangers (tenant_id) VALUES ($1)", "no table"),
        (
            "SELECT id FROM users WHERE tenant_id = $1 AND at < now()",
            "now has no place",
        ),
        (
            "SELECT random() FROM users WHERE tenant_id = $1",
            "random has no place",
        ),
        ("SELECT CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP has no place"),
        (
            "SELECT pg_advisory_xact_lock($1)",
            "pg_advisory_xact_lock has no place",
        ),
        ("SELECT lastval()", "lastval has no place"),
        ("NOTIFY users", "NOTIFY has no place"),
        (
            "SELECT id FROM users WHERE tenant_id = $1 FOR UPDATE",
            "SKIP LOCKED",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = $1 FOR SHARE",
            "SKIP LOCKED",
        ),
    ] {
        let found = faults(bad);
        assert!(
            found.iter().any(|fault| fault.contains(says)),
            "{bad}: {found:?}"
        );
    }
}

#[test]
fn an_open_select_needs_conditions_that_begin_with_its_tenant() {
    let source = |start: &str| {
        format!(
            "const SELECT: &str = \"SELECT u.id FROM users u\";\n\
             fn f() {{ Conditions::new(\"{start}\", tenant); }}"
        )
    };
    let check = |start: &str| check_source("x.rs", &source(start), &tables());
    assert_eq!(check("u.tenant_id = ?"), [] as [String; 0]);
    for bad in [
        "u.id = ?",
        "j.tenant_id = ?",
        "u.tenant_id = ? OR 1 = 1",
        "u.tenant_id > ?",
    ] {
        assert!(!check(bad).is_empty(), "{bad}");
    }
    let alone = "const SELECT: &str = \"SELECT u.id FROM users u\";";
    assert_eq!(check_source("x.rs", alone, &tables()).len(), 1);
    let put = "let sql = format!(\"DELETE FROM users WHERE tenant_id = $1 AND {more}\");";
    assert_eq!(check_source("x.rs", put, &tables()).len(), 1);
}

#[test]
fn sql_is_told_from_english() {
    for sql in [
        "SELECT id FROM users",
        "UPDATE users SET a = 1",
        "DELETE FROM users",
        "INSERT INTO users (a) VALUES (1)",
        "CREATE TABLE x (a TEXT)",
        "PRAGMA journal_mode",
    ] {
        assert!(looks_like_sql(sql), "{sql}");
        assert!(sql.starts_with("PRAGMA") || is_sql(sql, &tables()), "{sql}");
    }
    for text in [
        "select one from the list",
        "Update your settings",
        "UPDATE",
        "SELECT",
    ] {
        assert!(!looks_like_sql(text), "{text}");
    }
    assert!(is_sql("select id from users", &tables()));
    assert!(!is_sql("update the settings", &tables()));
}

const GOOD: &str = "-- now() in a comment is none\n\
    CREATE TABLE users (tenant_id BIGINT NOT NULL, id BIGINT NOT NULL, name TEXT, \
    at TIMESTAMPTZ(3) NOT NULL, PRIMARY KEY (tenant_id, id));\n\
    CREATE INDEX users_name ON users (tenant_id, name, id) WHERE name IS NOT NULL;\n\
    CREATE TABLE jobs (tenant_id BIGINT NOT NULL, id BIGINT NOT NULL, \
    worker_id BIGINT NOT NULL, PRIMARY KEY (tenant_id, id), \
    FOREIGN KEY (tenant_id, worker_id) REFERENCES users (tenant_id, id));";

fn postgres(script: &str) -> Schema {
    let mut schema = Schema::default();
    schema.read(script);
    schema
}

#[test]
fn a_bad_migration_is_caught() {
    assert_eq!(postgres(GOOD).check(false), [] as [String; 0]);
    for (from, to, says) in [
        (
            "PRIMARY KEY (tenant_id, id));\nCREATE INDEX",
            "PRIMARY KEY (id));\nCREATE INDEX",
            "the key",
        ),
        ("(tenant_id, name, id)", "(name, id)", "does not begin"),
        (" WHERE name IS NOT NULL", "", "not partial"),
        (
            "(tenant_id, worker_id) REFERENCES users (tenant_id, id)",
            "(worker_id) REFERENCES users (id)",
            "leaves tenant_id out",
        ),
        (
            "users (tenant_id BIGINT NOT NULL, id",
            "users (id",
            "does not come first",
        ),
        (
            "users (tenant_id BIGINT NOT NULL",
            "users (tenant_id BIGINT",
            "does not come first",
        ),
        (
            "id BIGINT NOT NULL, name",
            "id BIGSERIAL NOT NULL, name",
            "BIGSERIAL has no place",
        ),
        (
            "id BIGINT NOT NULL, name",
            "id BIGINT GENERATED ALWAYS AS IDENTITY, name",
            "IDENTITY has no place",
        ),
        (
            "id BIGINT NOT NULL, name",
            "id INTEGER NOT NULL, name",
            "is INTEGER",
        ),
        ("TIMESTAMPTZ(3)", "TIMESTAMPTZ", "is TIMESTAMPTZ"),
        ("name TEXT,", "name TEXT UNIQUE,", "the key"),
        (
            "name TEXT,",
            "name TEXT REFERENCES tenants (name),",
            "more than a type",
        ),
        (
            "at TIMESTAMPTZ(3) NOT NULL",
            "at TIMESTAMPTZ(3) NOT NULL DEFAULT now()",
            "now has no place",
        ),
        (
            "CREATE INDEX",
            "CREATE TRIGGER t BEFORE INSERT ON users; CREATE INDEX",
            "TRIGGER has no place",
        ),
    ] {
        let bad = GOOD.replacen(from, to, 1);
        assert_ne!(bad, GOOD, "{from}");
        let found = postgres(&bad).check(false);
        assert!(
            found.iter().any(|fault| fault.contains(says)),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn engines_that_differ_are_caught() {
    let sqlite = GOOD
        .replace("BIGINT", "INTEGER")
        .replace("TIMESTAMPTZ(3)", "INTEGER")
        .replace("));", ")) STRICT;");
    let differences = |sqlite: &str| postgres(GOOD).differences(&postgres(sqlite));
    assert_eq!(differences(&sqlite), [] as [String; 0]);
    assert_eq!(postgres(&sqlite).check(true), [] as [String; 0]);
    assert!(
        !postgres(&sqlite.replacen(" STRICT", "", 1))
            .check(true)
            .is_empty()
    );
    for (from, to, says) in [
        ("name TEXT, ", "", "users.name is a column"),
        (
            "name TEXT,",
            "name TEXT NOT NULL,",
            "users.name is not the same",
        ),
        ("name TEXT,", "name INTEGER,", "users.name is not the same"),
        ("CREATE TABLE jobs", "CREATE TABLE works", "jobs is a table"),
        ("users_name", "users_named", "users_name is not the same"),
        (
            "(tenant_id, name, id)",
            "(tenant_id, name)",
            "users_name is not the same",
        ),
    ] {
        let other = sqlite.replacen(from, to, 1);
        assert_ne!(other, sqlite, "{from}");
        let found = differences(&other);
        assert!(
            found.iter().any(|fault| fault.contains(says)),
            "{to}: {found:?}"
        );
    }
}
