-- How far the import of a file has come, by the SHA-256 of its content, and what was refused of it.
-- Both are written with the users of the same lines, so that an import which is broken off goes on exactly there.

-- line, position: how many lines and bytes are done, counted from the start of the file.
CREATE TABLE imports (
    tenant_id   BIGINT NOT NULL,
    digest      TEXT NOT NULL,
    line        BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    unchanged   BIGINT NOT NULL,
    refused     BIGINT NOT NULL,
    started_at  TIMESTAMPTZ(3) NOT NULL,
    updated_at  TIMESTAMPTZ(3) NOT NULL,
    finished_at TIMESTAMPTZ(3),
    PRIMARY KEY (tenant_id, digest)
);

-- reason: what is wrong with the line, as JSON; it names fields and holds no value of them.
CREATE TABLE import_refusals (
    tenant_id BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    line      BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, digest, line)
);
