-- Channels: what they are, and which message is which post. The server numbers posts and names them by number where it
-- tells of reactions; posts that were missed are found by the gap behind the newest number.
CREATE TABLE channels (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    jid TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    invite TEXT NOT NULL,
    role TEXT NOT NULL,
    muted INTEGER NOT NULL,
    followers INTEGER NOT NULL,
    created_at_wa INTEGER,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (session, jid)
) STRICT, WITHOUT ROWID;

CREATE TABLE posts (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (session, chat, number)
) STRICT, WITHOUT ROWID;

-- What is made once under a caller's key and is no send: the answer itself.
ALTER TABLE idempotency ADD COLUMN answer TEXT NOT NULL DEFAULT '';
