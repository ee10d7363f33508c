-- The foundation: tenants, users and what stands around them.
-- The PostgreSQL migration of the same name holds the same tables. Times are integer milliseconds.
-- Where an id alone is the key, ids are unique over all tenants, and the row is found by it faster.
-- Without a tenant: tenants, id_leases (and the migrator's own table).

CREATE TABLE tenants (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE id_leases (
    kind TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- attributes: what no filter uses, as one JSON object (store/users.rs, Attributes).
CREATE TABLE users (
    tenant_id            INTEGER NOT NULL,
    id                   INTEGER PRIMARY KEY,
    uid                  TEXT NOT NULL,
    kind                 TEXT,
    email                TEXT,
    email_key            TEXT,
    phone                TEXT,
    phone_key            TEXT,
    first_name           TEXT,
    last_name            TEXT,
    first_name_key       TEXT,
    last_name_key        TEXT,
    state                TEXT,
    external_id          TEXT,
    onboarding_state     TEXT,
    w2_onboarding_status TEXT,
    w2_employee_id       TEXT,
    drug_tested          TEXT,
    customer_id          INTEGER,
    employer_role        TEXT,
    team_id              INTEGER,
    pending_since        INTEGER,
    suspended_at         INTEGER,
    deleted_at           INTEGER,
    created_by           TEXT,
    updated_by           TEXT,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    attributes           TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_uid ON users (tenant_id, uid);
CREATE INDEX users_id ON users (tenant_id, id);
CREATE INDEX users_last_name ON users (tenant_id, last_name_key, id) WHERE last_name_key IS NOT NULL;
CREATE INDEX users_first_name ON users (tenant_id, first_name_key, id) WHERE first_name_key IS NOT NULL;
CREATE INDEX users_external_id ON users (tenant_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX users_customer ON users (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX users_updated ON users (tenant_id, updated_at, id);

-- The one way to be unique.
CREATE TABLE claims (
    tenant_id INTEGER NOT NULL,
    scope     TEXT NOT NULL,
    value     TEXT NOT NULL,
    owner_id  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, scope, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    secret     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    tenant_id  INTEGER NOT NULL,
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;

CREATE TABLE account_members (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    role       TEXT NOT NULL,
    is_admin   INTEGER NOT NULL,
    is_primary INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_members_account ON account_members (tenant_id, account_id, user_id);

CREATE TABLE groups (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    slug        TEXT NOT NULL,
    name        TEXT NOT NULL,
    public_name TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT;

CREATE TABLE group_members (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    group_id   INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    permission INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (group_id) REFERENCES groups (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_group ON group_members (tenant_id, group_id, id);

CREATE TABLE badges (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    info_url    TEXT,
    icon_url    TEXT,
    is_soft     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE user_badges (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    badge_id   INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    suspended  INTEGER NOT NULL,
    category   TEXT,
    PRIMARY KEY (tenant_id, user_id, id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (badge_id) REFERENCES badges (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_badges_once ON user_badges (tenant_id, user_id, badge_id);

CREATE TABLE roles (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, name);

-- account_id 0: given tenant-wide.
CREATE TABLE user_roles (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    role_id    INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role_id, account_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    FOREIGN KEY (role_id) REFERENCES roles (id)
) STRICT, WITHOUT ROWID;

-- account_id 0: the default for all accounts. channels: a comma list.
CREATE TABLE notification_preferences (
    tenant_id  INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    event      TEXT NOT NULL,
    channels   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id, event),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    user_id     INTEGER NOT NULL,
    group_id    INTEGER,
    permission  INTEGER,
    redirect_to TEXT,
    secret_hash TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;
CREATE INDEX invitations_user ON invitations (tenant_id, user_id);

-- id: the public part of the credential. scopes: a comma list.
CREATE TABLE keys (
    tenant_id   INTEGER NOT NULL,
    id          TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    name        TEXT NOT NULL,
    account_id  INTEGER,
    owner_email TEXT,
    public_pool INTEGER NOT NULL,
    scopes      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    revoked_at  INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- Access tokens made from a key; only the hash is kept.
CREATE TABLE access_tokens (
    tenant_id   INTEGER NOT NULL,
    secret_hash TEXT NOT NULL,
    key_id      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, key_id) REFERENCES keys (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);

-- change: {"old":{…},"new":{…}}, what changed and nothing secret.
CREATE TABLE events (
    tenant_id    INTEGER NOT NULL,
    id           INTEGER PRIMARY KEY,
    type         TEXT NOT NULL,
    account_id   INTEGER,
    actor_type   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    change       TEXT NOT NULL,
    request_id   TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX events_subject ON events (tenant_id, subject_type, subject_id, id);

-- Jobs decide whom a key with Public Pool access sees.
CREATE TABLE jobs (
    tenant_id   INTEGER NOT NULL,
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    name        TEXT,
    worker_id   INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    state       TEXT NOT NULL,
    state_at    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    FOREIGN KEY (worker_id) REFERENCES users (id),
    FOREIGN KEY (account_id) REFERENCES accounts (id)
) STRICT;
CREATE UNIQUE INDEX jobs_external_id ON jobs (tenant_id, external_id);
CREATE INDEX jobs_worker ON jobs (tenant_id, worker_id, account_id);

-- The first answer to a request that named an Idempotency-Key.
CREATE TABLE idempotency_records (
    tenant_id    INTEGER NOT NULL,
    principal    TEXT NOT NULL,
    route        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status       INTEGER NOT NULL,
    location     TEXT,
    etag         TEXT,
    body         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, principal, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_records_age ON idempotency_records (tenant_id, created_at);
