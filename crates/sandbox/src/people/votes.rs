//! Votes: sealed with the secret of the poll they are for, so that the server cannot count them.
//!
//! The key is HKDF-SHA256 of the poll's message secret over its id, the JID of its creator, the JID of the
//! voter and the words `Poll Vote`; the cipher AES-256-GCM, bound to id and voter. Both JIDs are of one
//! form, both numbers or both LIDs, as the chat is addressed. Options are named by their SHA-256.
//!
//! Sources: whatsmeow `msgsecret.go`, wacore `secret_enc_addon.rs` (WA Web's WAWebAddonEncryption).

use anyhow::{Context, Result, bail, ensure};
use buffa::{Message as _, MessageField};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use wacore::libsignal::crypto::{aes_256_gcm_decrypt, aes_256_gcm_encrypt};
use waproto::whatsapp::{
    self as wa,
    message::{PollEncValue, PollUpdateMessage, PollVoteMessage},
};

use super::content;

/// Whose vote on whose poll, by the JIDs that seal it.
pub struct Ballot<'a> {
    pub poll_id: &'a str,
    pub creator: &'a str,
    pub voter: &'a str,
}

impl Ballot<'_> {
    fn key(&self, secret: &[u8]) -> Result<[u8; 32]> {
        ensure!(
            secret.len() == 32,
            "a message secret of {} bytes",
            secret.len()
        );
        let info = [self.poll_id, self.creator, self.voter, "Poll Vote"].concat();
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret)
            .expand(info.as_bytes(), &mut key)
            .ok()
            .context("vote key")?;
        Ok(key)
    }

    fn bound_to(&self) -> Vec<u8> {
        [self.poll_id.as_bytes(), &[0], self.voter.as_bytes()].concat()
    }

    pub fn seal(&self, secret: &[u8], vote: &PollVoteMessage) -> Result<PollEncValue> {
        let iv: [u8; 12] = rand::random();
        let mut out = Vec::new();
        aes_256_gcm_encrypt(
            &self.key(secret)?,
            &iv,
            &self.bound_to(),
            &vote.encode_to_vec(),
            &mut out,
        )
        .ok()
        .context("sealing a vote")?;
        Ok(PollEncValue {
            enc_payload: Some(out),
            enc_iv: Some(iv.to_vec()),
        })
    }

    pub fn open(&self, secret: &[u8], sealed: &PollEncValue) -> Result<PollVoteMessage> {
        let iv: [u8; 12] = sealed.enc_iv.as_deref().unwrap_or_default().try_into()?;
        let payload = sealed.enc_payload.as_deref().unwrap_or_default();
        let mut out = Vec::new();
        aes_256_gcm_decrypt(&self.key(secret)?, &iv, &self.bound_to(), payload, &mut out)
            .ok()
            .context("the vote does not open with the poll's secret under these JIDs")?;
        Ok(PollVoteMessage::decode_from_slice(&out)?)
    }
}

/// The secret of a poll's message; phones show no poll without one.
pub fn secret(poll: &wa::Message) -> Option<&[u8]> {
    poll.message_context_info
        .as_option()?
        .message_secret
        .as_deref()
        .filter(|s| s.len() == 32)
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
