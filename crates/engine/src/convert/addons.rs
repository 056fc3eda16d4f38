//! Votes, encrypted with the secret of their poll.
//!
//! The key is derived from the secret, the poll's id, and the JIDs of who asked and who votes. Both are named in one
//! way, by LID or by number; which, depends on the chat and on how far a client has moved to LIDs. So a vote is tried
//! under each: its tag says whether it was the right one.

use super::{Converter, deeds::hex};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use wacore::poll::{
    PollVoteCiphertext, compute_option_hash, decrypt_poll_vote_with_secret,
    encrypt_poll_vote_with_secret,
};
use wharf_domain::{
    inbound::{SealedVote, Seen},
    ports::engine::PollSecret,
};

/// The ways to name two people, likelier ones first.
fn names(author: &Seen, voter: &Seen) -> Vec<(String, String)> {
    let lid = |who: &Seen| who.lid.as_ref().map(wharf_types::Lid::jid);
    let phone = |who: &Seen| who.phone.as_ref().map(wharf_types::Phone::jid);
    [
        (lid(author), lid(voter)),
        (phone(author), phone(voter)),
        (lid(author), phone(voter)),
        (phone(author), lid(voter)),
    ]
    .into_iter()
    .filter_map(|(author, voter)| author.zip(voter))
    .collect()
}

/// A vote for options by their texts.
pub(crate) fn seal_vote(
    poll: PollSecret<'_>,
    voter: &Seen,
    options: &[String],
) -> Option<SealedVote> {
    let (author, voter) = names(poll.author, voter).into_iter().next()?;
    let hashes: Vec<Vec<u8>> = options
        .iter()
        .map(|text| compute_option_hash(text).to_vec())
        .collect();
    let (payload, iv) =
        encrypt_poll_vote_with_secret(&hashes, poll.secret, poll.wa_id, &author, &voter).ok()?;
    Some(SealedVote {
        payload: STANDARD.encode(payload),
        iv: STANDARD.encode(iv),
    })
}

/// The hashes of the options a vote names.
pub(crate) fn open_vote(
    poll: PollSecret<'_>,
    voter: &Seen,
    vote: &SealedVote,
) -> Option<Vec<String>> {
    let (payload, iv) = (
        STANDARD.decode(&vote.payload).ok()?,
        STANDARD.decode(&vote.iv).ok()?,
    );
    let sealed = PollVoteCiphertext {
        enc_payload: &payload,
        enc_iv: &iv,
    };
    let hashes = names(poll.author, voter)
        .into_iter()
        .find_map(|(author, voter)| {
            decrypt_poll_vote_with_secret(sealed, poll.secret, poll.wa_id, &author, &voter).ok()
        })?;
    Some(hashes.iter().map(|hash| hex(hash)).collect())
}

impl Converter {
    /// The secret within a message's sealed form.
    pub(crate) fn message_secret(&self, wa_id: &str, sealed: &str) -> Option<Vec<u8>> {
        let message = waproto::codec::message_decode(&self.open(wa_id, sealed)?).ok()?;
        let context = message.message_context_info.as_option()?;
        context
            .message_secret
            .clone()
            .filter(|secret| secret.len() == 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lid: &str, phone: &str) -> Seen {
        Seen {
            lid: lid.parse().ok(),
            phone: phone.parse().ok(),
        }
    }

    #[test]
    fn a_vote_opens_for_whom_it_was_sealed_under_either_id() {
        let secret = [7; 32];
        let (both, voter) = (seen("1@lid", "15550000001"), seen("2@lid", "15550000002"));
        let by_number = seen("", "15550000001");
        let options = ["tea".to_owned(), "coffee".to_owned()];
        for author in [&both, &by_number] {
            let poll = |author| PollSecret {
                wa_id: "POLL",
                author,
                secret: &secret,
            };
            let vote = seal_vote(poll(author), &voter, &options).unwrap();
            let opened = open_vote(poll(&both), &voter, &vote).unwrap();
            assert_eq!(opened.len(), 2);
            assert_eq!(opened[0], hex(&compute_option_hash("tea")));
            let stranger = seen("3@lid", "15550000003");
            assert_eq!(open_vote(poll(&both), &stranger, &vote), None);
            let other = PollSecret {
                wa_id: "OTHER",
                ..poll(&both)
            };
            assert_eq!(open_vote(other, &voter, &vote), None);
        }
    }
}
