-- Forms: which fields of a user a request may fill in, as their operator wrote it.

-- format: yaml or json; source: the text itself. is_public: 1 for a page that anybody may fill in.
-- rules: what the form holds of all users, as JSON: what is unique, and what lists are filtered by.
CREATE TABLE forms (
    tenant_id  INTEGER NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    resource   TEXT NOT NULL,
    is_public  INTEGER NOT NULL,
    format     TEXT NOT NULL,
    source     TEXT NOT NULL,
    rules      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- Every version that was ever stored.
CREATE TABLE form_versions (
    tenant_id  INTEGER NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    format     TEXT NOT NULL,
    source     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    PRIMARY KEY (tenant_id, name, version)
) STRICT, WITHOUT ROWID;

-- rules: those of all forms of a tenant together, for which one row is made when it is first asked
-- for. Who writes what they are about reads the row,
-- and who stores a form takes it, so that a rule holds from one moment on for everybody.
CREATE TABLE form_heads (
    tenant_id INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    rules     TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT;
