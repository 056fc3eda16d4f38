-- Webhooks: a place in the log each, and what they owe behind it. secret and headers are sealed.
CREATE TABLE webhooks (
    id BLOB NOT NULL PRIMARY KEY,
    org BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    session BLOB,
    events TEXT NOT NULL, -- JSON
    active INTEGER NOT NULL,
    ordered INTEGER NOT NULL,
    headers BLOB NOT NULL,
    secret BLOB NOT NULL,
    old_secret BLOB,
    old_until INTEGER,
    policy TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    failing_since INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_org ON webhooks (org, id);
CREATE INDEX webhooks_active ON webhooks (id) WHERE active = 1;

-- Passed in the log and not delivered: failed, or waiting behind one that has.
CREATE TABLE owed (
    webhook BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    session BLOB,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (webhook, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX owed_due ON owed (webhook, due, place);
CREATE INDEX owed_session ON owed (webhook, session, place);

-- One row an attempt.
CREATE TABLE deliveries (
    no INTEGER PRIMARY KEY,
    webhook BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    place INTEGER NOT NULL,
    event BLOB NOT NULL,
    kind TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    status INTEGER,
    latency INTEGER NOT NULL,
    answer TEXT NOT NULL,
    error TEXT NOT NULL,
    next_at INTEGER
) STRICT;
CREATE UNIQUE INDEX deliveries_id ON deliveries (webhook, id);
CREATE INDEX deliveries_outcome ON deliveries (webhook, delivered, id);
CREATE INDEX deliveries_place ON deliveries (webhook, place, delivered);
