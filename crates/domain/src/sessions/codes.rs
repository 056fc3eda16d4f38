//! Codes to link by, told to live readers that may manage the session. A code is a secret for as long as it lives: it is
//! never logged and never in a log.

use super::{SessionNo, SessionScope};
use crate::{
    Domain, Result,
    log::{Filter, live_envelope},
    ports::{engine::LinkCode, store::StoreExt},
};
use wharf_types::OrgId;

/// Sessions looked through at a time.
const PAGE: usize = 200;

/// What a new reader is told at once.
const NOW: [&str; 3] = ["auth.qr", "auth.passkey", "auth.passkey_confirmation"];

fn payload(code: &LinkCode) -> String {
    serde_json::json!({ "code": code.code, "expiresAt": code.expires_at }).to_string()
}

impl Domain {
    /// A code is there, or another one than before.
    pub(crate) fn code_shown(&self, scope: SessionScope, kind: &str, code: &LinkCode) {
        let now = self.clock.now();
        self.hub
            .tell(scope.org, Some(scope.id), kind, now, &payload(code));
    }

    /// The envelopes of what waits for a person now (QR codes, passkeys), for a reader that has just come.
    pub async fn codes_now(&self, org: OrgId, filter: &Filter) -> Result<Vec<String>> {
        let mut codes = Vec::new();
        if !NOW.iter().any(|kind| filter.kinds.contains(kind)) {
            return Ok(codes);
        }
        let engine = self.engine()?;
        let now = self.clock.now();
        let mut after: Option<SessionNo> = None;
        loop {
            let rows = self
                .store
                .read(move |view| view.sessions(&org, after, PAGE))
                .await?;
            for row in &rows {
                let id = row.scope.id;
                // Not by status: it is written down after the code is there.
                if !row.wanted || row.paired() || !filter.sessions.hold(Some(&id)) {
                    continue;
                }
                codes.extend(self.passkey_now(row.scope, |kind| filter.kinds.contains(kind)));
                if !filter.kinds.contains("auth.qr") {
                    continue;
                }
                if let Some(code) = engine.qr(&row.scope) {
                    codes.push(live_envelope(
                        org,
                        Some(id),
                        "auth.qr",
                        now,
                        &payload(&code),
                    ));
                }
            }
            after = match rows.last() {
                Some(last) if rows.len() == PAGE => Some(last.scope.no),
                _ => return Ok(codes),
            };
        }
    }
}
