//! Reading SQL: statements, and what is wrong with them.

use std::collections::BTreeSet;

use crate::rust::line_end;

/// Tables that belong to no tenant: what names them, and what nodes and migrators keep.
pub(crate) const WITHOUT_TENANT: [&str; 3] = ["tenants", "id_leases", "schema_migrations"];

/// Words that have no place in any statement: time, random values and ids are bound, and
/// nothing runs that cannot be sharded.
pub(crate) const FORBIDDEN: [&str; 37] = [
    "NOW",
    "CURRENT_TIMESTAMP",
    "CURRENT_TIME",
    "CURRENT_DATE",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "CLOCK_TIMESTAMP",
    "STATEMENT_TIMESTAMP",
    "TRANSACTION_TIMESTAMP",
    "DATETIME",
    "STRFTIME",
    "JULIANDAY",
    "UNIXEPOCH",
    "RANDOM",
    "RANDOMBLOB",
    "GEN_RANDOM_UUID",
    "GEN_RANDOM_BYTES",
    "UUID_GENERATE_V4",
    "LASTVAL",
    "CURRVAL",
    "LAST_INSERT_ROWID",
    "TRIGGER",
    "LISTEN",
    "UNLISTEN",
    "NOTIFY",
    "PG_NOTIFY",
    "PG_ADVISORY_LOCK",
    "PG_ADVISORY_XACT_LOCK",
    "PG_TRY_ADVISORY_LOCK",
    "PG_TRY_ADVISORY_XACT_LOCK",
    "SERIAL",
    "BIGSERIAL",
    "SMALLSERIAL",
    "IDENTITY",
    "AUTOINCREMENT",
    "AUTO_INCREMENT",
    "NOWAIT",
];
/// Words in upper case as `Word`, all else as it stands. Comments are left out.
pub(crate) fn tokens(sql: &str) -> Vec<String> {
    let chars: Vec<char> = sql.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while at < chars.len() {
        let from = at;
        match chars[at] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '-' if chars.get(at + 1) == Some(&'-') => {
                at = line_end(&chars, at);
                continue;
            }
            '\'' => {
                at += 1;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            '$' => {
                at += 1;
                while at < chars.len() && chars[at].is_ascii_digit() {
                    at += 1;
                }
            }
            c if word(c) => {
                while at < chars.len() && (word(chars[at]) || chars[at] == '.') {
                    at += 1;
                }
            }
            _ => at += 1,
        }
        tokens.push(chars[from..at.min(chars.len())].iter().collect());
    }
    tokens
}

pub(crate) fn is(token: Option<&String>, word: &str) -> bool {
    token.is_some_and(|token| token.eq_ignore_ascii_case(word))
}

/// Whether a text is a statement, or holds one inside a condition.
pub(crate) fn is_sql(text: &str, tables: &BTreeSet<String>) -> bool {
    let tokens = tokens(text);
    let statement = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "TRUNCATE"];
    let opens = statement.iter().any(|word| is(tokens.first(), word));
    let names_table = tokens
        .iter()
        .any(|token| tables.contains(&token.to_lowercase()));
    let definition = ["CREATE", "ALTER", "DROP", "LOCK"];
    let defines = definition
        .iter()
        .any(|word| tokens.first().is_some_and(|token| token == word));
    (opens && names_table) || defines || tokens.iter().any(|token| token == "SELECT")
}

/// Whether a text anywhere else looks like SQL: only in the upper case that this project
/// writes it in, because words of English stand there.
pub(crate) fn looks_like_sql(text: &str) -> bool {
    let tokens = tokens(text);
    let after = |first: &str, second: &str| {
        tokens
            .windows(2)
            .any(|pair| pair[0] == first && pair[1] == second)
    };
    let has = |word: &str| tokens.iter().any(|token| token == word);
    (has("SELECT") && has("FROM"))
        || after("INSERT", "INTO")
        || after("DELETE", "FROM")
        || (has("UPDATE") && has("SET"))
        || after("CREATE", "TABLE")
        || after("CREATE", "INDEX")
        || after("ALTER", "TABLE")
        || after("DROP", "TABLE")
        || after("BEGIN", "IMMEDIATE")
        || is(tokens.first(), "PRAGMA") && tokens.len() > 1
}

/// What is wrong with a statement; open SELECTs, which `Conditions` completes, by the name
/// that their table goes by.
#[derive(Default, Debug)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<String>,
    pub(crate) open: Vec<String>,
}

pub(crate) fn check_sql(sql: &str, tables: &BTreeSet<String>) -> Findings {
    let tokens = tokens(sql);
    let mut findings = Findings::default();
    check_words(&tokens, &mut findings.faults);
    check_places(&tokens, &mut findings.faults);
    for at in 0..tokens.len() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        match tokens[at].to_ascii_uppercase().as_str() {
            "SELECT" => check_select(&tokens, at, tables, &mut findings),
            "INSERT" => check_insert(&tokens, at, tables, &mut findings.faults),
            "UPDATE" if !is(before, "DO") && !is(before, "FOR") => {
                check_where(&tokens, at, at + 1, tables, &mut findings.faults);
            }
            "DELETE" => check_where(&tokens, at, at + 2, tables, &mut findings.faults),
            _ => {}
        }
    }
    findings
}

pub(crate) fn check_words(tokens: &[String], faults: &mut Vec<String>) {
    for (at, token) in tokens.iter().enumerate() {
        let word = token.to_ascii_uppercase();
        if FORBIDDEN.contains(&word.as_str()) {
            faults.push(format!("{token} has no place in a statement"));
        }
        let locks = word == "FOR"
            && ["UPDATE", "SHARE", "NO", "KEY"]
                .iter()
                .any(|next| is(tokens.get(at + 1), next));
        let skips = tokens[at..]
            .windows(2)
            .any(|pair| is(pair.first(), "SKIP") && is(pair.last(), "LOCKED"));
        if locks && !skips {
            faults.push("rows are locked without SKIP LOCKED".to_owned());
        }
    }
}

/// `$n` is numbered by first appearance.
pub(crate) fn check_places(tokens: &[String], faults: &mut Vec<String>) {
    let mut seen = 0;
    for token in tokens {
        if let Some(number) = token
            .strip_prefix('$')
            .and_then(|n| n.parse::<usize>().ok())
        {
            if number > seen + 1 || number == 0 {
                faults.push(format!("${number} comes before ${}", seen + 1));
            }
            seen = seen.max(number);
        }
    }
}

/// Where the parenthesis around `at` closes, or the end.
pub(crate) fn scope_end(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (offset, token) in tokens[at..].iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" if depth == 0 => return at + offset,
            ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The first of these words at the depth of `at`, before `end`.
pub(crate) fn at_depth(tokens: &[String], at: usize, end: usize, words: &[&str]) -> Option<usize> {
    let mut depth = 0;
    for (offset, token) in tokens[at..end].iter().enumerate() {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 && words.iter().any(|word| token.eq_ignore_ascii_case(word)) => {
                return Some(at + offset);
            }
            _ => {}
        }
    }
    None
}

/// The table at a place, and the name that it goes by there.
pub(crate) fn table_at(
    tokens: &[String],
    at: usize,
    tables: &BTreeSet<String>,
    faults: &mut Vec<String>,
) -> Option<(String, Option<String>)> {
    let table = tokens.get(at)?.to_lowercase();
    if table == "(" {
        // A SELECT in the place of a table is checked where it stands.
        return None;
    }
    if !tables.contains(&table) {
        faults.push(format!("{table} is no table of the migrations"));
        return None;
    }
    if WITHOUT_TENANT.contains(&table.as_str()) {
        return None;
    }
    let keywords = [
        "WHERE",
        "JOIN",
        "ON",
        "SET",
        "ORDER",
        "LEFT",
        "INNER",
        "GROUP",
        "LIMIT",
        "RETURNING",
        "FOR",
    ];
    let alias = tokens.get(at + 1).filter(|next| {
        next.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !keywords.iter().any(|word| next.eq_ignore_ascii_case(word))
    });
    Some((table, alias.cloned()))
}

pub(crate) fn tenant_of(name: Option<&String>) -> String {
    name.map_or_else(
        || "tenant_id".to_owned(),
        |name| format!("{name}.tenant_id"),
    )
}

/// `UPDATE` and `DELETE`: the first condition is on the tenant.
pub(crate) fn check_where(
    tokens: &[String],
    from: usize,
    table: usize,
    tables: &BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    let Some((table, alias)) = table_at(tokens, table, tables, faults) else {
        return;
    };
    let end = scope_end(tokens, from);
    let condition = at_depth(tokens, from, end, &["WHERE"]).map(|at| at + 1);
    let first =
        condition.is_some_and(|at| starts_with_tenant(tokens, at, &tenant_of(alias.as_ref())));
    if !first {
        faults.push(format!("{table}: the first condition is not on tenant_id"));
    }
    check_no_or(tokens, condition, end, faults);
}

/// Whether `tenant_id = something` stands there, alone or before `AND`.
pub(crate) fn starts_with_tenant(tokens: &[String], at: usize, tenant: &str) -> bool {
    let is_value = |token: &String| {
        token.starts_with('$') || token.to_lowercase().ends_with("tenant_id") || token == "?"
    };
    is(tokens.get(at), tenant)
        && is(tokens.get(at + 1), "=")
        && tokens.get(at + 2).is_some_and(is_value)
}

/// An `OR` beside the condition on the tenant would reach past it.
pub(crate) fn check_no_or(
    tokens: &[String],
    from: Option<usize>,
    end: usize,
    faults: &mut Vec<String>,
) {
    if from.is_some_and(|from| at_depth(tokens, from, end, &["OR"]).is_some()) {
        faults.push("an OR stands beside the condition on tenant_id".to_owned());
    }
}

pub(crate) fn check_insert(
    tokens: &[String],
    at: usize,
    tables: &BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    let Some(table) = tokens.get(at + 2).map(|table| table.to_lowercase()) else {
        return;
    };
    if !tables.contains(&table) {
        faults.push(format!("{table} is no table of the migrations"));
    }
    if !is(tokens.get(at + 3), "(") {
        faults.push(format!("{table}: the columns of an INSERT are not named"));
    }
    if WITHOUT_TENANT.contains(&table.as_str()) {
        return;
    }
    if !is(tokens.get(at + 4), "tenant_id") {
        faults.push(format!("{table}: tenant_id is not the first column"));
    }
    let conflict = tokens[at..]
        .windows(4)
        .find(|four| is(four.first(), "ON") && is(four.get(1), "CONFLICT"));
    if conflict.is_some_and(|four| four[2] != "(" || !is(four.last(), "tenant_id")) {
        faults.push(format!(
            "{table}: ON CONFLICT does not begin with tenant_id"
        ));
    }
}

pub(crate) fn check_select(
    tokens: &[String],
    at: usize,
    tables: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let end = scope_end(tokens, at);
    let Some(from) = at_depth(tokens, at, end, &["FROM"]) else {
        return;
    };
    let condition = at_depth(tokens, from, end, &["WHERE"]);
    let stop = condition.unwrap_or(end);
    if at_depth(tokens, from, stop, &[","]).is_some()
        && at_depth(tokens, from, stop, &["ORDER", "GROUP"]).is_none()
    {
        findings
            .faults
            .push("tables are joined by a comma".to_owned());
    }
    check_joins(tokens, from, stop, tables, &mut findings.faults);
    let Some((table, alias)) = table_at(tokens, from + 1, tables, &mut findings.faults) else {
        return;
    };
    match condition {
        Some(place) if starts_with_tenant(tokens, place + 1, &tenant_of(alias.as_ref())) => {
            check_no_or(tokens, Some(place), end, &mut findings.faults);
        }
        // The whole text without its WHERE: `Conditions` adds it.
        None if at == 0 && end == tokens.len() => {
            findings.open.push(alias.unwrap_or_default());
        }
        Some(_) | None => {
            let fault = format!("{table}: the first condition is not on tenant_id");
            findings.faults.push(fault);
        }
    }
}

/// The `ON` of every join begins with the tenants' equality.
pub(crate) fn check_joins(
    tokens: &[String],
    from: usize,
    stop: usize,
    tables: &BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    let mut at = from;
    while let Some(join) = at_depth(tokens, at, stop, &["JOIN"]) {
        at = join + 1;
        let Some((table, alias)) = table_at(tokens, at, tables, faults) else {
            continue;
        };
        let tenant = tenant_of(alias.as_ref().or(Some(&table)));
        if is(tokens.get(join.wrapping_sub(1)), "CROSS") {
            // It has no ON: the condition behind it begins with the tenant.
            if !is(tokens.get(stop), "WHERE") || !starts_with_tenant(tokens, stop + 1, &tenant) {
                faults.push(format!("{table}: WHERE does not begin with tenant_id"));
            }
            continue;
        }
        let on = at_depth(tokens, at, stop, &["ON"]).unwrap_or(stop);
        let sides = [tokens.get(on + 1), tokens.get(on + 3)];
        let equal = is(tokens.get(on + 2), "=")
            && sides.iter().any(|side| is(*side, &tenant))
            && sides
                .iter()
                .all(|side| side.is_some_and(|side| side.ends_with(".tenant_id")));
        if !equal {
            faults.push(format!("{table}: ON does not begin with tenant_id"));
        }
    }
}
