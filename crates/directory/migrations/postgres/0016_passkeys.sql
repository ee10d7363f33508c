-- credential: the public key and what was agreed with its authenticator, as one JSON object
-- (passkeys/relying_party.rs); nothing in it lets anybody in. credential_hash: SHA-256 of its id.
CREATE TABLE passkeys (
    tenant_id       BIGINT NOT NULL,
    id              BIGINT NOT NULL,
    user_id         BIGINT NOT NULL,
    credential_hash TEXT NOT NULL,
    credential      TEXT NOT NULL,
    name            TEXT NOT NULL,
    sign_count      BIGINT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up       BOOLEAN NOT NULL,
    created_at      TIMESTAMPTZ(3) NOT NULL,
    updated_at      TIMESTAMPTZ(3) NOT NULL,
    used_at         TIMESTAMPTZ(3),
    version         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys (tenant_id, credential_hash);
CREATE INDEX passkeys_user ON passkeys (tenant_id, user_id, id);

-- A challenge that was given out, until it is answered or its time is over; of its secret, only
-- the hash. user_id: who registers; NULL: somebody signs in, and who is not known yet.
CREATE TABLE passkey_ceremonies (
    tenant_id   BIGINT NOT NULL,
    secret_hash TEXT NOT NULL,
    user_id     BIGINT,
    state       TEXT NOT NULL,
    expires_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (tenant_id, expires_at);
CREATE INDEX passkey_ceremonies_user ON passkey_ceremonies (tenant_id, user_id)
    WHERE user_id IS NOT NULL;

-- The link by which a user registers a passkey, the newest alone. secret_hash, sent_to: of its
-- message, once that is made. opened_at, used_at: when for the first time.
CREATE TABLE passkey_links (
    tenant_id    BIGINT NOT NULL,
    user_id      BIGINT NOT NULL,
    secret_hash  TEXT,
    sent_to      TEXT,
    requested_at TIMESTAMPTZ(3) NOT NULL,
    expires_at   TIMESTAMPTZ(3) NOT NULL,
    opened_at    TIMESTAMPTZ(3),
    used_at      TIMESTAMPTZ(3),
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX passkey_links_secret ON passkey_links (tenant_id, secret_hash)
    WHERE secret_hash IS NOT NULL;
CREATE INDEX passkey_links_expiry ON passkey_links (tenant_id, expires_at);
