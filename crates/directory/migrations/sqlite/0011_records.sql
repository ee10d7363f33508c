-- What forms store around a user. has_records: 1 where there is, or once was, any of it; NULL:
-- none, and none is asked for.
ALTER TABLE users ADD COLUMN has_records INTEGER;

-- kind: properties (the user's own: one row, without a name), profile (one of a name),
-- relationship, transactable. other_id: whom a relationship is with. title, external_id: of a
-- transactable. properties: one JSON object.
CREATE TABLE records (
    tenant_id   INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    id          INTEGER NOT NULL,
    other_id    INTEGER,
    title       TEXT,
    external_id TEXT,
    enabled     INTEGER NOT NULL,
    properties  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind, name, id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_id ON records (tenant_id, id);
CREATE INDEX records_kind ON records (tenant_id, kind, name, user_id, id);

-- The properties that lists of users are filtered by. number: of numbers, and of times, in
-- milliseconds, as a double in the order of its bits (store/records.rs); text: of texts and booleans, long ones as their digest.
CREATE TABLE property_values (
    tenant_id INTEGER NOT NULL,
    user_id   INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    path      TEXT NOT NULL,
    number    INTEGER,
    text      TEXT,
    PRIMARY KEY (tenant_id, user_id, record_id, path),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX property_values_number ON property_values (tenant_id, path, number, user_id)
    WHERE number IS NOT NULL;
CREATE INDEX property_values_text ON property_values (tenant_id, path, text, user_id)
    WHERE text IS NOT NULL;
