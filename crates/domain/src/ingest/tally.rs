//! Votes: opened with the poll's secret when they come, counted on the poll.
//!
//! A vote names options by the hashes of their texts and is encrypted for those who have the poll. The secret stands
//! in the sealed form of a poll that came in, or with the send of one that went out.

use super::{Batch, messages::OWN};
use crate::{
    Domain, Result,
    events::VotePayload,
    inbound::{Ballot, Seen, Votes},
    outbox::message_secret,
    ports::{
        engine::{Engine, PollSecret},
        secrets::Secrets,
        store::{ChatRow, MessageRow},
    },
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, sync::Arc};
use wharf_types::Millis;

/// What opens votes; empty in a process that holds no sessions, and where none can come.
#[derive(Default)]
pub struct Opener(Option<(Arc<dyn Engine>, Arc<dyn Secrets>)>);

impl Opener {
    pub(crate) fn of(domain: &Domain) -> Self {
        let engine = domain.engine().ok().cloned();
        Self(engine.map(|engine| (engine, Arc::clone(&domain.secrets))))
    }
}

/// The texts of a stored poll's options.
pub fn options(poll: Option<&Value>) -> Vec<String> {
    let options = poll
        .and_then(|poll| poll.get("options"))
        .and_then(Value::as_array);
    let text = |option: &Value| option.as_str().map(str::to_owned);
    options
        .into_iter()
        .flatten()
        .filter_map(|option| text(option).or_else(|| option.get("text").and_then(text)))
        .collect()
}

fn hash(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

impl Batch<'_> {
    pub(super) fn voted(
        &mut self,
        chat: &ChatRow,
        row: MessageRow,
        by: i64,
        ballot: &Ballot,
        at: Millis,
    ) -> Result<()> {
        if row.kind != "poll" || row.deleted {
            return Ok(());
        }
        let hashes = match ballot {
            Ballot::Open(hashes) => Some(hashes.clone()),
            Ballot::Sealed(vote) => {
                let (author, voter) = (self.ids_of(row.sender_id)?, self.ids_of(by)?);
                match &self.opener.0 {
                    None => None,
                    Some((engine, secrets)) => {
                        message_secret(self.tx.view(), &self.scope, &**engine, &**secrets, &row)?
                            .and_then(|secret| {
                                let poll = PollSecret {
                                    wa_id: &row.wa_id,
                                    author: &author,
                                    secret: &secret,
                                };
                                engine.open_vote(poll, &voter, vote)
                            })
                    }
                }
            }
        };
        let Some(hashes) = hashes else {
            tracing::warn!(session = %self.scope.id, message = row.id, "a vote does not open");
            return Ok(());
        };
        let options = options(row.extra.poll.as_ref());
        let chosen = options
            .iter()
            .enumerate()
            .filter(|(_, text)| hashes.contains(&hash(text)))
            .map(|(place, _)| place)
            .collect();
        self.tallied(chat, row, by, chosen, at)
    }

    /// Counts a choice; it replaces the voter's former one.
    pub(super) fn tallied(
        &mut self,
        chat: &ChatRow,
        mut row: MessageRow,
        by: i64,
        chosen: Vec<usize>,
        at: Millis,
    ) -> Result<()> {
        let mut former = Vec::new();
        let mut others = Vec::with_capacity(row.extra.votes.len() + 1);
        for votes in row.extra.votes {
            if !self.same_person(votes.by, by)? {
                others.push(votes);
            } else if votes.at > at {
                return Ok(());
            } else {
                former = votes.options;
            }
        }
        let news = former != chosen;
        others.push(Votes {
            by,
            options: chosen.clone(),
            at,
        });
        row.extra.votes = others;
        self.tx.put_message(self.s, &row)?;
        if self.quiet || !news {
            return Ok(());
        }
        let texts = options(row.extra.poll.as_ref());
        let payload = VotePayload {
            chat_id: chat.id,
            chat_jid: self.show().chat_jid(chat)?,
            wa_message_id: row.wa_id,
            voter: self.person_ref(by)?,
            options: chosen
                .iter()
                .filter_map(|place| texts.get(*place).cloned())
                .collect(),
        };
        self.log.poll_vote(self.tx, &payload)
    }

    /// The ids a row is known by.
    fn ids_of(&self, id: i64) -> Result<Seen> {
        if id == OWN {
            return Ok(Seen {
                lid: self.own.lid.clone(),
                phone: self.own.phone.clone(),
            });
        }
        let row = self.people.current(self.tx, id)?;
        Ok(Seen {
            lid: row.lid,
            phone: row.phone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_in_both_forms_and_their_hash() {
        let poll = json!({"options": ["yes", {"text": "no", "voters": []}, 5]});
        assert_eq!(options(Some(&poll)), ["yes", "no"]);
        assert!(options(None).is_empty());
        assert_eq!(
            hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
