-- Session data: every table has the session first in its key, and goes with the session's row (CASCADE).
-- WITHOUT ROWID where the key is the way in; rows that may be large (messages, outbox) are rowid tables,
-- since a clustered key would carry them into the inner pages of the tree.
-- ULIDs are their 16 bytes; times are Unix milliseconds; an absent fact is NULL, an unknown text is ''.

CREATE TABLE orgs (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE org_claims (
    issuer TEXT NOT NULL,
    value TEXT NOT NULL,
    org BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    org BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    capabilities INTEGER NOT NULL,
    sessions BLOB NOT NULL, -- ULIDs end to end; stays as it is when a session goes: a limited key stays limited
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a deleted session is never given again.
CREATE TABLE sessions (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    org BLOB NOT NULL REFERENCES orgs (id),
    id BLOB NOT NULL,
    label TEXT NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    auto_read INTEGER NOT NULL,
    presence_typing INTEGER NOT NULL,
    mark_online INTEGER NOT NULL,
    rate_per_min INTEGER NOT NULL,
    rate_per_hour INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    status_since INTEGER NOT NULL,
    status_until INTEGER,
    last_connected_at INTEGER,
    phone TEXT,
    lid TEXT,
    push_name TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    history_complete INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_org ON sessions (org, no);

-- The last number given of each kind. Apart from the session's row, because every event writes it.
CREATE TABLE counters (
    session INTEGER PRIMARY KEY REFERENCES sessions (no) ON DELETE CASCADE,
    seq INTEGER NOT NULL DEFAULT 0,
    person INTEGER NOT NULL DEFAULT 0,
    chat INTEGER NOT NULL DEFAULT 0,
    message INTEGER NOT NULL DEFAULT 0,
    grp INTEGER NOT NULL DEFAULT 0,
    member INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE people (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    lid TEXT,
    phone TEXT,
    address_book TEXT NOT NULL,
    business TEXT NOT NULL,
    push TEXT NOT NULL,
    flags INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    sort_key TEXT, -- NULL for people in no list
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX people_lid ON people (session, lid) WHERE lid IS NOT NULL;
CREATE UNIQUE INDEX people_phone ON people (session, phone) WHERE phone IS NOT NULL;
CREATE INDEX people_name ON people (session, sort_key, id) WHERE sort_key IS NOT NULL;

-- Where merged ids lead. kind: 'i' row id, 'l' LID, 'p' phone. Always one step: a merge moves what led to the
-- dropped row.
CREATE TABLE person_aliases (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    dropped TEXT NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (session, kind, dropped)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_aliases_kept ON person_aliases (session, kept);

CREATE TABLE postings (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    list BLOB NOT NULL,
    chunk INTEGER NOT NULL,
    bits BLOB NOT NULL,
    PRIMARY KEY (session, list, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE chats (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    person INTEGER, -- of a direct chat
    jid TEXT,       -- of every other
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    archived INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    muted_until INTEGER,
    unread INTEGER NOT NULL,
    last_at INTEGER,
    PRIMARY KEY (session, id),
    CHECK ((person IS NULL) <> (jid IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chats_person ON chats (session, person) WHERE person IS NOT NULL;
CREATE UNIQUE INDEX chats_jid ON chats (session, jid) WHERE jid IS NOT NULL;
-- The filters' columns ride along, so that a selective filter walks the index alone.
CREATE INDEX chats_order ON chats (session, pinned DESC, coalesce(last_at, 0) DESC, id DESC, kind, archived, unread);

CREATE TABLE messages (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    sender INTEGER NOT NULL, -- 0: the account itself
    wa_id TEXT NOT NULL,
    from_me INTEGER NOT NULL,
    at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    extra TEXT NOT NULL, -- JSON, '' when there is nothing particular
    ack_level INTEGER NOT NULL,
    status TEXT,
    error TEXT NOT NULL,
    edited INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) STRICT;
CREATE INDEX messages_chat ON messages (session, chat, at DESC, id DESC);
CREATE UNIQUE INDEX messages_wa_id ON messages (session, wa_id, chat, sender);
-- For merges only: whose messages to repoint.
CREATE INDEX messages_sender ON messages (session, sender) WHERE sender <> 0;

CREATE TABLE recipients (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    message INTEGER NOT NULL,
    members INTEGER NOT NULL,
    PRIMARY KEY (session, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    message INTEGER NOT NULL,
    member INTEGER NOT NULL, -- the person's row
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (session, message, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_member ON receipts (session, member);

CREATE TABLE groups (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    jid TEXT NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at_wa INTEGER,
    owner INTEGER,
    announce INTEGER NOT NULL,
    locked INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    participant_count INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX groups_jid ON groups (session, jid);
CREATE INDEX groups_owner ON groups (session, owner) WHERE owner IS NOT NULL;

CREATE TABLE members (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    grp INTEGER NOT NULL,
    person INTEGER NOT NULL,
    role TEXT NOT NULL,
    tag TEXT NOT NULL,
    present INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX members_person ON members (session, person, grp);
CREATE INDEX members_present ON members (session, grp, id) WHERE present = 1;

-- place: the order of acceptance, which a clock set back does not disturb.
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id BLOB NOT NULL,
    to_jid TEXT NOT NULL,
    chat INTEGER NOT NULL,
    message INTEGER NOT NULL,
    wa_id TEXT NOT NULL,
    content TEXT NOT NULL, -- JSON
    secret BLOB NOT NULL,
    status TEXT NOT NULL,
    error_code TEXT,
    error_words TEXT,
    error_until INTEGER,
    sync INTEGER NOT NULL,
    reference TEXT NOT NULL,
    send_at INTEGER,
    expires_at INTEGER,
    accepted_at INTEGER NOT NULL,
    handed_at INTEGER,
    attempts INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- What the rate counts: handed over, or synchronous and accepted.
    counted_at INTEGER GENERATED ALWAYS AS (coalesce(handed_at, iif(sync, accepted_at, NULL))) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX outbox_id ON outbox (session, id);
CREATE INDEX outbox_queued ON outbox (session, place) WHERE status = 'queued';
CREATE INDEX outbox_newest ON outbox (session, accepted_at DESC, id DESC);
CREATE INDEX outbox_counted ON outbox (session, counted_at) WHERE counted_at IS NOT NULL;
CREATE INDEX outbox_message ON outbox (session, message);
CREATE INDEX outbox_chat ON outbox (session, chat);

CREATE TABLE idempotency (
    org BLOB NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    session BLOB NOT NULL,
    outbox BLOB NOT NULL,
    http_status INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (org, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);
CREATE INDEX idempotency_session ON idempotency (session);

-- The log outlives its sessions: it names them by public id, and refers to no row.
CREATE TABLE events (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    org BLOB NOT NULL,
    session BLOB,
    seq INTEGER,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_org ON events (org, place);
CREATE UNIQUE INDEX events_seq ON events (session, seq) WHERE session IS NOT NULL;

-- Sealed by the engine's owner before it comes here.
CREATE TABLE device_state (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    space INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (session, space, key)
) STRICT, WITHOUT ROWID;
