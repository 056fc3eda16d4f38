//! Organizations, issuer bindings, API keys, settings of the installation.

use crate::{
    columns::{bytes32, limit, ulid},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use ulid::Ulid;
use wharf_domain::{
    Error, Result,
    organizations::claims::Claim,
    ports::store::{KeyRow, OrgRow, OrganizationsTx, OrganizationsView},
};
use wharf_types::{Capabilities, KeyId, Millis, OrgId, SessionId};

fn org_row(row: &Row<'_>) -> Result<OrgRow, Fault> {
    Ok(OrgRow {
        id: OrgId::new(ulid(row, 0)?),
        name: row.get(1)?,
        created_at: row.get(2)?,
    })
}

fn key_row(row: &Row<'_>) -> Result<KeyRow, Fault> {
    let (sessions, rest) = row.get_ref(5)?.as_blob()?.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Fault::Corrupt("list of sessions"));
    }
    Ok(KeyRow {
        org: OrgId::new(ulid(row, 0)?),
        id: KeyId::new(ulid(row, 1)?),
        name: row.get(2)?,
        hash: bytes32(row, 3, "hash")?,
        capabilities: Capabilities::from_bits(row.get(4)?),
        sessions: sessions
            .iter()
            .map(|bytes| SessionId::new(Ulid::from_bytes(*bytes)))
            .collect(),
        expires_at: row.get(6)?,
        created_at: row.get(7)?,
        revoked_at: row.get(8)?,
    })
}

/// A foreign key that leads nowhere means the organization here.
fn no_such_org(error: Error) -> Error {
    match error {
        Error::NotFound(_) => Error::NotFound("organization"),
        other => other,
    }
}

impl OrganizationsView for Rows<'_> {
    fn org(&self, id: &OrgId) -> Result<Option<OrgRow>> {
        self.one(
            "SELECT id, name, created_at FROM orgs WHERE id = ?1 AND deleted_at IS NULL",
            params![id.ulid().to_bytes()],
            org_row,
        )
    }

    fn orgs(&self) -> Result<Vec<OrgRow>> {
        self.whole(
            "SELECT id, name, created_at FROM orgs WHERE deleted_at IS NULL ORDER BY id",
            [],
            org_row,
        )
    }

    fn orgs_deleted(&self) -> Result<Vec<OrgId>> {
        self.many(
            "SELECT id FROM orgs WHERE deleted_at IS NOT NULL",
            [],
            |row| Ok(OrgId::new(ulid(row, 0)?)),
        )
    }

    fn org_by_claim(&self, issuer: &str, value: &str) -> Result<Option<OrgId>> {
        self.one(
            "SELECT org FROM org_claims WHERE issuer = ?1 AND value = ?2",
            params![issuer, value],
            |row| Ok(OrgId::new(ulid(row, 0)?)),
        )
    }

    fn claims_of(&self, org: &OrgId) -> Result<Vec<Claim>> {
        let mut claims = self.many(
            "SELECT issuer, value FROM org_claims WHERE org = ?1",
            params![org.ulid().to_bytes()],
            |row| {
                Ok(Claim {
                    issuer: row.get(0)?,
                    value: row.get(1)?,
                })
            },
        )?;
        claims.sort_unstable_by(|a, b| (&a.issuer, &a.value).cmp(&(&b.issuer, &b.value)));
        Ok(claims)
    }

    fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>> {
        self.one(
            "SELECT org, id, name, hash, capabilities, sessions, expires_at, created_at, revoked_at
             FROM api_keys WHERE hash = ?1",
            params![hash],
            key_row,
        )
    }

    fn keys(&self, org: &OrgId) -> Result<Vec<KeyRow>> {
        self.many(
            "SELECT org, id, name, hash, capabilities, sessions, expires_at, created_at, revoked_at
             FROM api_keys WHERE org = ?1 ORDER BY id",
            params![org.ulid().to_bytes()],
            key_row,
        )
    }

    fn key(&self, org: &OrgId, id: &KeyId) -> Result<Option<KeyRow>> {
        self.one(
            "SELECT org, id, name, hash, capabilities, sessions, expires_at, created_at, revoked_at
             FROM api_keys WHERE org = ?1 AND id = ?2",
            params![org.ulid().to_bytes(), id.ulid().to_bytes()],
            key_row,
        )
    }

    fn keys_in_force(&self, org: &OrgId, after: Option<KeyId>, rows: usize) -> Result<Vec<KeyRow>> {
        let after = after.map(|id| id.ulid().to_bytes()).unwrap_or_default();
        self.many(
            "SELECT org, id, name, hash, capabilities, sessions, expires_at, created_at, revoked_at
             FROM api_keys WHERE org = ?1 AND id > ?2 AND revoked_at IS NULL ORDER BY id LIMIT ?3",
            params![org.ulid().to_bytes(), after, limit(rows)],
            key_row,
        )
    }

    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.one(
            "SELECT value FROM settings WHERE name = ?1",
            params![name],
            |row| Ok(row.get(0)?),
        )
    }
}

impl OrganizationsTx for Rows<'_> {
    fn insert_org(&mut self, row: &OrgRow) -> Result<()> {
        self.run(
            "INSERT INTO orgs (id, name, created_at) VALUES (?1, ?2, ?3)",
            params![row.id.ulid().to_bytes(), row.name, row.created_at],
        )?;
        Ok(())
    }

    fn update_org(&mut self, row: &OrgRow) -> Result<()> {
        self.run(
            "UPDATE orgs SET name = ?2 WHERE id = ?1 AND deleted_at IS NULL",
            params![row.id.ulid().to_bytes(), row.name],
        )?;
        Ok(())
    }

    fn delete_org(&mut self, org: &OrgId, at: Millis) -> Result<()> {
        let id = org.ulid().to_bytes();
        let marked = self.run(
            "UPDATE orgs SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
            params![id, at],
        )?;
        if marked == 0 {
            return Err(Error::NotFound("organization"));
        }
        self.run(
            "UPDATE api_keys SET revoked_at = ?2 WHERE org = ?1 AND revoked_at IS NULL",
            params![id, at],
        )?;
        self.run("DELETE FROM memberships WHERE org = ?1", params![id])?;
        self.run("DELETE FROM invitations WHERE org = ?1", params![id])?;
        self.run("DELETE FROM org_claims WHERE org = ?1", params![id])?;
        Ok(())
    }

    fn erase_org(&mut self, org: &OrgId, rows: usize) -> Result<bool> {
        let id = org.ulid().to_bytes();
        let there = self.one(
            "SELECT EXISTS (SELECT 1 FROM sessions WHERE org = ?1) FROM orgs
             WHERE id = ?1 AND deleted_at IS NOT NULL",
            params![id],
            |row| Ok(row.get::<_, bool>(0)?),
        )?;
        match there {
            None => return Ok(true),
            Some(true) => return Ok(false),
            Some(false) => {}
        }
        let mut left = rows;
        left -= self.run(
            "DELETE FROM events WHERE place IN (SELECT place FROM events WHERE org = ?1 LIMIT ?2)",
            params![id, limit(left)],
        )?;
        left -= self.run(
            "DELETE FROM idempotency WHERE org = ?1 AND key IN
                 (SELECT key FROM idempotency WHERE org = ?1 LIMIT ?2)",
            params![id, limit(left)],
        )?;
        left -= self.run(
            "DELETE FROM api_keys WHERE org = ?1 AND id IN
                 (SELECT id FROM api_keys WHERE org = ?1 LIMIT ?2)",
            params![id, limit(left)],
        )?;
        if left == 0 {
            return Ok(false);
        }
        self.run("DELETE FROM orgs WHERE id = ?1", params![id])?;
        Ok(true)
    }

    fn bind_org(&mut self, org: &OrgId, issuer: &str, value: &str) -> Result<()> {
        self.run(
            "INSERT INTO org_claims (issuer, value, org) VALUES (?1, ?2, ?3)",
            params![issuer, value, org.ulid().to_bytes()],
        )
        .map_err(no_such_org)?;
        Ok(())
    }

    fn unbind_org(&mut self, org: &OrgId, issuer: &str, value: &str) -> Result<()> {
        self.run(
            "DELETE FROM org_claims WHERE issuer = ?1 AND value = ?2 AND org = ?3",
            params![issuer, value, org.ulid().to_bytes()],
        )?;
        Ok(())
    }

    fn insert_key(&mut self, row: &KeyRow) -> Result<()> {
        let sessions: Vec<u8> = row
            .sessions
            .iter()
            .flat_map(|id| id.ulid().to_bytes())
            .collect();
        self.run(
            "INSERT INTO api_keys
                 (org, id, name, hash, capabilities, sessions, expires_at, created_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                row.org.ulid().to_bytes(),
                row.id.ulid().to_bytes(),
                row.name,
                row.hash,
                row.capabilities.bits(),
                sessions,
                row.expires_at,
                row.created_at,
                row.revoked_at,
            ],
        )
        .map_err(no_such_org)?;
        Ok(())
    }

    fn revoke_key(&mut self, org: &OrgId, id: &KeyId, at: Millis) -> Result<bool> {
        let revoked = self.run(
            "UPDATE api_keys SET revoked_at = ?3 WHERE org = ?1 AND id = ?2 AND revoked_at IS NULL",
            params![org.ulid().to_bytes(), id.ulid().to_bytes(), at],
        )?;
        Ok(revoked == 1)
    }

    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()> {
        self.run(
            "INSERT INTO settings (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, value],
        )?;
        Ok(())
    }
}
