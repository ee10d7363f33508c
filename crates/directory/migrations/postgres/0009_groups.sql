-- made_by: the user who made it. allows_frames: whether its pages may be framed; NULL: no.
ALTER TABLE groups ADD COLUMN made_by BIGINT;
ALTER TABLE groups ADD COLUMN allows_frames BOOLEAN;

-- gone_at: when its user was deleted; NULL while they are there. Lists of members are counted and
-- passed over in indexes alone: in that of all, less those of who is gone.
ALTER TABLE group_members ADD COLUMN gone_at TIMESTAMPTZ(3);
UPDATE group_members SET gone_at = (SELECT u.deleted_at FROM users u
    WHERE u.tenant_id = group_members.tenant_id AND u.id = group_members.user_id);
CREATE INDEX group_members_gone ON group_members (tenant_id, group_id, id, gone_at)
    WHERE gone_at IS NOT NULL;
CREATE UNIQUE INDEX group_members_id ON group_members (tenant_id, id)
    WHERE gone_at IS NULL;

-- password_rule: which rule its person's password keeps: composed; NULL: our own. silent: whether
-- no message is sent of it; NULL: one is.
ALTER TABLE invitations ADD COLUMN password_rule TEXT;
ALTER TABLE invitations ADD COLUMN silent BOOLEAN;
CREATE INDEX invitations_group ON invitations (tenant_id, group_id, id)
    WHERE group_id IS NOT NULL AND ended_at IS NULL;

-- group_id: only events of this group. terms: what it was asked for in, by the API that it was
-- made through, which alone reads it.
ALTER TABLE webhooks ADD COLUMN group_id BIGINT;
ALTER TABLE webhooks ADD COLUMN terms TEXT;

-- Where pages may lead to once they are done, each exactly.
CREATE TABLE redirects (
    tenant_id  BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    uri        TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX redirects_uri ON redirects (tenant_id, uri);
