//! Dynamic conditions: the only place where SQL text is put together at run time. Every
//! value is bound; only texts of this crate reach the statement.

use super::Value;

const EACH: &str = "SELECT n.id FROM (";
const END: &str = ") n";

/// How the numbers of a page's rows are found.
pub(crate) struct Numbers {
    /// What selects them, as `id`.
    pub(crate) of: &'static str,
    /// The condition that the index begins with, for each lead; unused where there is none.
    pub(crate) lead: &'static str,
    /// Their order.
    pub(crate) order: &'static str,
    /// The same, of what several searches found.
    pub(crate) merged: &'static str,
}

/// One row more than a page holds: it shows whether another page follows.
pub(crate) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// A statement that ends with `IN` and goes on with `rest` behind a list, whose values are bound
/// after those that it has.
pub(crate) fn listing<'a>(
    statement: &'static str,
    mut params: Vec<Value<'a>>,
    values: &[i64],
    rest: &'static str,
) -> (String, Vec<Value<'a>>) {
    // As for `and_in`: few texts.
    let last = values.last().copied();
    let padding = last.map(|last| std::iter::repeat_n(last, values.len().next_power_of_two()));
    let padding = padding.into_iter().flatten().skip(values.len());
    let mut places = Vec::new();
    for value in values.iter().copied().chain(padding) {
        params.push(value.into());
        places.push(format!("${}", params.len()));
    }
    let places = if places.is_empty() {
        // Nothing is NULL's equal.
        "NULL".to_owned()
    } else {
        places.join(", ")
    };
    (format!("{statement} ({places}) {rest}"), params)
}

/// The rows of a table with these numbers, which `select` ends with, as `e`; each is searched for by
/// itself. Of `IN` and several numbers SQLite thinks that an index on the tenant alone is better,
/// and reads all that it has.
pub(crate) fn numbered<'a>(
    select: &'static str,
    table: &'static str,
    tenant: impl Into<Value<'a>>,
    numbers: &[i64],
) -> (String, Vec<Value<'a>>) {
    let mut params: Vec<Value<'a>> = Vec::new();
    // As for `and_in`: few texts. Nothing has the number 0.
    let padding = std::iter::repeat_n(0, numbers.len().next_power_of_two() - numbers.len());
    let mut rows = Vec::new();
    for number in numbers.iter().copied().chain(padding) {
        params.push(number.into());
        rows.push(format!("(CAST(${} AS BIGINT))", params.len()));
    }
    params.push(tenant.into());
    let (columns, rows) = (select.trim_end_matches(table), rows.join(", "));
    let tenant = params.len();
    (
        format!(
            "{columns}(VALUES {rows}) n CROSS JOIN {table} \
             WHERE e.tenant_id = ${tenant} AND e.id = n.column1"
        ),
        params,
    )
}

/// A WHERE clause under construction, and its parameters.
pub(crate) struct Conditions<'a> {
    text: String,
    params: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    /// Starts with `condition` on a first value: always the tenant.
    pub(crate) fn new(condition: &'static str, value: impl Into<Value<'a>>) -> Self {
        let mut conditions = Self {
            text: String::new(),
            params: Vec::new(),
        };
        conditions.and(condition, value);
        conditions
    }

    /// Adds a condition on one value; `?` stands for its place.
    pub(crate) fn and(&mut self, condition: &'static str, value: impl Into<Value<'a>>) {
        let place = self.bind(value);
        self.join();
        self.text.push_str(&condition.replace('?', &place));
    }

    /// Adds a condition without a value.
    pub(crate) fn and_plain(&mut self, condition: &'static str) {
        self.join();
        self.text.push_str(condition);
    }

    /// Adds `column IN (…)`; an empty list matches nothing.
    pub(crate) fn and_in<V: Into<Value<'a>>>(
        &mut self,
        column: &'static str,
        values: impl IntoIterator<Item = V>,
    ) {
        let mut values: Vec<Value<'a>> = values.into_iter().map(Into::into).collect();
        // Lengths that are powers of two make few texts, each of which a server prepares.
        if let Some(last) = values.last().cloned() {
            values.resize(values.len().next_power_of_two(), last);
        }
        let places: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        self.join();
        if places.is_empty() {
            self.text.push_str("1 = 0");
        } else {
            self.text
                .push_str(&format!("{column} IN ({})", places.join(", ")));
        }
    }

    /// Adds a condition on two values; the first `?` stands for the first's place.
    pub(crate) fn and_pair(
        &mut self,
        condition: &'static str,
        first: impl Into<Value<'a>>,
        second: impl Into<Value<'a>>,
    ) {
        let places = [self.bind(first), self.bind(second)];
        self.join();
        self.push_pair(condition, &places);
    }

    /// Adds `exists`, which ends with its bracket, with one more condition on two values in it.
    pub(crate) fn and_pair_within(
        &mut self,
        exists: &'static str,
        condition: &'static str,
        first: impl Into<Value<'a>>,
        second: impl Into<Value<'a>>,
    ) {
        let places = [self.bind(first), self.bind(second)];
        self.join();
        self.text.push_str(exists.trim_end_matches(')'));
        self.join();
        self.push_pair(condition, &places);
        self.text.push(')');
    }

    fn push_pair(&mut self, condition: &'static str, places: &[String; 2]) {
        let mut places = places.iter();
        for piece in condition.split_inclusive('?') {
            match piece.strip_suffix('?').zip(places.next()) {
                Some((before, place)) => {
                    self.text.push_str(before);
                    self.text.push_str(place);
                }
                None => self.text.push_str(piece),
            }
        }
    }

    /// `select WHERE conditions rest`, and the parameters; `limit` is bound last.
    pub(crate) fn statement(
        mut self,
        select: &'static str,
        rest: &'static str,
        limit: i64,
    ) -> (String, Vec<Value<'a>>) {
        let place = self.bind(limit);
        (
            format!("{select} WHERE {} {rest} LIMIT {place}", self.text),
            self.params,
        )
    }

    /// As [`Conditions::statement`], passing over the first rows.
    pub(crate) fn page(
        mut self,
        select: &'static str,
        rest: &'static str,
        limit: i64,
        offset: i64,
    ) -> (String, Vec<Value<'a>>) {
        let (limit, offset) = (self.bind(limit), self.bind(offset));
        (
            format!(
                "{select} WHERE {} {rest} LIMIT {limit} OFFSET {offset}",
                self.text
            ),
            self.params,
        )
    }

    /// As [`Conditions::statement`], ordered by these texts, each descending or not, from an
    /// offset on. What is NULL comes last.
    pub(crate) fn sorted(
        mut self,
        select: &'static str,
        order: &[(&'static str, bool)],
        limit: i64,
        offset: i64,
    ) -> (String, Vec<Value<'a>>) {
        let (limit, offset) = (self.bind(limit), self.bind(offset));
        let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
        let order: Vec<String> = order
            .iter()
            .map(|(by, descending)| format!("{by} {} NULLS LAST", direction(*descending)))
            .collect();
        let order = order.join(", ");
        (
            format!(
                "{select} WHERE {} ORDER BY {order} LIMIT {limit} OFFSET {offset}",
                self.text
            ),
            self.params,
        )
    }

    /// As [`Conditions::statement`], without a limit.
    pub(crate) fn whole(
        self,
        select: &'static str,
        rest: &'static str,
    ) -> (String, Vec<Value<'a>>) {
        (format!("{select} WHERE {} {rest}", self.text), self.params)
    }

    /// The rows of `users u`, which `select` ends with, whose numbers a list of its own finds: it
    /// needs no row where indexes hold all that is asked. The tenant is the first value bound.
    ///
    /// With several `leads`, each is searched for in an index by itself, as far as the page goes,
    /// so that no more is read than matches, and nothing sorted that came in order.
    pub(crate) fn rows_of(
        mut self,
        select: &'static str,
        numbers: &Numbers,
        leads: Vec<Value<'a>>,
        limit: i64,
        offset: i64,
    ) -> (String, Vec<Value<'a>>) {
        let Numbers {
            of,
            lead,
            order,
            merged,
        } = numbers;
        let several = leads.len() > 1;
        let mut branches = Vec::new();
        let mut reach = None;
        for value in leads {
            let condition = lead.replace('?', &self.bind(value));
            let mut branch = format!("{of} WHERE {} AND {condition}", self.text);
            if several {
                let end = limit.saturating_add(offset);
                let reach = reach.get_or_insert_with(|| self.bind(end));
                branch = format!("{EACH}{branch} {order} LIMIT {reach}{END}");
            }
            branches.push(branch);
        }
        if branches.is_empty() {
            branches.push(format!("{of} WHERE {}", self.text));
        }
        let found = branches.join(" UNION ALL ");
        let order = if several { merged } else { order };
        let places = [self.bind(limit), self.bind(offset)];
        let [limit, offset] = places;
        // CROSS makes SQLite read what was found first, and is a plain join on PostgreSQL.
        let columns = select.trim_end_matches("users u");
        (
            format!(
                "{columns}({found} {order} LIMIT {limit} OFFSET {offset}) n \
                 CROSS JOIN users u WHERE u.tenant_id = $1 AND u.id = n.id"
            ),
            self.params,
        )
    }

    fn bind(&mut self, value: impl Into<Value<'a>>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    fn join(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_in_the_order_of_their_places() {
        let mut conditions = Conditions::new("tenant_id = ?", 1_i64);
        conditions.and_in("state", ["CA", "NY"]);
        conditions.and_plain("deleted_at IS NULL");
        conditions.and_pair("(updated_at, id) > (?, ?)", 7_i64, 8_i64);
        let (sql, params) = conditions.statement("SELECT id FROM users", "ORDER BY id", 50);
        assert_eq!(
            sql,
            "SELECT id FROM users WHERE tenant_id = $1 AND state IN ($2, $3) \
             AND deleted_at IS NULL AND (updated_at, id) > ($4, $5) ORDER BY id LIMIT $6"
        );
        assert_eq!(params.len(), 6);
    }

    #[test]
    fn the_rows_of_a_page_are_found_by_number_for_each_value_as_far_as_the_page_goes() {
        let numbers = Numbers {
            of: "SELECT u.id FROM users u",
            lead: "u.state = ?",
            order: "ORDER BY u.id",
            merged: "ORDER BY 1",
        };
        let found = |leads: &[&'static str]| {
            let conditions = Conditions::new("u.tenant_id = ?", 1_i64);
            let leads = leads.iter().map(|lead| Value::from(*lead)).collect();
            conditions.rows_of("SELECT u.uid FROM users u", &numbers, leads, 50, 100)
        };
        let (one, params) = found(&["CA"]);
        assert_eq!(
            one,
            "SELECT u.uid FROM (SELECT u.id FROM users u WHERE u.tenant_id = $1 AND u.state = $2 \
             ORDER BY u.id LIMIT $3 OFFSET $4) n \
             CROSS JOIN users u WHERE u.tenant_id = $1 AND u.id = n.id"
        );
        assert_eq!(params.len(), 4);
        let (two, params) = found(&["CA", "NY"]);
        assert_eq!(
            two,
            "SELECT u.uid FROM (SELECT n.id FROM (SELECT u.id FROM users u WHERE u.tenant_id = $1 \
             AND u.state = $2 ORDER BY u.id LIMIT $3) n UNION ALL \
             SELECT n.id FROM (SELECT u.id FROM users u WHERE u.tenant_id = $1 \
             AND u.state = $4 ORDER BY u.id LIMIT $3) n ORDER BY 1 LIMIT $5 OFFSET $6) n \
             CROSS JOIN users u WHERE u.tenant_id = $1 AND u.id = n.id"
        );
        assert_eq!(params.len(), 6);
        assert!(params[2] == Value::Int(150));
    }

    #[test]
    fn a_pair_stands_within_the_brackets_of_what_exists() {
        let mut conditions = Conditions::new("u.tenant_id = ?", 1_i64);
        let exists = "EXISTS (SELECT 1 FROM jobs j WHERE j.tenant_id = u.tenant_id)";
        conditions.and_pair_within(exists, "j.account_id = ? AND j.state_at >= ?", 2_i64, 3_i64);
        conditions.and_plain("u.deleted_at IS NULL");
        let (sql, _) = conditions.whole("SELECT u.id FROM users u", "");
        assert_eq!(
            sql.trim_end(),
            "SELECT u.id FROM users u WHERE u.tenant_id = $1 AND EXISTS (SELECT 1 FROM jobs j \
             WHERE j.tenant_id = u.tenant_id AND j.account_id = $2 AND j.state_at >= $3) \
             AND u.deleted_at IS NULL"
        );
    }

    #[test]
    fn numbers_are_bound_in_the_order_of_their_places_and_the_tenant_after_them() {
        let (sql, params) = numbered("e.type from events e", "events e", 1_i64, &[7, 8, 9]);
        let number = |place| format!("(CAST(${place} AS BIGINT))");
        let rows: Vec<String> = (1..=4).map(number).collect();
        let found = sql.strip_prefix("e.type from (VALUES ").unwrap();
        let rest = found.strip_prefix(&rows.join(", ")).unwrap();
        assert_eq!(
            rest,
            ") n CROSS JOIN events e WHERE e.tenant_id = $5 AND e.id = n.column1"
        );
        assert!(params == [7_i64, 8, 9, 0, 1].map(Value::Int));
    }

    #[test]
    fn a_list_goes_on_after_what_is_bound_before_it() {
        let statement = "DELETE FROM users WHERE tenant_id = $1 AND id IN";
        let (sql, params) = listing(statement, vec![1_i64.into()], &[7, 8, 9], "RETURNING id");
        assert_eq!(
            sql,
            "DELETE FROM users WHERE tenant_id = $1 AND id IN ($2, $3, $4, $5) RETURNING id"
        );
        assert!(params == [1_i64, 7, 8, 9, 9].map(Value::Int));
        let (sql, params) = listing(statement, vec![1_i64.into()], &[], "");
        assert!(sql.ends_with("IN (NULL) "), "{sql}");
        assert_eq!(params.len(), 1);
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        let mut conditions = Conditions::new("tenant_id = ?", 1_i64);
        conditions.and_in("state", Vec::<String>::new());
        assert!(conditions.whole("SELECT 1", "").0.contains("1 = 0"));
    }
}
