//! People who log in here.

use crate::{
    columns::{bytes32, known, limit, ulid, ulid_opt},
    error::Fault,
    rows::Rows,
};
use rusqlite::{Row, params};
use wharf_domain::{
    Result,
    ports::store::{AccountsTx, AccountsView, InvitationRow, LoginRow, MembershipRow, UserRow},
};
use wharf_types::{InvitationId, LoginId, Millis, OrgId, Role, UserId};

fn user_row(row: &Row<'_>) -> Result<UserRow, Fault> {
    Ok(UserRow {
        id: UserId::new(ulid(row, 0)?),
        email: row.get(1)?,
        folded: row.get(2)?,
        name: row.get(3)?,
        password: row.get(4)?,
        super_admin: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn membership_row(row: &Row<'_>) -> Result<MembershipRow, Fault> {
    Ok(MembershipRow {
        org: OrgId::new(ulid(row, 0)?),
        user: UserId::new(ulid(row, 1)?),
        role: known(row, 2, Role::parse, "role")?,
        created_at: row.get(3)?,
    })
}

fn login_row(row: &Row<'_>) -> Result<LoginRow, Fault> {
    Ok(LoginRow {
        id: LoginId::new(ulid(row, 0)?),
        user: UserId::new(ulid(row, 1)?),
        org: ulid_opt(row, 2)?.map(OrgId::new),
        hash: bytes32(row, 3, "hash")?,
        address: row.get(4)?,
        created_at: row.get(5)?,
        used_at: row.get(6)?,
        expires_at: row.get(7)?,
        ended_at: row.get(8)?,
    })
}

fn invitation_row(row: &Row<'_>) -> Result<InvitationRow, Fault> {
    Ok(InvitationRow {
        id: InvitationId::new(ulid(row, 0)?),
        org: OrgId::new(ulid(row, 1)?),
        hash: bytes32(row, 2, "hash")?,
        email: row.get(3)?,
        role: known(row, 4, Role::parse, "role")?,
        created_by: ulid_opt(row, 5)?.map(UserId::new),
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
        used_at: row.get(8)?,
    })
}

impl AccountsView for Rows<'_> {
    fn user(&self, id: &UserId) -> Result<Option<UserRow>> {
        self.one(
            "SELECT id, email, folded, name, password, super_admin, created_at, updated_at
             FROM users WHERE id = ?1",
            params![id.ulid().to_bytes()],
            user_row,
        )
    }

    fn user_by_email(&self, folded: &str) -> Result<Option<UserRow>> {
        self.one(
            "SELECT id, email, folded, name, password, super_admin, created_at, updated_at
             FROM users WHERE folded = ?1",
            params![folded],
            user_row,
        )
    }

    fn membership(&self, org: &OrgId, user: &UserId) -> Result<Option<MembershipRow>> {
        self.one(
            "SELECT org, user, role, created_at FROM memberships WHERE org = ?1 AND user = ?2",
            params![org.ulid().to_bytes(), user.ulid().to_bytes()],
            membership_row,
        )
    }

    fn memberships_of(
        &self,
        user: &UserId,
        after: Option<OrgId>,
        rows: usize,
    ) -> Result<Vec<MembershipRow>> {
        let after = after.map(|id| id.ulid().to_bytes()).unwrap_or_default();
        self.many(
            "SELECT org, user, role, created_at FROM memberships
             WHERE user = ?1 AND org > ?2 ORDER BY org LIMIT ?3",
            params![user.ulid().to_bytes(), after, limit(rows)],
            membership_row,
        )
    }

    fn org_members(
        &self,
        org: &OrgId,
        after: Option<UserId>,
        rows: usize,
    ) -> Result<Vec<MembershipRow>> {
        let after = after.map(|id| id.ulid().to_bytes()).unwrap_or_default();
        self.many(
            "SELECT org, user, role, created_at FROM memberships
             WHERE org = ?1 AND user > ?2 ORDER BY user LIMIT ?3",
            params![org.ulid().to_bytes(), after, limit(rows)],
            membership_row,
        )
    }

    fn owners(&self, org: &OrgId) -> Result<u32> {
        let count = self.one(
            "SELECT count(*) FROM memberships WHERE org = ?1 AND role = 'owner'",
            params![org.ulid().to_bytes()],
            |row| Ok(row.get(0)?),
        )?;
        Ok(count.unwrap_or(0))
    }

    fn login(&self, id: &LoginId) -> Result<Option<LoginRow>> {
        self.one(
            "SELECT id, user, org, hash, address, created_at, used_at, expires_at, ended_at
             FROM logins WHERE id = ?1",
            params![id.ulid().to_bytes()],
            login_row,
        )
    }

    fn invitation_by_hash(&self, hash: &[u8; 32]) -> Result<Option<InvitationRow>> {
        self.one(
            "SELECT id, org, hash, email, role, created_by, created_at, expires_at, used_at
             FROM invitations WHERE hash = ?1",
            params![hash],
            invitation_row,
        )
    }

    fn invitations(
        &self,
        org: &OrgId,
        after: Option<InvitationId>,
        rows: usize,
    ) -> Result<Vec<InvitationRow>> {
        let after = after.map(|id| id.ulid().to_bytes()).unwrap_or_default();
        self.many(
            "SELECT id, org, hash, email, role, created_by, created_at, expires_at, used_at
             FROM invitations WHERE org = ?1 AND id > ?2 AND used_at IS NULL ORDER BY id LIMIT ?3",
            params![org.ulid().to_bytes(), after, limit(rows)],
            invitation_row,
        )
    }
}

impl AccountsTx for Rows<'_> {
    fn put_user(&mut self, row: &UserRow) -> Result<()> {
        self.run(
            "INSERT INTO users (id, email, folded, name, password, super_admin, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET email = excluded.email, folded = excluded.folded,
                 name = excluded.name, password = excluded.password, super_admin = excluded.super_admin,
                 updated_at = excluded.updated_at",
            params![
                row.id.ulid().to_bytes(),
                row.email,
                row.folded,
                row.name,
                row.password,
                row.super_admin,
                row.created_at,
                row.updated_at,
            ],
        )?;
        Ok(())
    }

    fn put_membership(&mut self, row: &MembershipRow) -> Result<()> {
        self.run(
            "INSERT INTO memberships (org, user, role, created_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (org, user) DO UPDATE SET role = excluded.role",
            params![
                row.org.ulid().to_bytes(),
                row.user.ulid().to_bytes(),
                row.role.as_str(),
                row.created_at,
            ],
        )?;
        Ok(())
    }

    fn delete_membership(&mut self, org: &OrgId, user: &UserId) -> Result<bool> {
        let gone = self.run(
            "DELETE FROM memberships WHERE org = ?1 AND user = ?2",
            params![org.ulid().to_bytes(), user.ulid().to_bytes()],
        )?;
        Ok(gone == 1)
    }

    fn put_login(&mut self, row: &LoginRow) -> Result<()> {
        self.run(
            "INSERT INTO logins (id, user, org, hash, address, created_at, used_at, expires_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET org = excluded.org, hash = excluded.hash,
                 used_at = excluded.used_at, expires_at = excluded.expires_at, ended_at = excluded.ended_at",
            params![
                row.id.ulid().to_bytes(),
                row.user.ulid().to_bytes(),
                row.org.map(|org| org.ulid().to_bytes()),
                row.hash,
                row.address,
                row.created_at,
                row.used_at,
                row.expires_at,
                row.ended_at,
            ],
        )?;
        Ok(())
    }

    fn end_logins(&mut self, user: &UserId, but: Option<LoginId>, at: Millis) -> Result<usize> {
        let but = but.map(|id| id.ulid().to_bytes());
        self.run(
            "UPDATE logins SET ended_at = ?3
             WHERE user = ?1 AND ended_at IS NULL AND (?2 IS NULL OR id <> ?2)",
            params![user.ulid().to_bytes(), but, at],
        )
    }

    fn put_invitation(&mut self, row: &InvitationRow) -> Result<()> {
        self.run(
            "INSERT INTO invitations
                 (id, org, hash, email, role, created_by, created_at, expires_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (org, id) DO UPDATE SET used_at = excluded.used_at",
            params![
                row.id.ulid().to_bytes(),
                row.org.ulid().to_bytes(),
                row.hash,
                row.email,
                row.role.as_str(),
                row.created_by.map(|id| id.ulid().to_bytes()),
                row.created_at,
                row.expires_at,
                row.used_at,
            ],
        )?;
        Ok(())
    }

    fn delete_invitation(&mut self, org: &OrgId, id: &InvitationId) -> Result<bool> {
        let gone = self.run(
            "DELETE FROM invitations WHERE org = ?1 AND id = ?2 AND used_at IS NULL",
            params![org.ulid().to_bytes(), id.ulid().to_bytes()],
        )?;
        Ok(gone == 1)
    }

    fn trim_accounts(&mut self, before: Millis, rows: usize) -> Result<usize> {
        let logins = self.run(
            "DELETE FROM logins WHERE id IN
                 (SELECT id FROM logins WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
            params![before, limit(rows)],
        )?;
        let invitations = self.run(
            "DELETE FROM invitations WHERE (org, id) IN
                 (SELECT org, id FROM invitations WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
            params![before, limit(rows - logins)],
        )?;
        Ok(logins + invitations)
    }
}
