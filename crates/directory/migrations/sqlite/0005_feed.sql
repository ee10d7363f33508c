-- position: the event's place in its tenant's feed, stamped once it is committed; NULL until then.
-- external_id: the id that another system reported it by, behind the account that it reports for. occurred_at: when that system says it
-- happened.
ALTER TABLE events ADD COLUMN position INTEGER;
ALTER TABLE events ADD COLUMN external_id TEXT;
ALTER TABLE events ADD COLUMN occurred_at INTEGER;
CREATE INDEX events_unplaced ON events (tenant_id, created_at, id) WHERE position IS NULL;
CREATE UNIQUE INDEX events_position ON events (tenant_id, position) WHERE position IS NOT NULL;
CREATE UNIQUE INDEX events_external_id ON events (tenant_id, external_id)
    WHERE external_id IS NOT NULL;
-- What the feed can be asked for: partial, so that writing an event adds to none of them.
CREATE INDEX events_type ON events (tenant_id, type, position) WHERE position IS NOT NULL;
CREATE INDEX events_actor ON events (tenant_id, actor_type, actor_id, position)
    WHERE position IS NOT NULL;
CREATE INDEX events_account ON events (tenant_id, account_id, position)
    WHERE position IS NOT NULL AND account_id IS NOT NULL;

-- position: the last place given in a tenant's feed.
CREATE TABLE feed_heads (
    tenant_id INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT;

-- event_types: a comma list; empty: all. secret, old_secret: sealed; the old one still signs until
-- old_secret_until. failing_since: when the first of the failures without a success between came.
CREATE TABLE webhooks (
    tenant_id        INTEGER NOT NULL,
    id               INTEGER PRIMARY KEY,
    url              TEXT NOT NULL,
    description      TEXT,
    event_types      TEXT NOT NULL,
    account_id       INTEGER,
    secret           TEXT NOT NULL,
    old_secret       TEXT,
    old_secret_until INTEGER,
    disabled_at      INTEGER,
    disabled_reason  TEXT,
    failing_since    INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_tenant ON webhooks (tenant_id, id);

-- What is to leave the server, or left it: an event on its way to a webhook or a person. lane:
-- what goes out together, "webhook:7", "email", "sms"; one that is stuck holds up no other.
-- recipient: whose message it is, a user's number; 0 for a webhook. due_at: when the next attempt
-- is due, or when a lost one is made again; NULL: none. lease: which attempt is under way.
-- earlier: attempts before it was sent once more. since: when the schedule of attempts began.
CREATE TABLE deliveries (
    tenant_id   INTEGER NOT NULL,
    lane        TEXT NOT NULL,
    event_id    INTEGER NOT NULL,
    recipient   INTEGER NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    earlier     INTEGER NOT NULL,
    due_at      INTEGER,
    lease       INTEGER,
    since       INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, lane, event_id, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (tenant_id, lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_event ON deliveries (tenant_id, event_id);

CREATE TABLE delivery_attempts (
    tenant_id   INTEGER NOT NULL,
    lane        TEXT NOT NULL,
    event_id    INTEGER NOT NULL,
    recipient   INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    status      INTEGER,
    duration_ms INTEGER NOT NULL,
    answer      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, lane, event_id, recipient, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_attempts_event ON delivery_attempts (tenant_id, event_id);

-- Lanes of webhooks that are deleted: what is on them goes in small steps.
CREATE TABLE ended_lanes (
    tenant_id INTEGER NOT NULL,
    lane      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, lane)
) STRICT, WITHOUT ROWID;

-- erased_at: when what was known of a deleted user was taken away for good.
ALTER TABLE users ADD COLUMN erased_at INTEGER;
