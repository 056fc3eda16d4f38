-- Sessions: a proxy of their own (sealed; shown without credentials), the time until which WhatsApp lets the account
-- write to nobody new, and deletion in steps: `deleted` hides the row from every verb, `erased_to` is the last seq
-- whose payload is gone.
ALTER TABLE sessions ADD COLUMN proxy BLOB;
ALTER TABLE sessions ADD COLUMN proxy_shown TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN locked_until INTEGER;
ALTER TABLE sessions ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN erased_to INTEGER NOT NULL DEFAULT 0;
-- Linked to an account now. The number alone does not tell: it stays when the phone has unlinked the session.
ALTER TABLE sessions ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET linked = 1 WHERE phone IS NOT NULL AND status <> 'logged_out';
CREATE INDEX sessions_deleted ON sessions (no) WHERE deleted = 1;

-- What runs out of time before it is handed over, soonest first.
CREATE INDEX outbox_expires ON outbox (expires_at) WHERE status = 'queued' AND attempts = 0 AND expires_at IS NOT NULL;
-- The outbox by status, newest first.
CREATE INDEX outbox_status ON outbox (session, status, accepted_at DESC, id DESC);
