//! An answer whose body is read under limits.

use crate::{error::Error, limits::Limits};
use bytes::Bytes;
use reqwest::{StatusCode, header::HeaderMap};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Status and headers, and a body that comes in chunks.
#[derive(Debug)]
pub struct Answer {
    response: reqwest::Response,
    limits: Limits,
    ends: Instant,
    left: u64,
    /// Of the current window: how long was waited, how much came.
    waited: Duration,
    came: u64,
}

impl Answer {
    pub(crate) fn new(response: reqwest::Response, limits: Limits, ends: Instant) -> Self {
        Self {
            response,
            limits,
            ends,
            left: limits.largest,
            waited: Duration::ZERO,
            came: 0,
        }
    }

    /// The status, whatever it is: it is the caller who knows what it means.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers, as the server wrote them.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The length the server announces.
    pub fn announced(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece of the body; `None` at its end. A body announced larger than allowed fails at the first call.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.came == 0
            && self
                .announced()
                .is_some_and(|size| size > self.limits.largest)
        {
            return Err(Error::TooLarge(self.limits.largest));
        }
        loop {
            // Only time spent waiting for the server counts: a slow reader of ours is not its fault.
            let began = Instant::now();
            let patience = self
                .limits
                .window
                .saturating_sub(self.waited)
                .min(self.ends.saturating_duration_since(began));
            let chunk = timeout(patience, self.response.chunk()).await;
            self.waited += began.elapsed();
            match chunk {
                Ok(chunk) => {
                    let chunk = chunk.map_err(Error::of)?;
                    return self.count(chunk);
                }
                Err(_) if Instant::now() >= self.ends => return Err(Error::TooSlow),
                Err(_) => self.turn_window()?,
            }
        }
    }

    fn count(&mut self, chunk: Option<Bytes>) -> Result<Option<Bytes>, Error> {
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.left = self
            .left
            .checked_sub(length)
            .ok_or(Error::TooLarge(self.limits.largest))?;
        self.came += length;
        if chunk.is_some() && self.waited >= self.limits.window {
            self.turn_window()?;
        }
        Ok(chunk)
    }

    fn turn_window(&mut self) -> Result<(), Error> {
        if self.came < self.limits.least {
            return Err(Error::TooSlow);
        }
        self.waited = Duration::ZERO;
        self.came = 0;
        Ok(())
    }

    /// The whole body in memory: for small ones.
    pub async fn whole(mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
