-- The foundation: tenants, users and what stands around them.
-- Every key starts with tenant_id, so that the tables can be sharded by it as they stand.
-- Without a tenant: tenants, id_leases (and the migrator's own table).

CREATE TABLE tenants (
    id         BIGINT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at TIMESTAMPTZ(3) NOT NULL
);

CREATE TABLE id_leases (
    kind TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- attributes: what no filter uses, as one JSON object (store/users.rs, Attributes).
CREATE TABLE users (
    tenant_id            BIGINT NOT NULL,
    id                   BIGINT NOT NULL,
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
    customer_id          BIGINT,
    employer_role        TEXT,
    team_id              BIGINT,
    pending_since        TIMESTAMPTZ(3),
    suspended_at         TIMESTAMPTZ(3),
    deleted_at           TIMESTAMPTZ(3),
    created_by           TEXT,
    updated_by           TEXT,
    created_at           TIMESTAMPTZ(3) NOT NULL,
    updated_at           TIMESTAMPTZ(3) NOT NULL,
    version              BIGINT NOT NULL,
    attributes           JSONB NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_uid ON users (tenant_id, uid);
CREATE INDEX users_last_name ON users (tenant_id, last_name_key, id) WHERE last_name_key IS NOT NULL;
CREATE INDEX users_first_name ON users (tenant_id, first_name_key, id) WHERE first_name_key IS NOT NULL;
CREATE INDEX users_external_id ON users (tenant_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX users_customer ON users (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX users_updated ON users (tenant_id, updated_at, id);

-- The one way to be unique.
CREATE TABLE claims (
    tenant_id BIGINT NOT NULL,
    scope     TEXT NOT NULL,
    value     TEXT NOT NULL,
    owner_id  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, scope, value)
);

CREATE TABLE credentials (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    secret     TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    updated_at TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE accounts (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    name       TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    updated_at TIMESTAMPTZ(3) NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE account_members (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    role       TEXT NOT NULL,
    is_admin   BOOLEAN NOT NULL,
    is_primary BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX account_members_account ON account_members (tenant_id, account_id, user_id);

CREATE TABLE groups (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    slug        TEXT NOT NULL,
    name        TEXT NOT NULL,
    public_name TEXT,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    updated_at  TIMESTAMPTZ(3) NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE group_members (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    group_id   BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    permission BIGINT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    updated_at TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
);
CREATE INDEX group_members_group ON group_members (tenant_id, group_id, id);

CREATE TABLE badges (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT,
    info_url    TEXT,
    icon_url    TEXT,
    is_soft     BOOLEAN NOT NULL,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE user_badges (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    badge_id   BIGINT NOT NULL,
    expires_at TIMESTAMPTZ(3),
    created_at TIMESTAMPTZ(3) NOT NULL,
    suspended  BOOLEAN NOT NULL,
    category   TEXT,
    PRIMARY KEY (tenant_id, user_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, badge_id) REFERENCES badges (tenant_id, id)
);
CREATE UNIQUE INDEX user_badges_once ON user_badges (tenant_id, user_id, badge_id);

CREATE TABLE roles (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    name        TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, name);

-- account_id 0: given tenant-wide.
CREATE TABLE user_roles (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    role_id    BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role_id, account_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
);

-- account_id 0: the default for all accounts. channels: a comma list.
CREATE TABLE notification_preferences (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    event      TEXT NOT NULL,
    channels   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, account_id, event),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE invitations (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    user_id     BIGINT NOT NULL,
    group_id    BIGINT,
    permission  BIGINT,
    redirect_to TEXT,
    secret_hash TEXT,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    expires_at  TIMESTAMPTZ(3) NOT NULL,
    ended_at    TIMESTAMPTZ(3),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX invitations_user ON invitations (tenant_id, user_id);

-- id: the public part of the credential. scopes: a comma list.
CREATE TABLE keys (
    tenant_id   BIGINT NOT NULL,
    id          TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    name        TEXT NOT NULL,
    account_id  BIGINT,
    owner_email TEXT,
    public_pool BOOLEAN NOT NULL,
    scopes      TEXT NOT NULL,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    expires_at  TIMESTAMPTZ(3),
    revoked_at  TIMESTAMPTZ(3),
    PRIMARY KEY (tenant_id, id)
);

-- Access tokens made from a key; only the hash is kept.
CREATE TABLE access_tokens (
    tenant_id   BIGINT NOT NULL,
    secret_hash TEXT NOT NULL,
    key_id      TEXT NOT NULL,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    expires_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, key_id) REFERENCES keys (tenant_id, id)
);
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);

-- change: {"old":{…},"new":{…}}, what changed and nothing secret.
CREATE TABLE events (
    tenant_id    BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    type         TEXT NOT NULL,
    account_id   BIGINT,
    actor_type   TEXT NOT NULL,
    actor_id     TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    change       JSONB NOT NULL,
    request_id   TEXT NOT NULL,
    created_at   TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_subject ON events (tenant_id, subject_type, subject_id, id);

-- Jobs decide whom a key with Public Pool access sees.
CREATE TABLE jobs (
    tenant_id   BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    external_id TEXT NOT NULL,
    name        TEXT,
    worker_id   BIGINT NOT NULL,
    account_id  BIGINT NOT NULL,
    state       TEXT NOT NULL,
    state_at    TIMESTAMPTZ(3) NOT NULL,
    created_at  TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, worker_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE UNIQUE INDEX jobs_external_id ON jobs (tenant_id, external_id);
CREATE INDEX jobs_worker ON jobs (tenant_id, worker_id, account_id);

-- The first answer to a request that named an Idempotency-Key.
CREATE TABLE idempotency_records (
    tenant_id    BIGINT NOT NULL,
    principal    TEXT NOT NULL,
    route        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status       BIGINT NOT NULL,
    location     TEXT,
    etag         TEXT,
    body         TEXT NOT NULL,
    created_at   TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, principal, route, key)
);
CREATE INDEX idempotency_records_age ON idempotency_records (tenant_id, created_at);
