//! Secrets of messages, by which reactions, votes and edits of them are read.

use super::{DeviceStore, Space, corrupt, key};
use async_trait::async_trait;
use wacore::store::{
    error::Result,
    traits::{
        MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry, merge_msg_secret_message_ts,
    },
};
use wharf_domain::Error;

/// Expiry, the message's time (both seconds), the secret.
fn row(expires_at: i64, message_ts: i64, secret: &[u8]) -> Vec<u8> {
    [
        &expires_at.to_be_bytes()[..],
        &message_ts.to_be_bytes(),
        secret,
    ]
    .concat()
}

fn parse(row: &[u8]) -> Option<(i64, i64, &[u8])> {
    let (expires_at, rest) = super::unstamped(row)?;
    let (message_ts, secret) = super::unstamped(rest)?;
    Some((expires_at, message_ts, secret))
}

#[async_trait]
impl MsgSecretStore for DeviceStore {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let count = entries.len();
        let keys = entries
            .iter()
            .map(|e| key(&[&e.chat, &e.sender, &e.msg_id]))
            .collect();
        self.update(Space::MsgSecret, keys, move |nth, old| {
            let Some(new) = entries.get(nth) else {
                return Ok(None);
            };
            let (mut expires_at, mut message_ts) = (new.expires_at, new.message_ts);
            if let Some(old) = old {
                let (was_expiry, was_ts, _) =
                    parse(&old).ok_or_else(|| Error::Internal("message secret".into()))?;
                expires_at = merge_msg_secret_expiry(was_expiry, expires_at);
                message_ts = merge_msg_secret_message_ts(was_ts, message_ts);
            }
            Ok(Some(row(expires_at, message_ts, &new.secret)))
        })
        .await?;
        Ok(count)
    }

    async fn get_msg_secret(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<Vec<u8>>> {
        Ok(self
            .get_msg_secret_with_ts(chat, sender, msg_id)
            .await?
            .map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<(Vec<u8>, i64)>> {
        let Some(found) = self
            .get(Space::MsgSecret, &key(&[chat, sender, msg_id]))
            .await?
        else {
            return Ok(None);
        };
        let (_, message_ts, secret) = parse(&found).ok_or_else(|| corrupt("message secret"))?;
        Ok(Some((secret.to_vec(), message_ts)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.sweep(Space::MsgSecret, |row| {
            parse(row)
                .is_some_and(|(expires_at, _, _)| expires_at != 0 && expires_at <= cutoff_timestamp)
        })
        .await
    }
}
