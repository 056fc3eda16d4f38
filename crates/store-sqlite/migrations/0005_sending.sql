-- Sessions: a proxy of their own (sealed; shown without credentials), the time until which WhatsApp lets the account
-- write to nobody new, and deletion in steps: `deleted` hides the row from every verb, `erased_to` is the last seq
-- whose payload is gone.
ALTER TABLE sessions ADD COLUMN proxy BLOB;
ALTER TABLE sessions ADD COLUMN proxy_shown TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN locked_until INTEGER;
ALTER TABLE sessions ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN erased_to INTEGER NOT NULL DEFAULT 0;
CREATE INDEX sessions_deleted ON sessions (no) WHERE deleted = 1;

-- The outbox by status, newest first.
CREATE INDEX outbox_status ON outbox (session, status, accepted_at DESC, id DESC);
