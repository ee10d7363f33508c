-- What a user's client shows that it is theirs; of its secret, only the hash. key_id: the key that
-- it was made from, and ends with. by_type, by_id: who acts as the user, where another does, and
-- why. used_at: when it was last used, within some minutes. address, agent: where it was begun.
CREATE TABLE sessions (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    user_id     INTEGER NOT NULL,
    method      TEXT NOT NULL,
    key_id      TEXT,
    by_type     TEXT,
    by_id       TEXT,
    reason      TEXT,
    address     TEXT,
    agent       TEXT,
    created_at  INTEGER NOT NULL,
    used_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;
CREATE UNIQUE INDEX sessions_secret ON sessions (tenant_id, secret_hash);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id, id);
CREATE INDEX sessions_expiry ON sessions (tenant_id, expires_at);
CREATE INDEX sessions_by ON sessions (tenant_id, by_id) WHERE by_id IS NOT NULL;

-- What a user may do that comes from no role. account_id 0: tenant-wide. permissions: a comma list.
CREATE TABLE user_permissions (
    tenant_id   INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;

-- change_due: since when another secret is to be chosen before this one lets anybody in.
ALTER TABLE credentials ADD COLUMN change_due INTEGER;

-- acting_as: the user as whom the actor acted.
ALTER TABLE events ADD COLUMN acting_as INTEGER;

-- updated_at, version: NULL: not changed yet.
ALTER TABLE roles ADD COLUMN updated_at INTEGER;
ALTER TABLE roles ADD COLUMN version INTEGER;
CREATE INDEX user_roles_role ON user_roles (tenant_id, role_id, user_id);
