-- What callers set on chats and WhatsApp has not taken yet: the newest word of each kind.
CREATE TABLE chat_settings (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    chat INTEGER NOT NULL,
    kind TEXT NOT NULL,      -- archived, pinned, muted
    value INTEGER,           -- 0 or 1; of muted: until when, NULL = not muted
    at INTEGER NOT NULL,     -- when it was said
    handed INTEGER NOT NULL, -- something of this kind was given to WhatsApp, the outcome unknown
    PRIMARY KEY (session, chat, kind)
) STRICT, WITHOUT ROWID;

-- The search index: a segment for each run of 2,048 message row ids, built once the run is over.
-- docs: times and ids of its messages, newest first; may be large, so a rowid table.
CREATE TABLE search_segments (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    oldest INTEGER NOT NULL,
    docs BLOB NOT NULL,
    PRIMARY KEY (session, segment)
) STRICT;
CREATE INDEX search_segments_newest ON search_segments (session, newest DESC, segment DESC, oldest);

-- Which of a segment's messages hold a term. A new segment's rows come after all others: writing one appends.
CREATE TABLE search_postings (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    term INTEGER NOT NULL,   -- packed code points; below zero: a chat's row id, negated
    bits BLOB NOT NULL,
    PRIMARY KEY (session, segment, term)
) STRICT, WITHOUT ROWID;

-- Deleted chats whose messages are still to be taken out of segments.
CREATE TABLE search_purges (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    chat INTEGER NOT NULL,
    PRIMARY KEY (session, chat)
) STRICT, WITHOUT ROWID;
