-- Where a job was last reported from, in ten-millionths of a degree.
ALTER TABLE jobs ADD COLUMN latitude_e7 BIGINT;
ALTER TABLE jobs ADD COLUMN longitude_e7 BIGINT;
CREATE INDEX jobs_account ON jobs (tenant_id, account_id, worker_id, state, state_at);

-- Each state that a job came into, with the worker who had it then. at: when that was, as reported.
CREATE TABLE job_transitions (
    tenant_id    BIGINT NOT NULL,
    worker_id    BIGINT NOT NULL,
    at           TIMESTAMPTZ(3) NOT NULL,
    id           BIGINT NOT NULL,
    job_id       BIGINT NOT NULL,
    state        TEXT NOT NULL,
    latitude_e7  BIGINT,
    longitude_e7 BIGINT,
    PRIMARY KEY (tenant_id, worker_id, at, id),
    FOREIGN KEY (tenant_id, worker_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id)
);

-- What lists of users are led by. Deleted users are in none, so that a page is found in the index
-- alone, and its rows are read then.
DROP INDEX users_last_name;
DROP INDEX users_first_name;
DROP INDEX users_external_id;
DROP INDEX users_customer;
DROP INDEX users_updated;
CREATE INDEX users_live ON users (tenant_id, id) WHERE deleted_at IS NULL;
CREATE INDEX users_last_name ON users (tenant_id, last_name_key, id)
    WHERE last_name_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_first_name ON users (tenant_id, first_name_key, id)
    WHERE first_name_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_external_id ON users (tenant_id, external_id, id)
    WHERE external_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_customer ON users (tenant_id, customer_id, id)
    WHERE customer_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_updated ON users (tenant_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_kind ON users (tenant_id, kind, id)
    WHERE kind IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_state ON users (tenant_id, state, id)
    WHERE state IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_onboarding ON users (tenant_id, onboarding_state, id)
    WHERE onboarding_state IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_w2_status ON users (tenant_id, w2_onboarding_status, id)
    WHERE w2_onboarding_status IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX users_drug_tested ON users (tenant_id, drug_tested, id)
    WHERE drug_tested IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX group_members_user ON group_members (tenant_id, group_id, user_id);
