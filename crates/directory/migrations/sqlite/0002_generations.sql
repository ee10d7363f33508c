-- generation: moves when what caches hold of a tenant ends, as with a key that is revoked.
-- NULL: never yet.
ALTER TABLE tenants ADD COLUMN generation INTEGER;
