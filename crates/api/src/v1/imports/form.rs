//! The form of an import: a file of gigabytes and its key, in either order.

use crate::{
    error::{ApiError, ApiResult},
    v1::media::intake::{Field, PATIENCE, hand_over},
};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
};
use tokio::sync::{mpsc, oneshot};
use wharf_domain::{Error, imports::RootKey};
use zeroize::Zeroizing;

/// Longer than a key with spaces in it.
const LONGEST_KEY: usize = 512;

/// The key, which may come after the file.
pub(super) struct Key(oneshot::Receiver<Zeroizing<String>>);

impl Key {
    /// Once the form is read to its end.
    pub(super) async fn read(self) -> Result<RootKey, Error> {
        let text = self.0.await;
        RootKey::parse(&text.map_err(|_| Error::invalid("body", "ended early"))?)
    }
}

/// Begins to read a form: the file's bytes, and its key.
pub(super) async fn read(mut request: Request<Body>) -> ApiResult<(Field, Key)> {
    // Who keeps the file counts.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| ApiError::invalid("body", "is not a multipart form"))?;
    let (tell, key) = oneshot::channel();
    let (give, file) = mpsc::channel(2);
    tokio::spawn(async move {
        let mut give = Some(give);
        let mut key = Zeroizing::new(String::new());
        while let Ok(Ok(Some(mut field))) = tokio::time::timeout(PATIENCE, form.next_field()).await
        {
            match field.name() {
                Some("file") => {
                    let Some(give) = give.take() else { return };
                    if !hand_over(&mut field, &give).await {
                        return;
                    }
                }
                Some("key") => {
                    while let Ok(Ok(Some(piece))) =
                        tokio::time::timeout(PATIENCE, field.chunk()).await
                    {
                        if key.len() + piece.len() > LONGEST_KEY {
                            break;
                        }
                        key.push_str(&String::from_utf8_lossy(&piece));
                    }
                }
                _ => {}
            }
        }
        // Nobody waits any more: the file was refused.
        let _ = tell.send(key);
    });
    Ok((Field(file), Key(key)))
}
