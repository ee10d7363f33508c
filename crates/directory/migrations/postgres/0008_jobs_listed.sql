-- version: moves with each change of a job; NULL: never yet. Lists of jobs are led by their
-- number, or by whom or what they are asked for.
ALTER TABLE jobs ADD COLUMN version BIGINT;
CREATE INDEX jobs_of_worker ON jobs (tenant_id, worker_id, id);
CREATE INDEX jobs_of_account ON jobs (tenant_id, account_id, id);
CREATE INDEX jobs_in_state ON jobs (tenant_id, state, id);

-- expiry_told_at: when an event told that the invitation's time ran out; NULL: not yet, or not
-- since it was sent once more.
ALTER TABLE invitations ADD COLUMN expiry_told_at TIMESTAMPTZ(3);
CREATE INDEX invitations_expiring ON invitations (tenant_id, expires_at, id)
    WHERE ended_at IS NULL AND expiry_told_at IS NULL;
