-- People who log in with a password kept here, and where they belong.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    folded TEXT NOT NULL, -- as it is looked up
    name TEXT NOT NULL,
    password TEXT NOT NULL, -- PHC form
    super_admin INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_folded ON users (folded);

CREATE TABLE memberships (
    org BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_user ON memberships (user, org);
CREATE INDEX memberships_owners ON memberships (org) WHERE role = 'owner';

-- hash: of the one refresh token that is good now. Earlier ones are known by their own seal.
CREATE TABLE logins (
    id BLOB NOT NULL PRIMARY KEY,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    org BLOB,
    hash BLOB NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_user ON logins (user);
CREATE INDEX logins_expires ON logins (expires_at);

CREATE TABLE invitations (
    org BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    hash BLOB NOT NULL, -- of the link's secret
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (org, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_hash ON invitations (hash);
CREATE INDEX invitations_expires ON invitations (expires_at);

-- A deleted organization is unknown to every verb; what it had goes in steps, its row last.
ALTER TABLE orgs ADD COLUMN deleted_at INTEGER;
CREATE INDEX orgs_deleted ON orgs (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX org_claims_org ON org_claims (org);
