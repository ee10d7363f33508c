-- Forms: which fields of a user a request may fill in, as their operator wrote it.

-- format: yaml or json; source: the text itself. is_public: whether it is a page that anybody may fill in.
-- rules: what the form holds of all users, as JSON: what is unique, and what lists are filtered by.
CREATE TABLE forms (
    tenant_id  BIGINT NOT NULL,
    name       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    resource   TEXT NOT NULL,
    is_public  BOOLEAN NOT NULL,
    format     TEXT NOT NULL,
    source     TEXT NOT NULL,
    rules      JSONB NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    updated_at TIMESTAMPTZ(3) NOT NULL,
    updated_by TEXT,
    PRIMARY KEY (tenant_id, name)
);

-- Every version that was ever stored.
CREATE TABLE form_versions (
    tenant_id  BIGINT NOT NULL,
    name       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    format     TEXT NOT NULL,
    source     TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    created_by TEXT,
    PRIMARY KEY (tenant_id, name, version)
);

-- rules: those of all forms of a tenant together, for which one row is made when it is first asked
-- for. Who writes what they are about reads the row,
-- and who stores a form takes it, so that a rule holds from one moment on for everybody.
CREATE TABLE form_heads (
    tenant_id BIGINT NOT NULL,
    revision  BIGINT NOT NULL,
    rules     JSONB NOT NULL,
    PRIMARY KEY (tenant_id)
);
