//! Channels (newsletters): what they are, asked by persisted queries; posts in them, which are not encrypted.
//!
//! The library's own readers of channels leave out whether posts notify, so the answers are read here ([`told`]).
//! Query ids are the library's.

mod open_upload;
mod post;

pub(crate) use post::{is_ack, is_taken_back, taken_back};

use crate::{actor::Actor, live::upstream};
use serde_json::{Value, json};
use wacore::iq::mex_operations::{
    create_newsletter, fetch_all_newsletters_metadata, fetch_newsletter, join_newsletter,
    leave_newsletter, update_newsletter_user_setting,
};
use wharf_domain::{
    Error,
    inbound::{ChannelRole, InChannel},
};
use wharf_types::ChannelJid;
use whatsapp_rust::IqError;
use whatsapp_rust::features::{MexError, MexRequest};

impl Actor {
    /// All channels the account owns or follows.
    pub(crate) async fn channels(&self) -> Result<Vec<InChannel>, Error> {
        use fetch_all_newsletters_metadata::{DOC_ID, NAME};
        let answer = self.query(NAME, DOC_ID, json!({})).await?;
        let all = answer
            .get("xwa2_newsletter_subscribed")
            .and_then(Value::as_array)
            .ok_or_else(|| unread("without a list"))?;
        Ok(all.iter().filter_map(told).collect())
    }

    pub(crate) async fn create_channel(
        &self,
        name: &str,
        description: &str,
    ) -> Result<InChannel, Error> {
        let description = Some(description).filter(|text| !text.is_empty());
        let input = json!({"input": {"name": name, "description": description}});
        let answer = self
            .query(create_newsletter::NAME, create_newsletter::DOC_ID, input)
            .await?;
        let made = answer.get("xwa2_newsletter_create").and_then(told);
        let made = made.ok_or_else(|| unread("without the channel"))?;
        Ok(InChannel {
            role: ChannelRole::Owner,
            ..made
        })
    }

    /// Follows it, and asks what it is.
    pub(crate) async fn follow_channel(&self, channel: &ChannelJid) -> Result<InChannel, Error> {
        let which = json!({"newsletter_id": channel.as_str()});
        self.query(join_newsletter::NAME, join_newsletter::DOC_ID, which)
            .await?;
        let input = json!({
            "input": {"key": channel.as_str(), "type": "JID", "view_role": "GUEST"},
            "fetch_viewer_metadata": true,
            "fetch_full_image": false,
            "fetch_creation_time": true,
        });
        let answer = self
            .query(fetch_newsletter::NAME, fetch_newsletter::DOC_ID, input)
            .await?;
        let found = answer.get("xwa2_newsletter").and_then(told);
        let found = found.ok_or_else(|| unread("without the channel"))?;
        Ok(InChannel {
            role: match found.role {
                // The answer may be older than the step before it.
                ChannelRole::Guest => ChannelRole::Follower,
                role => role,
            },
            ..found
        })
    }

    pub(crate) async fn unfollow_channel(&self, channel: &ChannelJid) -> Result<(), Error> {
        let which = json!({"newsletter_id": channel.as_str()});
        self.query(leave_newsletter::NAME, leave_newsletter::DOC_ID, which)
            .await
            .map(drop)
    }

    pub(crate) async fn mute_channel(
        &self,
        channel: &ChannelJid,
        role: ChannelRole,
        muted: bool,
    ) -> Result<(), Error> {
        use update_newsletter_user_setting::{DOC_ID, NAME};
        let input = json!({"input": {
            "newsletter_id": channel.as_str(),
            "type": if role.writes() { "MUTE_ADMIN_ACTIVITY" } else { "MUTE_FOLLOWER_ACTIVITY" },
            "value": if muted { "ON" } else { "OFF" },
        }});
        self.query(NAME, DOC_ID, input).await.map(drop)
    }

    async fn query(
        &self,
        name: &'static str,
        id: &'static str,
        variables: Value,
    ) -> Result<Value, Error> {
        let mex = self.client.mex();
        let asked = mex.query(MexRequest::new(name, id, variables));
        let answer = self.asked(asked, error).await?;
        if let Some(refused) = answer.errors.unwrap_or_default().first() {
            return Err(refusal(
                refused.error_code().unwrap_or(500),
                &refused.message,
            ));
        }
        answer.data.ok_or_else(|| unread("without data"))
    }
}

fn unread(why: &str) -> Error {
    upstream(
        "rejected",
        format!("WhatsApp's answer could not be read: {why}"),
    )
}

fn refusal(code: i32, words: &str) -> Error {
    match code {
        404 => Error::NotFound("channel"),
        403 => Error::Forbidden("not_channel_admin"),
        429 => upstream(
            "rate_overlimit",
            format!("WhatsApp answered {code} {words}"),
        ),
        _ => upstream("rejected", format!("WhatsApp answered {code} {words}")),
    }
}

fn error(error: MexError) -> Error {
    match error {
        MexError::ExtensionError { code, message } => refusal(code, &message),
        MexError::Request(IqError::Timeout) => Error::Timeout,
        MexError::Request(IqError::ServerError { code, text, .. }) => {
            refusal(i32::from(code), &text)
        }
        // The library puts the code of a refused query into words.
        MexError::Request(IqError::ParseError(why)) => {
            let why = why.to_string();
            let code = why.split_once("code=").and_then(|(_, rest)| {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            });
            code.map_or_else(|| unread(&why), |code| refusal(code, &why))
        }
        MexError::Request(_) => Error::NotConnected,
        other => unread(&other.to_string()),
    }
}

/// A channel as WhatsApp describes it: numbers as text, roles in letters of either size.
fn told(channel: &Value) -> Option<InChannel> {
    let text = |path: &str| {
        let value = channel.pointer(path).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    let number = |path: &str| -> Option<u64> {
        let value = channel.pointer(path)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let role = match text("/viewer_metadata/role").to_ascii_lowercase().as_str() {
        "owner" => ChannelRole::Owner,
        "admin" => ChannelRole::Admin,
        "subscriber" => ChannelRole::Follower,
        _ => ChannelRole::Guest,
    };
    let muted = match text("/viewer_metadata/mute").to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let since = number("/thread_metadata/creation_time");
    Some(InChannel {
        jid: text("/id").parse().ok()?,
        name: text("/thread_metadata/name/text").to_owned(),
        description: text("/thread_metadata/description/text").to_owned(),
        invite: text("/thread_metadata/invite").to_owned(),
        role,
        muted,
        followers: number("/thread_metadata/subscribers_count").unwrap_or(0),
        created_at: since.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_in_whatsapps_words() {
        let full = json!({
            "id": "120363400000000001@newsletter",
            "thread_metadata": {
                "creation_time": "1700000000", "invite": "0029Va", "subscribers_count": "12",
                "name": {"text": "News"}, "description": {"text": "of the pier"},
            },
            "viewer_metadata": {"role": "SUBSCRIBER", "mute": "OFF"},
        });
        let channel = told(&full).unwrap();
        assert_eq!(channel.created_at, Some(1_700_000_000_000));
        assert_eq!(
            (channel.role, channel.muted, channel.followers),
            (ChannelRole::Follower, Some(false), 12)
        );
        assert_eq!(
            (channel.name.as_str(), channel.invite.as_str()),
            ("News", "0029Va")
        );
        let bare = told(&json!({"id": "120363400000000001@newsletter"})).unwrap();
        assert_eq!(
            (bare.role, bare.muted, bare.created_at),
            (ChannelRole::Guest, None, None)
        );
        assert_eq!(told(&json!({"id": "15551230001@s.whatsapp.net"})), None);
        assert_eq!(told(&json!({})), None);
    }
}
