-- How far the import of a file has come, by the SHA-256 of its content, and what was refused of it.
-- Both are written with the users of the same lines, so that an import which is broken off goes on exactly there.

-- line, position: how many lines and bytes are done, counted from the start of the file.
CREATE TABLE imports (
    tenant_id   INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    line        INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    unchanged   INTEGER NOT NULL,
    refused     INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, digest)
) STRICT, WITHOUT ROWID;

-- reason: what is wrong with the line, as JSON; it names fields and holds no value of them.
CREATE TABLE import_refusals (
    tenant_id INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    line      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, digest, line)
) STRICT, WITHOUT ROWID;
