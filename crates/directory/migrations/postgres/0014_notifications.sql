-- Who wants to be told of an event.
CREATE INDEX notification_preferences_event
    ON notification_preferences (tenant_id, event, account_id, user_id);

-- What every user is told of, whatever their preferences say. channels: a comma list.
CREATE TABLE mandatory_notifications (
    tenant_id BIGINT NOT NULL,
    event     TEXT NOT NULL,
    channels  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, event)
);

-- How far the feed's events were told to users. position: the last that all were told of.
-- user_id: the last user who was told of the one after it; 0: none was.
CREATE TABLE notification_cursors (
    tenant_id BIGINT NOT NULL,
    position  BIGINT NOT NULL,
    user_id   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- What a user's list on the website shows. position: the event's place in the feed, by which a
-- notification is named. Its words are those of the event, and go with it. unread: its position
-- until it is read.
CREATE TABLE notifications (
    tenant_id  BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    event_id   BIGINT NOT NULL,
    event      TEXT NOT NULL,
    account_id BIGINT,
    created_at TIMESTAMPTZ(3) NOT NULL,
    read_at    TIMESTAMPTZ(3),
    unread     BIGINT,
    PRIMARY KEY (tenant_id, user_id, position)
);
CREATE INDEX notifications_unread ON notifications (tenant_id, user_id, unread)
    WHERE unread IS NOT NULL;
CREATE INDEX notifications_read ON notifications (tenant_id, read_at) WHERE read_at IS NOT NULL;
CREATE INDEX notifications_age ON notifications (tenant_id, created_at);
