-- What a user's client shows that it is theirs; of its secret, only the hash. key_id: the key that
-- it was made from, and ends with. by_type, by_id: who acts as the user, where another does, and
-- why. used_at: when it was last used, within some minutes. address, agent: where it was begun.
CREATE TABLE sessions (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    secret_hash TEXT NOT NULL,
    user_id     BIGINT NOT NULL,
    method      TEXT NOT NULL,
    key_id      TEXT,
    by_type     TEXT,
    by_id       TEXT,
    reason      TEXT,
    address     TEXT,
    agent       TEXT,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    used_at     TIMESTAMPTZ(3) NOT NULL,
    expires_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX sessions_secret ON sessions (tenant_id, secret_hash);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id, id);
CREATE INDEX sessions_expiry ON sessions (tenant_id, expires_at);
CREATE INDEX sessions_by ON sessions (tenant_id, by_id) WHERE by_id IS NOT NULL;

-- What a user may do that comes from no role. account_id 0: tenant-wide. permissions: a comma list.
CREATE TABLE user_permissions (
    tenant_id   BIGINT NOT NULL,
    user_id     BIGINT NOT NULL,
    account_id  BIGINT NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- change_due: since when another secret is to be chosen before this one lets anybody in.
ALTER TABLE credentials ADD COLUMN change_due TIMESTAMPTZ(3);

-- acting_as: the user as whom the actor acted.
ALTER TABLE events ADD COLUMN acting_as BIGINT;

-- updated_at, version: NULL: not changed yet.
ALTER TABLE roles ADD COLUMN updated_at TIMESTAMPTZ(3);
ALTER TABLE roles ADD COLUMN version BIGINT;
CREATE INDEX user_roles_role ON user_roles (tenant_id, role_id, user_id);
