-- What is done to messages. Reactions and votes stand on the message's own row; what was told before its message
-- was waits here, by the message's WhatsApp id. place: the order of arrival.
CREATE TABLE waiting_deeds (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    wa_id TEXT NOT NULL,
    at INTEGER NOT NULL, -- when it was kept
    deed TEXT NOT NULL   -- JSON
) STRICT;
CREATE INDEX waiting_deeds_message ON waiting_deeds (session, wa_id);
CREATE INDEX waiting_deeds_age ON waiting_deeds (session, at);

-- Edits, revocations, reactions and votes go through the outbox too; the session's rates do not count them.
ALTER TABLE outbox ADD COLUMN counted INTEGER NOT NULL DEFAULT 1;
