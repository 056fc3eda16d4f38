//! Settings of chats as app state, and the question what is newer than stored.

use crate::actor::Actor;
use std::time::Duration;
use wacore::appstate::{
    patch_decode::WAPatchName,
    schemas::{self, Schema},
};
use waproto::{
    buffa::MessageField,
    whatsapp::{SyncActionValue, sync_action_value as action},
};
use wharf_domain::{Error, chats::settings::Setting, ports::engine::Refusal};
use wharf_types::Millis;
use whatsapp_rust::{AppStateError, sync_task::MajorSyncTask};

/// A fetch of a collection, and the storing of what it brings.
const CATCHING_UP: Duration = Duration::from_secs(60);
/// A patch: fetch, conflict and repetition included.
const PATCHING: Duration = Duration::from_secs(60);

/// "For ever" as WhatsApp writes it.
const ALWAYS: i64 = -1;

/// Which action says it, and how.
fn action(setting: Setting, at: Millis) -> (&'static Schema, SyncActionValue) {
    let mut value = SyncActionValue {
        // The phone decides between two changes by it, so it is when the caller said it, not when it is sent.
        timestamp: Some(at),
        ..SyncActionValue::default()
    };
    let schema = match setting {
        Setting::Archived(yes) => {
            value.archive_chat_action = MessageField::some(action::ArchiveChatAction {
                archived: Some(yes),
                ..Default::default()
            });
            &schemas::ARCHIVE
        }
        Setting::Pinned(yes) => {
            value.pin_action = MessageField::some(action::PinAction { pinned: Some(yes) });
            &schemas::PIN
        }
        Setting::MutedUntil(until) => {
            let end = match until {
                None => 0,
                Some(until) if until >= crate::convert::FOREVER => ALWAYS,
                Some(until) => until,
            };
            value.mute_action = MessageField::some(action::MuteAction {
                muted: Some(until.is_some()),
                mute_end_timestamp: Some(end),
                ..Default::default()
            });
            &schemas::MUTE
        }
    };
    (schema, value)
}

impl Actor {
    /// Fetches what chats' collections have that is newer than stored; returns once its facts are stored.
    pub(crate) async fn catch_up(&self) -> Result<(), Error> {
        let fetch = async {
            for name in [WAPatchName::RegularHigh, WAPatchName::RegularLow] {
                let task = MajorSyncTask::AppStateSync {
                    name,
                    full_sync: false,
                };
                self.client.process_sync_task(task).await;
            }
            self.device.flow.settled().await
        };
        match tokio::time::timeout(CATCHING_UP, fetch).await {
            _ if !self.connected() => Err(Error::NotConnected),
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Unavailable(
                "app-state facts are not stored yet".into(),
            )),
            Err(_) => Err(Error::Timeout),
        }
    }

    pub(crate) async fn set_chat(
        &self,
        chat: &str,
        setting: Setting,
        at: Millis,
    ) -> Result<(), Error> {
        let (schema, value) = action(setting, at);
        let index = [chat];
        let sent = self.client.send_app_state_action(schema, &index, &value);
        match tokio::time::timeout(PATCHING, sent).await {
            Ok(Ok(())) => Ok(()),
            _ if !self.connected() => Err(Error::NotConnected),
            Err(_) => Err(Error::Timeout),
            Ok(Err(error)) => Err(Error::Upstream(Refusal {
                reason: "rejected",
                message: match error {
                    AppStateError::InvalidRequest(why) => why,
                    // Its words may name the chat.
                    _ => "WhatsApp did not take the change".to_owned(),
                },
                until: None,
            })),
        }
    }
}
