-- That somebody asked for a new password for an email, until it is looked at whose that is: so that
-- asking takes as long whether it is anybody's.
CREATE TABLE password_reset_requests (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    email_key  TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The link by which a user may choose another password; one a user. secret_hash, sent_to: of the
-- message whose link holds; NULL until it is made.
CREATE TABLE password_resets (
    tenant_id    BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    requested_at TIMESTAMPTZ(3) NOT NULL,
    expires_at   TIMESTAMPTZ(3) NOT NULL,
    secret_hash  TEXT,
    sent_to      TEXT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX password_resets_secret ON password_resets (tenant_id, secret_hash)
    WHERE secret_hash IS NOT NULL;
