-- Who changed what, when and from where. Outlives what it tells of: it names things by public ids and refers to no row.
CREATE TABLE audit (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    org BLOB,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    address TEXT NOT NULL,
    request TEXT NOT NULL,
    details TEXT NOT NULL -- JSON
) STRICT;
-- Read newest first, of all or of one organization; trimmed by age.
CREATE INDEX audit_org ON audit (org, place) WHERE org IS NOT NULL;
CREATE INDEX audit_at ON audit (at);
-- Lists show keys in force.
CREATE INDEX api_keys_in_force ON api_keys (org, id) WHERE revoked_at IS NULL;
