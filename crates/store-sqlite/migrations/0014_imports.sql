-- Imports of backups. Everything before (part, place) is stored; the key is never.
CREATE TABLE imports (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id BLOB NOT NULL,
    status TEXT NOT NULL, -- running, done, failed
    part INTEGER NOT NULL,
    place INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    progress INTEGER NOT NULL,
    error TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imports_running ON imports (session) WHERE status = 'running';
