-- The sessions that were made from a key end when it gets another secret.
CREATE INDEX sessions_key ON sessions (tenant_id, key_id) WHERE key_id IS NOT NULL;
