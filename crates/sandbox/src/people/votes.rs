//! Votes: which options they choose, and the message that carries them sealed. Options are named by their SHA-256.

use anyhow::{Context, Result, bail, ensure};
use buffa::{Message as _, MessageField};
use sha2::{Digest, Sha256};
use waproto::whatsapp::{
    self as wa,
    message::{PollEncValue, PollUpdateMessage, PollVoteMessage},
};

use super::{
    content,
    sealed::{About, Use},
};

/// Whose vote on whose poll, by the JIDs that seal it.
pub struct Ballot<'a> {
    pub poll_id: &'a str,
    pub creator: &'a str,
    pub voter: &'a str,
}

impl Ballot<'_> {
    fn about(&self) -> About<'_> {
        About {
            what: Use::Vote,
            id: self.poll_id,
            author: self.creator,
            by: self.voter,
        }
    }

    pub fn seal(&self, secret: &[u8], vote: &PollVoteMessage) -> Result<PollEncValue> {
        let sealed = self.about().seal(secret, &vote.encode_to_vec())?;
        Ok(PollEncValue {
            enc_payload: Some(sealed.payload),
            enc_iv: Some(sealed.iv.to_vec()),
        })
    }

    pub fn open(&self, secret: &[u8], sealed: &PollEncValue) -> Result<PollVoteMessage> {
        let payload = sealed.enc_payload.as_deref().unwrap_or_default();
        let iv = sealed.enc_iv.as_deref().unwrap_or_default();
        let plain = self.about().open(secret, payload, iv)?;
        Ok(PollVoteMessage::decode_from_slice(&plain)?)
    }
}

pub fn option_hash(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

/// The names a vote selects. An unknown hash, one twice, or more than the poll allows is an error.
pub fn selected(poll: &wa::Message, vote: &PollVoteMessage) -> Result<Vec<String>> {
    let p = content::poll(poll).context("not a poll")?;
    let mut out = Vec::new();
    for hash in &vote.selected_options {
        let names = p.options.iter().filter_map(|o| o.option_name.as_deref());
        let mut fits = names.filter(|n| option_hash(n).as_slice() == hash.as_slice());
        let name = fits.next().context("a vote for no option of the poll")?;
        ensure!(!out.iter().any(|o| o == name), "one option twice");
        out.push(name.to_owned());
    }
    let most = p.selectable_options_count.unwrap_or(0) as usize;
    if most > 0 && out.len() > most {
        bail!("{} options where {most} may be chosen", out.len());
    }
    Ok(out)
}

/// The message that carries a vote. `key` names the poll.
pub fn message(key: wa::MessageKey, vote: PollEncValue, now_ms: i64) -> wa::Message {
    let update = PollUpdateMessage {
        poll_creation_message_key: MessageField::some(key),
        vote: MessageField::some(vote),
        sender_timestamp_ms: Some(now_ms),
        ..Default::default()
    };
    wa::Message {
        poll_update_message: MessageField::some(update),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::poll::{PollVoteCiphertext, decrypt_poll_vote_with_secret};

    const AT: Ballot<'_> = Ballot {
        poll_id: "3EB0AA",
        creator: "100@lid",
        voter: "200@lid",
    };

    #[test]
    fn a_foreign_reader_opens_a_vote_and_only_under_the_same_jids() {
        let vote = PollVoteMessage {
            selected_options: vec![option_hash("tea").to_vec()],
        };
        let sealed = AT.seal(&[7; 32], &vote).unwrap();
        let c = PollVoteCiphertext {
            enc_payload: sealed.enc_payload.as_deref().unwrap(),
            enc_iv: sealed.enc_iv.as_deref().unwrap(),
        };
        let read = decrypt_poll_vote_with_secret(c, &[7; 32], AT.poll_id, AT.creator, AT.voter);
        assert_eq!(read.unwrap(), vote.selected_options);
        assert_eq!(
            AT.open(&[7; 32], &sealed).unwrap().selected_options,
            vote.selected_options
        );
        let other = Ballot {
            voter: "200@s.whatsapp.net",
            ..AT
        };
        assert!(other.open(&[7; 32], &sealed).is_err());
        assert!(AT.open(&[8; 32], &sealed).is_err());
        assert!(AT.open(&[7; 31], &sealed).is_err());
    }

    #[test]
    fn a_vote_chooses_among_the_options_no_more_than_allowed() {
        let option = |n: &str| wa::message::poll_creation_message::Option {
            option_name: Some(n.into()),
            ..Default::default()
        };
        let poll = wa::Message {
            poll_creation_message_v3: MessageField::some(wa::message::PollCreationMessage {
                options: vec![option("tea"), option("coffee")],
                selectable_options_count: Some(1),
                ..Default::default()
            }),
            ..Default::default()
        };
        let vote = |names: &[&str]| PollVoteMessage {
            selected_options: names.iter().map(|n| option_hash(n).to_vec()).collect(),
        };
        assert_eq!(selected(&poll, &vote(&["coffee"])).unwrap(), ["coffee"]);
        assert!(selected(&poll, &vote(&[])).unwrap().is_empty());
        assert!(selected(&poll, &vote(&["milk"])).is_err());
        assert!(selected(&poll, &vote(&["tea", "coffee"])).is_err());
        assert!(selected(&poll, &vote(&["tea", "tea"])).is_err());
    }
}
