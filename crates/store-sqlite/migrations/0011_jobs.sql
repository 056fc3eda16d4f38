-- Long work that outlives the process: of each kind the running job, or the last.
CREATE TABLE jobs (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER, -- NULL while it runs
    error TEXT NOT NULL,
    progress TEXT NOT NULL, -- JSON
    PRIMARY KEY (session, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_running ON jobs (kind) WHERE finished_at IS NULL;
