-- That somebody signed up through a public form, until it is looked at whose the email is: so that
-- signing up takes as long whether it is anybody's. content: what the form took, as JSON, and the
-- claims that wait for it; their owner is the number of the row, negated.
CREATE TABLE sign_ups (
    tenant_id  INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    content    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
