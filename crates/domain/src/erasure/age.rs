//! Messages by age, and the sends they were: chat by chat, the oldest first. What a queued send stands for stays until it
//! is sent.

use super::{MESSAGES, ROWS, drop_message};
use crate::{
    Domain, Result,
    ports::store::{ChatFilter, ChatPlace, ChatRow, StoreExt},
    rounds::{self, BREATH, HOUR},
    sessions::SessionScope,
};
use std::sync::Arc;
use wharf_types::Millis;

const CHATS: usize = 200;

impl Domain {
    /// Takes out messages older than `age` of all sessions; how many went.
    pub async fn trim_messages(&self, age: Millis) -> Result<usize> {
        let before = self.clock.now().saturating_sub(age);
        let (mut after, mut gone) = (None, 0);
        loop {
            let rows = self
                .store
                .read(move |view| view.sessions_everywhere(after, 50))
                .await?;
            let Some(last) = rows.last() else {
                return Ok(gone);
            };
            after = Some(last.scope.no);
            for row in rows {
                gone += self.trim_session(row.scope, before).await?;
            }
        }
    }

    async fn trim_session(&self, scope: SessionScope, before: Millis) -> Result<usize> {
        let s = scope.no;
        let (mut place, mut gone) = (None, 0);
        loop {
            let at = place;
            let chats: Vec<ChatRow> = self
                .store
                .read(move |view| view.chats(s, at, &ChatFilter::default(), CHATS))
                .await?;
            let Some(last) = chats.last() else { break };
            place = Some(ChatPlace {
                pinned: last.pinned,
                last_at: last.last_at.unwrap_or(0),
                id: last.id,
            });
            for chat in chats {
                gone += self.trim_chat(scope, chat.id, before).await?;
            }
        }
        self.take_out(ROWS, move |tx| tx.trim_outbox(s, before, ROWS))
            .await?;
        Ok(gone)
    }

    async fn trim_chat(&self, scope: SessionScope, chat: i64, before: Millis) -> Result<usize> {
        let (s, mut gone) = (scope.no, 0);
        loop {
            let old = self
                .store
                .read(move |view| view.messages_older(s, chat, before, MESSAGES))
                .await?;
            if old.is_empty() {
                return Ok(gone);
            }
            gone += old.len();
            self.store
                .write(move |tx| {
                    // The session may have been deleted meanwhile; then its eraser has them.
                    tx.session(&scope.org, &scope.id)?
                        .ok_or(crate::Error::NotFound("session"))?;
                    old.iter().try_for_each(|row| drop_message(tx, s, row))
                })
                .await?;
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Trims now and every hour.
    pub fn keep_messages(self: &Arc<Self>, age: Millis) {
        self.every(HOUR, move |domain| async move {
            rounds::tell("old messages", domain.trim_messages(age).await);
        });
    }
}
