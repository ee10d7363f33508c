-- That somebody asked for a new password for an email, until it is looked at whose that is: so that
-- asking takes as long whether it is anybody's.
CREATE TABLE password_reset_requests (
    tenant_id  INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    email_key  TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- The link by which a user may choose another password; one a user. secret_hash, sent_to: of the
-- message whose link holds; NULL until it is made.
CREATE TABLE password_resets (
    tenant_id    INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    secret_hash  TEXT,
    sent_to      TEXT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX password_resets_secret ON password_resets (tenant_id, secret_hash)
    WHERE secret_hash IS NOT NULL;
