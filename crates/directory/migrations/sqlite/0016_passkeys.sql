-- credential: the public key and what was agreed with its authenticator, as one JSON object
-- (passkeys/relying_party.rs); nothing in it lets anybody in. credential_hash: SHA-256 of its id.
CREATE TABLE passkeys (
    tenant_id       INTEGER NOT NULL,
    id              INTEGER PRIMARY KEY,
    user_id         INTEGER NOT NULL,
    credential_hash TEXT NOT NULL,
    credential      TEXT NOT NULL,
    name            TEXT NOT NULL,
    sign_count      INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up       INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    used_at         INTEGER,
    version         INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;
CREATE UNIQUE INDEX passkeys_credential ON passkeys (tenant_id, credential_hash);
CREATE INDEX passkeys_user ON passkeys (tenant_id, user_id, id);

-- A challenge that was given out, until it is answered or its time is over; of its secret, only
-- the hash. user_id: who registers; NULL: somebody signs in, and who is not known yet.
CREATE TABLE passkey_ceremonies (
    tenant_id   INTEGER NOT NULL,
    secret_hash TEXT NOT NULL,
    user_id     INTEGER,
    state       TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (tenant_id, expires_at);
CREATE INDEX passkey_ceremonies_user ON passkey_ceremonies (tenant_id, user_id)
    WHERE user_id IS NOT NULL;

-- The link by which a user registers a passkey, the newest alone. secret_hash, sent_to: of its
-- message, once that is made. opened_at, used_at: when for the first time.
CREATE TABLE passkey_links (
    tenant_id    INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    secret_hash  TEXT,
    sent_to      TEXT,
    requested_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    opened_at    INTEGER,
    used_at      INTEGER,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX passkey_links_secret ON passkey_links (tenant_id, secret_hash)
    WHERE secret_hash IS NOT NULL;
CREATE INDEX passkey_links_expiry ON passkey_links (tenant_id, expires_at);
