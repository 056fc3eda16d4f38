//! A session's status: what the evidence says, written down and logged in one transaction.

use super::{SessionRow, SessionScope};
use crate::{
    Domain, Error, Result,
    audit::Trail,
    events::{Log, StatusPayload, rendered},
    inbound::Seen,
    ports::{
        engine::Connection,
        store::{StoreExt, Tx},
    },
};
use serde_json::json;
use std::sync::Arc;
use wharf_types::{EventId, Millis, SessionStatus};

/// Sets status and reason; what is already so stays as it is, with its time.
pub(super) fn set(row: &mut SessionRow, status: SessionStatus, reason: &str) {
    row.status = status;
    reason.clone_into(&mut row.status_reason);
    row.status_until = None;
}

/// Writes `session.status`.
pub(super) fn log(tx: &mut dyn Tx, id: EventId, row: &SessionRow, now: Millis) -> Result<()> {
    const KIND: &str = "session.status";
    let payload = StatusPayload {
        status: row.status,
        reason: &row.status_reason,
        since: row.status_since,
    };
    tx.append_event(&row.scope, id, KIND, now, &rendered(KIND, &payload)?)
        .map(|_| ())
}

/// What a connection's state makes of the row.
fn apply(row: &mut SessionRow, state: &Connection, now: Millis) {
    match state {
        Connection::Connecting { again } => set(
            row,
            SessionStatus::Starting,
            if *again { "reconnecting" } else { "" },
        ),
        Connection::AwaitingScan => {
            // The device is blank, whatever was told before it could be stored.
            row.linked = false;
            set(row, SessionStatus::ScanQrCode, "");
        }
        Connection::AwaitingPasskey { compared } => set(
            row,
            SessionStatus::ScanQrCode,
            if *compared {
                "passkey_confirm"
            } else {
                "passkey_request"
            },
        ),
        Connection::Paired {
            phone,
            lid,
            push_name,
        } => {
            row.phone = Some(phone.clone());
            row.lid.clone_from(lid);
            if !push_name.is_empty() {
                row.push_name.clone_from(push_name);
            }
            row.linked = true;
            row.history_complete = false;
            row.wanted = true;
            set(row, SessionStatus::Starting, "");
        }
        Connection::Named { push_name } => row.push_name.clone_from(push_name),
        Connection::Connected => {
            row.last_connected_at = Some(now);
            let reason = if row.status_reason == "history_incomplete" {
                "history_incomplete"
            } else {
                ""
            };
            set(row, SessionStatus::Working, reason);
        }
        Connection::QrTimeout => {
            row.wanted = false;
            set(row, SessionStatus::Stopped, "qr_timeout");
        }
        Connection::PasskeyTimeout => {
            row.wanted = false;
            set(row, SessionStatus::Stopped, "passkey_timeout");
        }
        Connection::PasskeyRefused => {
            row.wanted = false;
            set(row, SessionStatus::Stopped, "passkey_refused");
        }
        Connection::Stopped => set(row, SessionStatus::Stopped, ""),
        Connection::LoggedOut => {
            row.linked = false;
            row.wanted = false;
            set(row, SessionStatus::LoggedOut, "");
        }
        Connection::Replaced => {
            row.wanted = false;
            set(row, SessionStatus::Failed, "replaced");
        }
        Connection::Outdated => set(row, SessionStatus::Failed, "client_outdated"),
        Connection::Banned { until } => {
            set(row, SessionStatus::Failed, "banned");
            row.status_until = *until;
        }
        Connection::History { complete } => {
            row.history_complete = *complete;
            if !complete {
                "history_incomplete".clone_into(&mut row.status_reason);
            } else if row.status_reason == "history_incomplete" {
                row.status_reason.clear();
            }
        }
    }
}

impl Domain {
    /// Changes the row in a transaction; a changed status gets its time and its event. Nothing changed, nothing written.
    pub(super) async fn change_session(
        &self,
        scope: SessionScope,
        change: impl FnOnce(&mut SessionRow) + Send + 'static,
    ) -> Result<SessionRow> {
        self.change_noted(scope, None, change).await
    }

    /// The same by somebody, whose entry in the audit log it leaves when anything changed.
    pub(super) async fn change_noted(
        &self,
        scope: SessionScope,
        note: Option<(Trail, &'static str)>,
        change: impl FnOnce(&mut SessionRow) + Send + 'static,
    ) -> Result<SessionRow> {
        let now = self.clock.now();
        let event = EventId::new(self.ids.ulid());
        let mut restricted = Log::new(scope, Arc::clone(&self.ids), now);
        self.store
            .write(move |tx| {
                let before = tx
                    .session(&scope.org, &scope.id)?
                    .ok_or(Error::NotFound("session"))?;
                let mut row = before.clone();
                change(&mut row);
                if row == before {
                    return Ok(row);
                }
                row.updated_at = now;
                let moved =
                    (row.status, &row.status_reason) != (before.status, &before.status_reason);
                if moved {
                    row.status_since = now;
                }
                tx.update_session(&row)?;
                if let Some((trail, action)) = note {
                    trail.note(tx, Some(scope.org), action, scope.id, json!({}))?;
                }
                if moved {
                    log(tx, event, &row, now)?;
                    if row.status_reason == "banned" {
                        restricted.restricted(tx, "banned", row.status_until)?;
                    }
                }
                Ok(row)
            })
            .await
    }

    /// The engine's word on a connection.
    pub(crate) async fn connection_changed(
        self: &Arc<Self>,
        scope: SessionScope,
        state: Connection,
    ) -> Result<()> {
        let now = self.clock.now();
        if let Connection::Paired {
            phone,
            lid,
            push_name,
        } = &state
        {
            let own = Seen {
                lid: lid.clone(),
                phone: Some(phone.clone()),
            };
            self.own_account(scope, own, push_name.clone()).await?;
        }
        let connected = state == Connection::Connected;
        self.change_session(scope, move |row| apply(row, &state, now))
            .await?;
        if connected {
            self.poke_outbox(scope);
            self.poke_chats(scope, true);
            self.tend_search(scope);
        }
        Ok(())
    }

    /// At start: sessions that should run are started, stale claims of running are withdrawn, deletions go on.
    pub async fn resume_sessions(self: &Arc<Self>) -> Result<usize> {
        self.resume_erasures().await?;
        let mut after = None;
        let mut started = 0;
        loop {
            let rows = self
                .store
                .read(move |view| view.sessions_everywhere(after, 200))
                .await?;
            let Some(last) = rows.last() else {
                return Ok(started);
            };
            after = Some(last.scope.no);
            for row in rows {
                let scope = row.scope;
                match self.resume_session(scope, row.wanted).await {
                    Ok(()) => started += usize::from(row.wanted),
                    // Deleted meanwhile, perhaps with its organization.
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// A session that cannot be started says so; the others are started all the same.
    async fn resume_session(&self, scope: SessionScope, wanted: bool) -> Result<()> {
        self.change_session(scope, move |row| {
            if wanted {
                set(row, SessionStatus::Starting, "");
            } else if matches!(
                row.status,
                SessionStatus::Starting | SessionStatus::Working | SessionStatus::ScanQrCode
            ) {
                set(row, SessionStatus::Stopped, "");
            }
        })
        .await?;
        if wanted && let Err(error) = self.engine()?.start(&scope).await {
            tracing::warn!(session = %scope.id, %error, "a session cannot be started");
            self.change_session(scope, |row| set(row, SessionStatus::Failed, "cannot_start"))
                .await?;
        }
        Ok(())
    }
}
