//! What the owner of a phone sees of their chats: archived, pinned, muted, read, whichever device said so.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use wacore_binary::Jid;

use super::{Collection, Mutation};
use crate::{ids::Phone, world::World};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatState {
    pub archived: bool,
    pub pinned: bool,
    /// End of the silence in Unix milliseconds, -1 for ever, 0 when it is not muted.
    pub muted_until: i64,
    /// None: nobody marked it.
    pub read: Option<bool>,
}

impl World<'_> {
    /// By chat, as the inbox names chats. A person's number and LID are one chat; the newer word counts.
    pub fn chat_states(&mut self, owner: Phone) -> Result<BTreeMap<String, ChatState>> {
        let mut all = Vec::new();
        for c in Collection::ALL {
            all.extend(self.app_state_actions(owner, c)?);
        }
        all.sort_by_key(|m| m.value.timestamp.unwrap_or_default());
        let mut out = BTreeMap::new();
        for m in &all {
            if let Some(chat) = self.chat_acted_on(m)? {
                apply(m, out.entry(chat).or_default());
            }
        }
        out.retain(|_, s| *s != ChatState::default());
        Ok(out)
    }

    /// The chat an action is about; None: it is about something else.
    fn chat_acted_on(&self, m: &Mutation) -> Result<Option<String>> {
        let v = &m.value;
        let about = v.archive_chat_action.is_set()
            || v.pin_action.is_set()
            || v.mute_action.is_set()
            || v.mark_chat_as_read_action.is_set();
        let Some(jid) = m.index.get(1).filter(|_| about) else {
            return Ok(None);
        };
        let Ok(parsed) = jid.parse::<Jid>() else {
            return Ok(None);
        };
        let account = self.account_of(&parsed)?;
        Ok(Some(
            account.map_or_else(|| jid.clone(), |a| a.pn_jid().to_string()),
        ))
    }
}

fn apply(m: &Mutation, s: &mut ChatState) {
    let v = &m.value;
    if let Some(a) = v.archive_chat_action.as_option() {
        s.archived = a.archived.unwrap_or(false);
    }
    if let Some(p) = v.pin_action.as_option() {
        s.pinned = p.pinned.unwrap_or(false);
    }
    if let Some(u) = v.mute_action.as_option() {
        let on = u.muted.unwrap_or(false);
        s.muted_until = if on {
            u.mute_end_timestamp.unwrap_or(-1)
        } else {
            0
        };
    }
    if let Some(r) = v.mark_chat_as_read_action.as_option() {
        s.read = r.read;
    }
}
