-- owner_key: the canonical form of owner_email. owner_left_at: when the user with that email was
-- deleted, or took another; nobody acts by the key from then on, until somebody has it again.
ALTER TABLE keys ADD COLUMN owner_key TEXT;
ALTER TABLE keys ADD COLUMN owner_left_at TIMESTAMPTZ(3);
CREATE INDEX keys_owner ON keys (tenant_id, owner_key) WHERE owner_key IS NOT NULL;

UPDATE keys SET owner_key = (SELECT lower(trim(k.owner_email)) FROM keys k
    WHERE k.tenant_id = keys.tenant_id AND k.id = keys.id);
UPDATE keys SET owner_left_at = (SELECT max(u.deleted_at) FROM users u
    WHERE u.tenant_id = keys.tenant_id AND u.email_key = keys.owner_key
    AND u.pending_since IS NULL AND u.deleted_at > keys.created_at)
    WHERE owner_key IS NOT NULL;
