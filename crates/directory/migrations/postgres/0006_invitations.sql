-- account_id: the account that its events are told in. requested_at: when its message was last
-- asked for; NULL: when it was made. channel, sent_to, sent_at: how, where to (the canonical form)
-- and when the message went out whose secret holds. ended_reason: accepted, revoked.
ALTER TABLE invitations ADD COLUMN account_id BIGINT;
ALTER TABLE invitations ADD COLUMN requested_at TIMESTAMPTZ(3);
ALTER TABLE invitations ADD COLUMN channel TEXT;
ALTER TABLE invitations ADD COLUMN sent_to TEXT;
ALTER TABLE invitations ADD COLUMN sent_at TIMESTAMPTZ(3);
ALTER TABLE invitations ADD COLUMN ended_reason TEXT;
CREATE UNIQUE INDEX invitations_secret ON invitations (tenant_id, secret_hash)
    WHERE secret_hash IS NOT NULL;
