//! The group cipher over stored records. Pure: bytes in, bytes and the next record out.

use anyhow::{Context, Result, anyhow};
use futures_util::FutureExt;
use wacore::libsignal::{
    protocol::{
        SenderKeyDistributionMessage, SenderKeyMessage, SignalProtocolError,
        create_sender_key_distribution_message, group_decrypt, group_encrypt,
        process_sender_key_distribution_message,
    },
    store::sender_key_name::SenderKeyName,
};

use super::slot::Slot;
use crate::{keys::rng, people::signal::Unreadable};

/// The record at hand is the only one, so its name decides nothing.
fn name() -> SenderKeyName {
    SenderKeyName::from_parts("", "")
}

fn now<T>(f: impl Future<Output = T>) -> Result<T> {
    f.now_or_never().context("a store in memory does not wait")
}

fn said(e: SignalProtocolError) -> anyhow::Error {
    anyhow!("sender key: {e}")
}

fn stored(slot: &Slot) -> Result<Vec<u8>> {
    slot.bytes()
        .map_err(said)?
        .context("a sender key was just used")
}

/// What a person tells a device so that it can read on: a new key when there is none.
/// Returns (distribution message, record).
pub fn distribution(record: Option<&[u8]>) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut slot = Slot::load(record).map_err(said)?;
    let message = now(create_sender_key_distribution_message(
        &name(),
        &mut slot,
        &mut rng(),
    ))?
    .map_err(said)?;
    Ok((message.into_serialized().into_vec(), stored(&slot)?))
}

/// (ciphertext of a `skmsg`, record).
pub fn encrypt(record: &[u8], plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut slot = Slot::load(Some(record)).map_err(said)?;
    let message = now(group_encrypt(&mut slot, &name(), plain, &mut rng()))?.map_err(said)?;
    Ok((message.serialized().to_vec(), stored(&slot)?))
}

/// Takes in a distribution: the record of that sender.
pub fn learn(record: Option<&[u8]>, distribution: &[u8]) -> Result<Vec<u8>> {
    let message = SenderKeyDistributionMessage::try_from(distribution).map_err(said)?;
    let mut slot = Slot::load(record).map_err(said)?;
    now(process_sender_key_distribution_message(
        &name(),
        &message,
        &mut slot,
    ))?
    .map_err(said)?;
    stored(&slot)
}

/// (padded plaintext, record).
pub fn decrypt(record: Option<&[u8]>, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Unreadable> {
    let mut slot = Slot::load(record).map_err(said)?;
    match now(group_decrypt(bytes, &mut slot, &name()))? {
        Ok(plain) => Ok((plain, stored(&slot)?)),
        Err(SignalProtocolError::DuplicatedMessage(..)) => Err(Unreadable::Duplicate),
        Err(e) => Err(Unreadable::NoSession(e.to_string())),
    }
}

/// What a `skmsg` says about the key it was made with: (chain, iteration). Each pair encrypts once.
pub fn message_key(bytes: &[u8]) -> Result<(u32, u32)> {
    let m = SenderKeyMessage::try_from(bytes).map_err(said)?;
    Ok((m.chain_id(), m.iteration()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_got_the_key_reads_and_who_did_not_asks_again() {
        let (told, mine) = distribution(None).unwrap();
        let theirs = learn(None, &told).unwrap();
        let (first, mine) = encrypt(&mine, b"hello").unwrap();
        let (second, _) = encrypt(&mine, b"again").unwrap();

        let (plain, theirs) = decrypt(Some(&theirs), &first).unwrap();
        assert_eq!(plain, b"hello");
        assert_eq!(decrypt(Some(&theirs), &second).unwrap().0, b"again");
        assert!(matches!(
            decrypt(None, &first),
            Err(Unreadable::NoSession(_))
        ));
    }

    #[test]
    fn a_message_is_read_once_and_late_ones_still_are() {
        let (told, mine) = distribution(None).unwrap();
        let theirs = learn(None, &told).unwrap();
        let (first, mine) = encrypt(&mine, b"1").unwrap();
        let (second, _) = encrypt(&mine, b"2").unwrap();

        let (plain, theirs) = decrypt(Some(&theirs), &second).unwrap();
        assert_eq!(plain, b"2");
        let (plain, theirs) = decrypt(Some(&theirs), &first).unwrap();
        assert_eq!(plain, b"1");
        assert!(matches!(
            decrypt(Some(&theirs), &first),
            Err(Unreadable::Duplicate)
        ));
    }

    #[test]
    fn a_key_told_late_does_not_open_what_was_said_before() {
        let (_, mine) = distribution(None).unwrap();
        let (first, mine) = encrypt(&mine, b"before").unwrap();
        let (told, mine) = distribution(Some(&mine)).unwrap();
        let theirs = learn(None, &told).unwrap();
        let (second, _) = encrypt(&mine, b"after").unwrap();

        assert!(decrypt(Some(&theirs), &first).is_err());
        assert_eq!(decrypt(Some(&theirs), &second).unwrap().0, b"after");
    }

    #[test]
    fn each_message_has_a_key_of_its_own() {
        let (_, mine) = distribution(None).unwrap();
        let (first, mine) = encrypt(&mine, b"1").unwrap();
        let (second, _) = encrypt(&mine, b"2").unwrap();
        let (a, b) = (message_key(&first).unwrap(), message_key(&second).unwrap());
        assert_eq!((a.0, a.1 + 1), (b.0, b.1));
    }

    #[test]
    fn a_forged_message_is_not_read() {
        let (told, mine) = distribution(None).unwrap();
        let theirs = learn(None, &told).unwrap();
        let (mut message, _) = encrypt(&mine, b"hello").unwrap();
        *message.last_mut().unwrap() ^= 1;
        assert!(matches!(
            decrypt(Some(&theirs), &message),
            Err(Unreadable::NoSession(_))
        ));
    }
}
