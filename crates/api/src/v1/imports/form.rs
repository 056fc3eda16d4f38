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

/// The form as it comes.
pub(super) struct Form {
    /// The file's bytes.
    pub file: Field,
    key: oneshot::Receiver<Zeroizing<String>>,
}

impl Form {
    /// Begins to read.
    pub(super) async fn of(mut request: Request<Body>) -> ApiResult<Self> {
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
            while let Ok(Ok(Some(mut field))) =
                tokio::time::timeout(PATIENCE, form.next_field()).await
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
        Ok(Self {
            file: Field(file),
            key,
        })
    }

    /// The key, once the form is read to its end.
    pub(super) async fn key(key: oneshot::Receiver<Zeroizing<String>>) -> Result<RootKey, Error> {
        let text = key
            .await
            .map_err(|_| Error::invalid("body", "ended early"))?;
        RootKey::parse(&text)
    }

    pub(super) fn split(self) -> (Field, oneshot::Receiver<Zeroizing<String>>) {
        (self.file, self.key)
    }
}
