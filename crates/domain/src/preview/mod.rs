//! What a text's first link leads to: the page's title, its description and a small picture, fetched when the send is
//! accepted and part of its finished content.
//!
//! A preview is a courtesy. A server that is slow, endless, private or broken costs the text its preview and nothing
//! else, and the whole of it has one deadline, since a caller may be waiting.
//!
//! The page is read by a small reader of our own ([`head`]), not by an HTML library: four values of the head are
//! wanted, no tree, and the page is written by strangers. What is read is bounded, read once, and never built up.

mod entities;
mod head;
mod link;

pub use link::first as first_link;

use crate::{
    Domain,
    media::Fetched,
    outbox::{Idempotency, Preview},
    ports::{
        store::StoreExt,
        web::{WebBody, WebError},
    },
    sessions::SessionScope,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use head::Head;
use std::time::Duration;
use url::Url;

/// For page and picture together.
const PATIENCE: Duration = Duration::from_secs(8);
/// A head ends before this; what follows is not read.
const MOST_PAGE: usize = 1 << 20;
/// What a page may be at all: where it announces more, it is no page.
const LARGEST_PAGE: u64 = 64 << 20;
const LARGEST_PICTURE: u64 = 4 << 20;

impl Domain {
    /// The preview of the first link of a text about to be sent; `None` when there is nothing to show, for whatever
    /// reason, and where the send will be refused or is a replay.
    pub async fn preview(
        &self,
        scope: SessionScope,
        text: &str,
        sync: bool,
        key: Option<&Idempotency>,
    ) -> Option<Preview> {
        let link = first_link(text)?;
        if !self.worth_fetching(scope, sync, key).await {
            return None;
        }
        let url = Url::parse(link).ok()?;
        tokio::time::timeout(PATIENCE, self.look_up(link, &url))
            .await
            .ok()
            .flatten()
    }

    async fn worth_fetching(
        &self,
        scope: SessionScope,
        sync: bool,
        key: Option<&Idempotency>,
    ) -> bool {
        if sync && !self.engine().is_ok_and(|engine| engine.connected(&scope)) {
            return false;
        }
        let key = key.map(|key| key.key.clone());
        let read = self.store.read(move |view| {
            let replay = match &key {
                Some(key) => view.idempotency(&scope.org, key)?.is_some(),
                None => false,
            };
            let session = view.session(&scope.org, &scope.id)?;
            Ok(!replay && session.is_some_and(|session| session.paired()))
        });
        read.await.unwrap_or(false)
    }

    async fn look_up(&self, link: &str, url: &Url) -> Option<Preview> {
        let answer = self.web.get(url.as_str(), LARGEST_PAGE).await.ok()?;
        if !matches!(
            answer.mimetype.as_str(),
            "text/html" | "application/xhtml+xml"
        ) {
            return None;
        }
        let head = head::read(&begin(answer.body).await.ok()?);
        if head.title.is_empty() {
            return None;
        }
        let thumbnail = self.thumbnail(url, &head).await.unwrap_or_default();
        Some(Preview {
            url: link.to_owned(),
            title: head.title,
            description: head.description,
            thumbnail: STANDARD.encode(thumbnail),
        })
    }

    async fn thumbnail(&self, page: &Url, head: &Head) -> Option<Vec<u8>> {
        if head.image.is_empty() {
            return None;
        }
        let url = page.join(&head.image).ok()?;
        let answer = self.web.get(url.as_str(), LARGEST_PICTURE).await.ok()?;
        let mut body = Fetched(answer.body);
        let file = self.media.blobs.fill(&mut body, LARGEST_PICTURE).await;
        let seen = self.media.studio.picture(file.ok()?.path()).await;
        Some(seen.thumbnail)
    }
}

/// The beginning of a body; dropping the rest ends the exchange.
async fn begin(mut body: Box<dyn WebBody>) -> Result<Vec<u8>, WebError> {
    let mut page = Vec::new();
    while page.len() < MOST_PAGE
        && let Some(chunk) = body.chunk().await?
    {
        page.extend_from_slice(&chunk);
    }
    page.truncate(MOST_PAGE);
    Ok(page)
}
