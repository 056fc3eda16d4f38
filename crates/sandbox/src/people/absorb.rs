//! A decrypted message takes its place in what an owner sees: a new line, or a change to an earlier one.
//!
//! What phones would not do is not done here either, and the client that asked for it broke a rule: an edit of
//! another's message or after twenty minutes, a revocation by somebody who is no admin, a vote for no option.

use anyhow::{Context, Result};
use buffa::Message as _;
use serde_json::Value;
use wacore_binary::{Jid, NodeRef};
use waproto::whatsapp::{
    self as wa,
    message::{PollVoteMessage, SecretEncryptedMessage},
};

use super::{
    attached::{self, Found},
    content::{self, Content, Deed, Shown},
    cover, detail,
    inbox::{Entry, Line},
    sealed::{self, About, Use},
    votes,
};
use crate::{
    ids::{DeviceAddr, Phone},
    ledger::Violation,
    world::World,
};

/// Edits count when the server took them within this time after the message.
pub const EDIT_WINDOW_MS: i64 = 20 * 60 * 1000;

/// Where a message was read.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub owner: Phone,
    /// The chat as the owner's inbox names it.
    pub chat: &'a str,
    pub from: DeviceAddr,
    pub id: &'a str,
}

impl World<'_> {
    /// What is wrong with a message whoever reads it: unknown content, a cover that does not fit, a file that is
    /// not as said. Once for a stanza; gives its file as the inbox shows it.
    pub fn examine(
        &mut self,
        from: DeviceAddr,
        id: &str,
        msg: &wa::Message,
        outside: Option<(&NodeRef<'_>, &NodeRef<'_>)>,
    ) -> Result<Option<Value>> {
        let mut wrong = outside.map_or_else(Vec::new, |(s, enc)| cover::faults(s, enc, msg));
        let mut file = None;
        match content::of(msg) {
            Content::Unknown(fields) => {
                wrong.push(format!("content no phone shows: fields {fields:?}"))
            }
            Content::Shown(s) => {
                if s.kind == "poll" {
                    wrong.extend(poll_faults(msg, &s));
                }
                if let Some(a) = attached::of(s.inner) {
                    let problem = self.problem_with(&a, &mut wrong, false);
                    file = Some(a.shown(s.view_once, problem.as_deref()));
                }
            }
            _ => {}
        }
        for what in wrong {
            self.broke(from, id, &what)?;
        }
        Ok(file)
    }

    /// What keeps a phone from showing a file; a lie goes to `wrong` too.
    pub fn problem_with(
        &self,
        a: &attached::Attached,
        wrong: &mut Vec<String>,
        open: bool,
    ) -> Option<String> {
        match self.phone_downloads(a, open) {
            Found::Whole => None,
            Found::Expired => Some("expired".to_owned()),
            Found::Wrong(why) => {
                wrong.push(why.clone());
                Some(why)
            }
        }
    }

    fn broke(&mut self, from: DeviceAddr, id: &str, what: &str) -> Result<()> {
        self.violation(Violation::Protocol, from, format!("message {id}: {what}"))
    }

    /// Puts a decrypted message where the owner sees it.
    pub fn absorb(&mut self, at: Place<'_>, msg: &wa::Message, file: Option<&Value>) -> Result<()> {
        match content::of(msg) {
            Content::Shown(s) => {
                let from = at.from.phone.jid().to_string();
                let line = Line {
                    id: at.id,
                    from: &from,
                    chat: at.chat,
                    kind: s.kind,
                    body: &s.body,
                    media: file,
                    detail: &detail::of(&s),
                    message: msg,
                };
                self.show(at.owner, &line).map(drop)
            }
            Content::Deed(d) => self.absorb_deed(at, &d),
            Content::Silent | Content::Unknown(_) => Ok(()),
        }
    }

    fn absorb_deed(&mut self, at: Place<'_>, d: &Deed<'_>) -> Result<()> {
        let (Deed::Edit { key, .. }
        | Deed::SealedEdit { key, .. }
        | Deed::Revoke { key }
        | Deed::React { key, .. }
        | Deed::Vote { key, .. }) = d;
        let target = key.id.as_deref().unwrap_or_default();
        let Some(line) = self.shown(at.owner, at.chat, target)? else {
            self.note(
                at.from,
                format!(
                    "{} does not see {target}, which {} is about",
                    at.owner, at.id
                ),
            );
            return Ok(());
        };
        if line.deleted {
            return Ok(());
        }
        if let Some(what) = self.misnamed(at, key, &line)? {
            return self.broke(at.from, at.id, &what);
        }
        let by = at.from.phone.jid().to_string();
        let mine = line.from == by;
        let when = |at_ms: i64, now: i64| if at_ms > 0 { at_ms } else { now };
        match d {
            Deed::Edit { new, .. } => self.absorb_edit(at, &line, mine, new),
            Deed::SealedEdit { sealed, .. } => match self.opened_edit(at, &line, sealed) {
                Ok(m) => {
                    let new = content::edited(&m).cloned().unwrap_or_default();
                    self.absorb_edit(at, &line, mine, &new)
                }
                Err(e) => self.broke(at.from, at.id, &format!("an edit: {e:#}")),
            },
            Deed::Revoke { .. } => {
                if !mine && !self.may_revoke(at)? {
                    return self.broke(
                        at.from,
                        at.id,
                        "a revocation of another's message by no admin",
                    );
                }
                self.delete_shown(line.seq)
            }
            Deed::React { emoji, at_ms, .. } => {
                self.react_shown(line.seq, &by, emoji, when(*at_ms, self.now_ms()))
            }
            Deed::Vote { vote, at_ms, .. } => match self.opened_vote(at, &line, vote) {
                Ok(chosen) => self.vote_shown(line.seq, &by, &chosen, when(*at_ms, self.now_ms())),
                Err(e) => self.broke(at.from, at.id, &format!("a vote: {e:#}")),
            },
        }
    }

    fn absorb_edit(
        &mut self,
        at: Place<'_>,
        line: &Entry,
        mine: bool,
        new: &wa::Message,
    ) -> Result<()> {
        if !mine {
            return self.broke(at.from, at.id, "an edit of another's message");
        }
        if self.now_ms() - line.timestamp > EDIT_WINDOW_MS {
            return self.broke(at.from, at.id, "an edit after twenty minutes");
        }
        let old = self.message_shown(line.seq)?;
        let Some(text) =
            content::text(new).filter(|_| old.as_ref().and_then(content::text).is_some())
        else {
            return self.broke(at.from, at.id, "an edit of what has no text");
        };
        self.edit_shown(line.seq, text)
    }

    /// Only in groups, only an admin.
    fn may_revoke(&self, at: Place<'_>) -> Result<bool> {
        let member = self.group_member(at.chat, at.from.phone)?;
        Ok(member.is_some_and(|m| m.role.is_admin()))
    }

    /// Whether a key names the message otherwise than it is: its author, or the chat.
    fn misnamed(
        &self,
        at: Place<'_>,
        key: &wa::MessageKey,
        line: &Entry,
    ) -> Result<Option<String>> {
        let author = line.from.as_str();
        let mine = author == at.from.phone.jid().to_string();
        if key.from_me.unwrap_or(false) != mine {
            return Ok(Some(format!(
                "a key that says fromMe {:?} of a message by {author}",
                key.from_me
            )));
        }
        let whose = |jid: &str| -> Result<Option<String>> {
            let Ok(jid) = jid.parse::<Jid>() else {
                return Ok(None);
            };
            Ok(self
                .account_of(&jid.to_non_ad())?
                .map(|a| a.pn_jid().to_string()))
        };
        let in_group = at.chat.ends_with("@g.us");
        match &key.participant {
            Some(p) if whose(p)?.as_deref() != Some(author) => {
                return Ok(Some(format!(
                    "a key whose participant {p} did not write the message"
                )));
            }
            None if in_group && !mine => return Ok(Some("a key without participant".into())),
            _ => {}
        }
        let remote = key.remote_jid.as_deref().unwrap_or_default();
        // In a direct chat each side names the other; a chat with oneself has one side.
        let fits = if in_group {
            remote == at.chat
        } else {
            let other = whose(remote)?;
            let owner = at.owner.jid().to_string();
            other.as_deref()
                == Some(if at.from.phone == at.owner {
                    at.chat
                } else {
                    &owner
                })
        };
        Ok((!fits).then(|| format!("a key whose chat is {remote:?}")))
    }

    /// The options a vote chooses.
    fn opened_vote(
        &self,
        at: Place<'_>,
        line: &Entry,
        vote: &wa::message::PollEncValue,
    ) -> Result<Vec<String>> {
        let payload = vote.enc_payload.as_deref().unwrap_or_default();
        let iv = vote.enc_iv.as_deref().unwrap_or_default();
        let (plain, poll) = self.opened(at, line, Use::Vote, (payload, iv))?;
        votes::selected(&poll, &PollVoteMessage::decode_from_slice(&plain)?)
    }

    /// The message inside a sealed edit.
    fn opened_edit(
        &self,
        at: Place<'_>,
        line: &Entry,
        edit: &SecretEncryptedMessage,
    ) -> Result<wa::Message> {
        let payload = edit.enc_payload.as_deref().unwrap_or_default();
        let iv = edit.enc_iv.as_deref().unwrap_or_default();
        let (plain, _) = self.opened(at, line, Use::Edit, (payload, iv))?;
        Ok(wa::Message::decode_from_slice(&plain)?)
    }

    /// What was sealed about a line, and its message. Both JIDs are numbers or both LIDs.
    fn opened(
        &self,
        at: Place<'_>,
        line: &Entry,
        what: Use,
        (payload, iv): (&[u8], &[u8]),
    ) -> Result<(Vec<u8>, wa::Message)> {
        let message = self.message_shown(line.seq)?.context("the message")?;
        let secret = sealed::secret(&message).context("the message has no secret")?;
        let author = self
            .account_of(&line.from.parse()?)?
            .context("its author")?;
        let by = self.account(at.from.phone)?.context("the sender")?;
        let mut last = None;
        for (a, b) in [
            (author.lid_jid(), by.lid_jid()),
            (author.pn_jid(), by.pn_jid()),
        ] {
            let about = About {
                what,
                id: &line.wa_message_id,
                author: &a.to_string(),
                by: &b.to_string(),
            };
            match about.open(secret, payload, iv) {
                Ok(plain) => return Ok((plain, message)),
                Err(e) => last = Some(e),
            }
        }
        Err(last.context("no form of JIDs")?)
    }
}

/// What keeps a phone from showing a poll: no secret, fewer than two options or more than twelve, two alike.
fn poll_faults(msg: &wa::Message, s: &Shown<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if sealed::secret(msg).is_none() {
        out.push("a poll without a message secret".into());
    }
    let names: Vec<&str> = content::poll(s.inner)
        .map(|p| {
            p.options
                .iter()
                .filter_map(|o| o.option_name.as_deref())
                .collect()
        })
        .unwrap_or_default();
    if !(2..=12).contains(&names.len()) {
        out.push(format!("a poll of {} options", names.len()));
    }
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    if distinct.len() != names.len() {
        out.push("a poll with an option twice".into());
    }
    out
}
