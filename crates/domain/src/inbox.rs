//! Where the engine reports: facts and the state of connections.

use crate::{
    Domain, Result,
    inbound::{Inbound, Seen},
    live::Passing,
    ports::{
        engine::{Connection, Inbox, LinkCode},
        passkey::Passkey,
    },
    sessions::SessionScope,
};
use async_trait::async_trait;
use std::sync::Arc;

/// The domain as the engine sees it.
pub struct DomainInbox(pub Arc<Domain>);

#[async_trait]
impl Inbox for DomainInbox {
    async fn ingest(&self, session: &SessionScope, facts: Vec<Inbound>) -> Result<()> {
        self.0.ingest_facts(*session, facts).await
    }

    fn qr(&self, session: &SessionScope, code: &LinkCode) {
        self.0.code_shown(*session, "auth.qr", code);
    }

    fn passkey(&self, session: &SessionScope, passkey: &Passkey) {
        self.0.passkey_shown(*session, passkey);
    }

    async fn passing(&self, session: &SessionScope, passing: Passing) -> Result<()> {
        self.0.pass(*session, passing).await
    }

    async fn address_book(&self, session: &SessionScope) -> Result<Vec<Seen>> {
        self.0.address_book(*session).await
    }

    async fn uploaded(&self, session: &SessionScope, wa_id: &str, sealed: String) -> Result<()> {
        self.0
            .media_uploaded(*session, wa_id.to_owned(), sealed)
            .await
    }

    async fn connection(&self, session: &SessionScope, state: Connection) -> Result<()> {
        self.0.connection_changed(*session, state).await
    }
}
