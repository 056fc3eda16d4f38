//! The API over HTTP, in one binary. `harness` gives a test an API over a real store in one line.

#[cfg(test)]
mod acquaintance;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod chats;
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod events;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod http;
#[cfg(test)]
mod login;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod media;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod pacing;
#[cfg(test)]
mod passing;
#[cfg(test)]
mod passkey;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sends;
#[cfg(test)]
mod webhooks;
