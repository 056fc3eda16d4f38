//! What callers may do with sessions.

use super::{SessionProxy, SessionRow, SessionScope, SessionView, status};
use crate::{
    Domain, Error, Result,
    audit::By,
    cursor::{Binding, Page},
    ports::{engine::LinkCode, secrets::Secrets, store::StoreExt},
    sessions::SessionNo,
    wrong::Wrong,
};
use serde_json::json;
use std::sync::Arc;
use wharf_types::{OrgId, Phone, ProxyUrl, SessionId, SessionStatus};

/// Sends in any 60 s, unless set.
pub const DEFAULT_RATE_PER_MIN: u32 = 20;
/// Sends in any 3,600 s, unless set.
pub const DEFAULT_RATE_PER_HOUR: u32 = 600;
const MAX_LABEL: usize = 256;

/// Settings of a session; `None` leaves what is (or the default).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SessionSettings {
    /// The user's words for it.
    pub label: Option<String>,
    /// Send read receipts on its own.
    pub auto_read: Option<bool>,
    /// Show "typing…" before a send.
    pub presence_typing: Option<bool>,
    /// Appear online while connected.
    pub mark_online: Option<bool>,
    /// 1–60,000.
    pub rate_per_min: Option<i64>,
    /// 1–1,000,000.
    pub rate_per_hour: Option<i64>,
    /// `socks5://…` or `http://…`; "" = none of its own.
    pub proxy: Option<String>,
}

impl SessionSettings {
    /// Which are given, as callers call them.
    fn named(&self) -> Vec<&'static str> {
        [
            (self.label.is_some(), "label"),
            (self.auto_read.is_some(), "autoRead"),
            (self.presence_typing.is_some(), "presenceTyping"),
            (self.mark_online.is_some(), "markOnline"),
            (self.rate_per_min.is_some(), "ratePerMin"),
            (self.rate_per_hour.is_some(), "ratePerHour"),
            (self.proxy.is_some(), "proxy"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }

    fn apply(self, row: &mut SessionRow, secrets: &dyn Secrets) -> Result<()> {
        let mut wrong = Wrong::default();
        let mut rate = |field: &str, given: Option<i64>, most: u32, into: &mut u32| match given {
            None => {}
            Some(value) => match u32::try_from(value) {
                Ok(value) if (1..=most).contains(&value) => *into = value,
                _ => {
                    wrong.note(field, format!("must be between 1 and {most}"));
                }
            },
        };
        rate(
            "ratePerMin",
            self.rate_per_min,
            60_000,
            &mut row.rate_per_min,
        );
        rate(
            "ratePerHour",
            self.rate_per_hour,
            1_000_000,
            &mut row.rate_per_hour,
        );
        if let Some(label) = self.label {
            if label.chars().count() > MAX_LABEL {
                wrong.note("label", format!("must be at most {MAX_LABEL} characters"));
            }
            row.label = label;
        }
        match self.proxy.as_deref().map(str::trim) {
            None => {}
            Some("") => row.proxy = None,
            Some(text) => match text.parse::<ProxyUrl>() {
                Ok(proxy) => {
                    row.proxy = Some(SessionProxy::seal(secrets, row.scope.id, &proxy));
                }
                Err(error) => {
                    wrong.note("proxy", error.to_string());
                }
            },
        }
        row.auto_read = self.auto_read.unwrap_or(row.auto_read);
        row.presence_typing = self.presence_typing.unwrap_or(row.presence_typing);
        row.mark_online = self.mark_online.unwrap_or(row.mark_online);
        wrong.none()
    }
}

/// Who the session is at WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Me {
    pub connected: bool,
    pub phone_number: String,
    pub push_name: String,
    pub session_id: SessionId,
    pub status: SessionStatus,
    pub wa_jid: String,
    pub wa_lid: String,
}

impl Domain {
    /// The session's scope, if the organization has it.
    pub async fn session_scope(&self, org: OrgId, id: SessionId) -> Result<SessionScope> {
        Ok(self.session_row(org, id).await?.scope)
    }

    async fn session_row(&self, org: OrgId, id: SessionId) -> Result<SessionRow> {
        self.store
            .read(move |view| view.session(&org, &id))
            .await?
            .ok_or(Error::NotFound("session"))
    }

    /// A session as callers see it.
    pub async fn get_session(&self, scope: SessionScope) -> Result<SessionView> {
        Ok(self.show_session(self.session_row(scope.org, scope.id).await?))
    }

    fn show_session(&self, row: SessionRow) -> SessionView {
        let connected = self
            .engine()
            .is_ok_and(|engine| engine.connected(&row.scope));
        SessionView::new(row, connected, &self.node_id)
    }

    /// One page of the organization's sessions, oldest first; `only` limits it to some (a limited key's).
    pub async fn list_sessions(
        &self,
        org: OrgId,
        only: Vec<SessionId>,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<SessionView>> {
        let sealer = self.sealer(Binding::new("sessions", org));
        let after = sealer.place(cursor)?.map(SessionNo);
        let rows = if only.is_empty() {
            self.store
                .read(move |view| view.sessions(&org, after, limit + 1))
                .await?
        } else {
            self.store
                .read(move |view| {
                    let mut rows = Vec::new();
                    for id in &only {
                        rows.extend(
                            view.session(&org, id)?
                                .filter(|row| after.is_none_or(|after| row.scope.no > after)),
                        );
                    }
                    rows.sort_by_key(|row| row.scope.no);
                    rows.dedup_by_key(|row| row.scope.no);
                    rows.truncate(limit + 1);
                    Ok(rows)
                })
                .await?
        };
        sealer.page(
            rows,
            limit,
            |row| row.scope.no.0,
            |row| self.show_session(row),
        )
    }

    /// One page of the sessions of all organizations, oldest first.
    pub async fn list_all_sessions(&self, limit: usize, cursor: &str) -> Result<Page<SessionView>> {
        let sealer = self.sealer(Binding::new("all-sessions", ""));
        let after = sealer.place(cursor)?.map(SessionNo);
        let rows = self
            .store
            .read(move |view| view.sessions_everywhere(after, limit + 1))
            .await?;
        sealer.page(
            rows,
            limit,
            |row| row.scope.no.0,
            |row| self.show_session(row),
        )
    }

    /// Makes a session; `start` begins QR pairing at once.
    pub async fn create_session(
        &self,
        org: OrgId,
        settings: SessionSettings,
        start: bool,
        by: &By,
    ) -> Result<SessionView> {
        if start {
            self.takes_sessions()?;
        }
        let now = self.clock.now();
        let scope = SessionScope {
            org,
            id: SessionId::new(self.ids.ulid()),
            no: SessionNo(0),
        };
        let mut row = SessionRow {
            created_by: by.person(),
            wanted: start,
            status: if start {
                SessionStatus::Starting
            } else {
                SessionStatus::Stopped
            },
            ..SessionRow::new(scope, now)
        };
        let named = settings.named();
        settings.apply(&mut row, &*self.secrets)?;
        let mut stored = row.clone();
        let (trail, fields) = (self.trail(by), named);
        let event = wharf_types::EventId::new(self.ids.ulid());
        row = self
            .store
            .write(move |tx| {
                tx.org(&stored.scope.org)?
                    .ok_or(Error::NotFound("organization"))?;
                stored.scope.no = tx.insert_session(&stored)?;
                status::log(tx, event, &stored, stored.created_at)?;
                let (org, id) = (stored.scope.org, stored.scope.id);
                let details = json!({ "fields": fields, "start": start });
                trail.note(tx, Some(org), "session.create", id, details)?;
                Ok(stored)
            })
            .await?;
        if start {
            self.engine()?.start(&row.scope).await?;
        }
        Ok(self.show_session(row))
    }

    /// Changes settings; takes effect without a reconnect, the proxy with the next one.
    pub async fn update_session(
        self: &Arc<Self>,
        scope: SessionScope,
        settings: SessionSettings,
        by: &By,
    ) -> Result<SessionView> {
        let now = self.clock.now();
        let (trail, fields) = (self.trail(by), settings.named());
        let secrets = Arc::clone(&self.secrets);
        let mark_online = settings.mark_online;
        let row = self
            .store
            .write(move |tx| {
                let mut row = tx
                    .session(&scope.org, &scope.id)?
                    .ok_or(Error::NotFound("session"))?;
                settings.apply(&mut row, &*secrets)?;
                row.updated_at = now;
                tx.update_session(&row)?;
                let details = json!({ "fields": fields });
                trail.note(tx, Some(scope.org), "session.update", scope.id, details)?;
                Ok(row)
            })
            .await?;
        if let Some(available) = mark_online
            && let Ok(engine) = self.engine()
            && engine.connected(&scope)
            && let Err(error) = engine.presence(&scope, available).await
        {
            // The next login will do it.
            tracing::debug!(session = %scope.id, %error, "presence not changed");
        }
        // A send may wait for a rate that is higher now.
        self.poke_outbox(scope);
        Ok(self.show_session(row))
    }

    /// Removes the session: at once for every caller, its data in the background. The phone keeps its link until it
    /// drops it itself.
    pub async fn delete_session(self: &Arc<Self>, scope: SessionScope, by: &By) -> Result<()> {
        let (trail, engine) = (self.trail(by), self.engine()?);
        self.keepers.forget(scope.no);
        self.tenders.forget(scope.no);
        self.store
            .write(move |tx| {
                tx.delete_session(&scope)?;
                trail.note(tx, Some(scope.org), "session.delete", scope.id, json!({}))
            })
            .await?;
        // Only now: somebody could have started it until here.
        engine.forget(&scope).await?;
        self.erase(scope);
        Ok(())
    }

    /// Who the session is; not found while unpaired.
    pub async fn session_me(&self, scope: SessionScope) -> Result<Me> {
        let row = self.session_row(scope.org, scope.id).await?;
        if !row.paired() {
            return Err(Error::NotFound("paired account"));
        }
        let push_name = row.push_name.clone();
        let view = self.show_session(row);
        Ok(Me {
            connected: view.status == SessionStatus::Working,
            phone_number: view.phone_number,
            push_name,
            session_id: view.id,
            status: view.status,
            wa_jid: view.wa_jid,
            wa_lid: view.wa_lid,
        })
    }

    /// The QR to show now. With none ready it begins pairing and answers not found until there is one.
    pub async fn session_qr(&self, scope: SessionScope, by: &By) -> Result<LinkCode> {
        let row = self.session_row(scope.org, scope.id).await?;
        if row.paired() {
            return Err(Error::invalid("session", "is already paired"));
        }
        if let Some(code) = self.engine()?.qr(&scope) {
            return Ok(code);
        }
        self.start_session(scope, by).await?;
        Err(Error::NotFound("QR code"))
    }

    /// A code to type into the phone of this number.
    pub async fn session_pairing_code(
        &self,
        scope: SessionScope,
        phone: Phone,
        by: &By,
    ) -> Result<LinkCode> {
        let row = self.session_row(scope.org, scope.id).await?;
        if row.paired() {
            return Err(Error::invalid("session", "is already paired"));
        }
        if self.engine()?.passkey(&scope).is_some() {
            return Err(Error::Conflict(
                "linking waits for a passkey: answer or cancel that first".into(),
            ));
        }
        self.start_session(scope, by).await?;
        let code = self.engine()?.pairing_code(&scope, &phone).await?;
        self.code_shown(scope, "auth.pairing_code", &code);
        Ok(code)
    }

    /// Connects, or begins QR pairing. Repeating is a no-op.
    pub async fn start_session(&self, scope: SessionScope, by: &By) -> Result<SessionView> {
        self.takes_sessions()?;
        let note = Some((self.trail(by), "session.start"));
        let row = self
            .change_noted(scope, note, |row| {
                row.wanted = true;
                if matches!(
                    row.status,
                    SessionStatus::Stopped | SessionStatus::Failed | SessionStatus::LoggedOut
                ) {
                    status::set(row, SessionStatus::Starting, "");
                }
            })
            .await?;
        self.engine()?.start(&scope).await?;
        Ok(self.show_session(row))
    }

    /// Closes the socket and keeps the device. Repeating is a no-op.
    pub async fn stop_session(&self, scope: SessionScope, by: &By) -> Result<SessionView> {
        let note = Some((self.trail(by), "session.stop"));
        self.change_noted(scope, note, |row| row.wanted = false)
            .await?;
        self.engine()?.stop(&scope).await?;
        let row = self
            .change_session(scope, |row| {
                if row.status != SessionStatus::LoggedOut {
                    status::set(row, SessionStatus::Stopped, "");
                }
            })
            .await?;
        Ok(self.show_session(row))
    }

    /// Stops and starts.
    pub async fn restart_session(&self, scope: SessionScope, by: &By) -> Result<SessionView> {
        self.takes_sessions()?;
        self.engine()?.stop(&scope).await?;
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                trail.note(tx, Some(scope.org), "session.restart", scope.id, json!({}))
            })
            .await?;
        self.start_session(scope, by).await
    }

    /// Unlinks the device; stored data stays readable. Repeating is a no-op.
    pub async fn logout_session(&self, scope: SessionScope, by: &By) -> Result<SessionView> {
        let row = self.session_row(scope.org, scope.id).await?;
        if !row.paired() {
            return Ok(self.show_session(row));
        }
        self.engine()?.logout(&scope).await?;
        let note = Some((self.trail(by), "session.logout"));
        let row = self
            .change_noted(scope, note, |row| {
                row.wanted = false;
                row.linked = false;
                status::set(row, SessionStatus::LoggedOut, "");
            })
            .await?;
        Ok(self.show_session(row))
    }
}
