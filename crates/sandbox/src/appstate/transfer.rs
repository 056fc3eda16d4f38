//! App state that travels as media: snapshots, and patches too long for a stanza.

use anyhow::{Context, Result, ensure};
use buffa::Message as _;
use sha2::{Digest, Sha256};
use waproto::whatsapp as wa;

use crate::media::{Blob, Media, MediaKind, crypto};

/// Mutations of a patch that travel inside it, in bytes; more go into a blob.
const INLINE: usize = 64 << 10;

/// Uploads a serialised snapshot or list of mutations.
pub fn store(media: &Media, plaintext: &[u8]) -> Result<wa::ExternalBlobReference> {
    let (sealed, direct_path) = media.upload(MediaKind::AppState, plaintext)?;
    Ok(wa::ExternalBlobReference {
        media_key: Some(sealed.media_key.to_vec()),
        direct_path: Some(direct_path),
        handle: None,
        file_size_bytes: Some(sealed.file_length),
        file_sha256: Some(sealed.file_sha256.to_vec()),
        file_enc_sha256: Some(sealed.file_enc_sha256.to_vec()),
    })
}

/// Moves the mutations of a long patch into a blob. Its MACs are over the mutations, wherever they are.
pub fn externalise(media: &Media, patch: &mut wa::SyncdPatch) -> Result<()> {
    let mutations = wa::SyncdMutations {
        mutations: std::mem::take(&mut patch.mutations),
    };
    let bytes = mutations.encode_to_vec();
    if bytes.len() <= INLINE {
        patch.mutations = mutations.mutations;
    } else {
        patch.external_mutations = buffa::MessageField::some(store(media, &bytes)?);
    }
    Ok(())
}

/// The mutations of a client's patch, fetched when they are in a blob.
pub fn mutations(media: &Media, patch: &wa::SyncdPatch) -> Result<Vec<wa::SyncdMutation>> {
    let Some(reference) = patch.external_mutations.as_option() else {
        return Ok(patch.mutations.clone());
    };
    ensure!(
        patch.mutations.is_empty(),
        "a patch with mutations inside and outside"
    );
    let plain = fetch(media, reference)?;
    Ok(wa::SyncdMutations::decode_from_slice(&plain)
        .context("external mutations")?
        .mutations)
}

fn fetch(media: &Media, reference: &wa::ExternalBlobReference) -> Result<Vec<u8>> {
    let path = reference
        .direct_path
        .as_deref()
        .context("a blob reference without path")?;
    let Blob::Here(file) = media.blobs().get(path) else {
        anyhow::bail!("a reference to a blob that is not there")
    };
    let body = std::fs::read(file)?;
    let is =
        |hash: &Option<Vec<u8>>, of: &[u8]| hash.as_deref() == Some(Sha256::digest(of).as_slice());
    ensure!(
        is(&reference.file_enc_sha256, &body),
        "the blob's hash differs"
    );
    let key = reference
        .media_key
        .as_deref()
        .context("a blob reference without key")?;
    let plain = crypto::open(MediaKind::AppState, key, &body)?;
    ensure!(
        is(&reference.file_sha256, &plain),
        "the file's hash differs"
    );
    Ok(plain)
}
