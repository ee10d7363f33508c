-- What a user's next digest tells of, and what the last ones told of. cadence: weekly, monthly.
-- period: the digest's own date, in days since 1970-01-01; 0: the next. account_id 0: the whole
-- tenant. happened: how often. newest, second, third: the numbers of the last events; 0: none.
CREATE TABLE digest_entries (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    cadence    TEXT NOT NULL,
    period     BIGINT NOT NULL,
    event      TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    happened   BIGINT NOT NULL,
    newest     BIGINT NOT NULL,
    second     BIGINT NOT NULL,
    third      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, cadence, period, event, account_id)
);
CREATE INDEX digest_entries_closed ON digest_entries (tenant_id, period) WHERE period > 0;

-- When a user's next digest is due. period: its date; 0: yet to be found. due_at: when that is to
-- be looked at; NULL: nothing waits to be told. last_period: the date of the last digest.
CREATE TABLE digest_schedules (
    tenant_id   BIGINT NOT NULL,
    user_id     BIGINT NOT NULL,
    cadence     TEXT NOT NULL,
    period      BIGINT NOT NULL,
    due_at      TIMESTAMPTZ(3),
    last_period BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, cadence)
);
CREATE INDEX digest_schedules_due ON digest_schedules (tenant_id, due_at)
    WHERE due_at IS NOT NULL;
