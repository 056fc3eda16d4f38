//! Handing one send to WhatsApp: reach the recipient's devices, write the stanza, wait for the server's word.
//!
//! Around the library, version 0.7.0:
//! - it reports a direct message as sent even when no device of the recipient could be encrypted for (its issues
//!   1299 and 1301): we make sure of a session with one of them first;
//! - it returns before the server has answered, and a refusal (`<ack error=…>`) changes nothing for it: we wait for
//!   the acknowledgement ourselves;
//! - a group member that could not be keyed is stranded (its issue 1328): the member's own retry request repairs
//!   that; nothing to be done here.

use crate::{
    acks::Word,
    actor::{Actor, habits},
    convert,
    media::Place,
};
use std::time::{Duration, Instant};
use wacore::types::message::AddressingMode;
use wacore_binary::{Jid, JidExt};
use waproto::whatsapp as wa;
use wharf_domain::{
    outbox::{Outgoing, What},
    ports::engine::{Handed, Refusal},
};
use whatsapp_rust::{ErrorChainExt, IqError, SendError, SendOptions};

/// How long a question about a refusal may take: somebody waits for the answer.
const ASK: Duration = Duration::from_secs(5);
const NOT_A_MEMBER: &str = "this account is not a member of the group";
const NOT_ON_WHATSAPP: &str = "recipient_not_on_whatsapp";

fn refused(reason: &'static str, message: impl Into<String>) -> Handed {
    Handed::Refused(Refusal {
        reason,
        message: message.into(),
        until: None,
    })
}

impl Actor {
    /// Hands the send over and waits for the server's word on it.
    pub(crate) async fn send(&self, outgoing: &Outgoing) -> Handed {
        if !self.connected() {
            return Handed::Unknown;
        }
        let Ok(to) = outgoing.to.parse::<Jid>() else {
            return refused(
                "rejected",
                "the recipient's address is not one of WhatsApp's",
            );
        };
        if to.is_newsletter() {
            return self.post(&to, outgoing).await;
        }
        // Before the clock of the send begins: a large file takes as long as it takes.
        let uploaded = match &outgoing.content.what {
            What::Media(media) => match self.upload(media).await {
                Ok(uploaded) => Some(uploaded),
                Err(handed) => return handed,
            },
            _ => None,
        };
        let write = self.write(&to, outgoing, uploaded.as_ref());
        match self.hand(&outgoing.wa_id, write).await {
            Ok(Word::Taken { at, .. }) => {
                Handed::Acknowledged(at.unwrap_or_else(|| self.shared.clock.now()))
            }
            Ok(Word::Refused(code)) => self.nack(&to, &code).await,
            Err(handed) => handed,
        }
    }

    /// Lets a stanza be written and waits for the server's word under its id; an error when it does not come to that.
    pub(crate) async fn hand(
        &self,
        id: &str,
        write: impl Future<Output = Option<Handed>>,
    ) -> Result<Word, Handed> {
        let deadline = self.shared.config.timings.acknowledge;
        let word = self.acks.expect(id);
        let early = tokio::time::timeout(deadline, self.word(write)).await;
        if let Some(handed) = early.unwrap_or(Some(Handed::Unknown)) {
            self.acks.forget(id);
            return Err(handed);
        }
        let written = Instant::now();
        match tokio::time::timeout(deadline, self.word(word)).await {
            Ok(Ok(word)) => {
                if let (Some(heard), Word::Taken { .. }) = (&self.shared.config.heard, &word) {
                    heard(id, written.elapsed());
                }
                Ok(word)
            }
            // The socket went, or the server stays silent.
            Ok(Err(_)) => Err(Handed::Unknown),
            Err(_) => {
                self.acks.forget(id);
                Err(Handed::Unknown)
            }
        }
    }

    /// Writes the stanza; `Some` when it did not come to that.
    async fn write(
        &self,
        to: &Jid,
        outgoing: &Outgoing,
        uploaded: Option<&Place>,
    ) -> Option<Handed> {
        if to.is_pn() || to.is_lid() {
            if outgoing.first_contact
                && let Some(handed) = self.registered(to).await
            {
                return Some(handed);
            }
            if let Some(handed) = self.reachable(to).await {
                return Some(handed);
            }
        }
        habits::typing(&self.client, &*self.shared.store, self.scope, to, outgoing).await;
        let options = SendOptions::default().with_message_id(outgoing.wa_id.clone());
        let by_lid = self.names_by_lid(to).await;
        let message = match self.converter().outgoing(outgoing, uploaded, by_lid) {
            Ok(message) => message,
            Err(why) => return Some(refused("rejected", why)),
        };
        self.remember_upload(outgoing, &message).await;
        match self
            .client
            .send_message_with_options(to.clone(), message, options)
            .await
        {
            Ok(_) => None,
            Err(error) => Some(self.failed(to, &error)),
        }
    }

    /// What may be seen once is not kept in a form that can be passed on.
    pub(crate) async fn remember_upload(&self, outgoing: &Outgoing, message: &wa::Message) {
        if !matches!(&outgoing.content.what, What::Media(file) if !file.view_once) {
            return;
        }
        let sealed = self.converter().sealed(&outgoing.wa_id, message);
        let inbox = &self.shared.inbox;
        if let Err(error) = inbox.uploaded(&self.scope, &outgoing.wa_id, sealed).await {
            tracing::warn!(session = %self.scope.id, %error, "where a sent file is was not kept");
        }
    }

    /// Whether people are named by LID in this chat: in groups as the group says, else wherever both ids are known.
    async fn names_by_lid(&self, to: &Jid) -> bool {
        if !to.is_group() {
            return true;
        }
        match self.client.groups().query_info(to).await {
            Ok(info) => info.addressing_mode == AddressingMode::Lid,
            Err(error) => {
                tracing::debug!(session = %self.scope.id, %error, "how the group names people is not known");
                true
            }
        }
    }

    /// Asks WhatsApp whether it knows the number.
    async fn registered(&self, to: &Jid) -> Option<Handed> {
        if !to.is_pn() {
            return None;
        }
        match self
            .client
            .contacts()
            .is_on_whatsapp(std::slice::from_ref(to))
            .await
        {
            Ok(answers) if answers.iter().any(|a| a.is_registered) => None,
            Ok(_) => Some(refused(
                NOT_ON_WHATSAPP,
                "WhatsApp does not know this number",
            )),
            Err(error) => {
                tracing::warn!(session = %self.scope.id, %error, "first contact not checked");
                Some(Handed::Unknown)
            }
        }
    }

    /// Makes sure that at least one of the recipient's devices can be encrypted for.
    async fn reachable(&self, to: &Jid) -> Option<Handed> {
        let signal = self.client.signal();
        let devices = match signal.get_user_devices(std::slice::from_ref(to)).await {
            Ok(devices) => devices,
            Err(error) => {
                tracing::warn!(session = %self.scope.id, %error, "device list not fetched");
                return Some(Handed::Unknown);
            }
        };
        if let Err(error) = signal.assert_sessions(&devices).await {
            tracing::warn!(session = %self.scope.id, %error, "prekeys not fetched");
            if error.server_rejection().is_none() {
                return Some(Handed::Unknown);
            }
        }
        // A session that another send is using just now reads as absent; real absence lasts.
        for pause in [0, 10, 20, 40, 80, 160, 320] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            for device in &devices {
                if signal.validate_session(device).await.unwrap_or(false) {
                    return None;
                }
            }
            if devices.is_empty() {
                break;
            }
        }
        Some(refused(
            NOT_ON_WHATSAPP,
            "the recipient has no device to encrypt for",
        ))
    }

    fn failed(&self, to: &Jid, error: &SendError) -> Handed {
        tracing::warn!(session = %self.scope.id, %error, "send not written");
        match error {
            SendError::InvalidRequest(why) => refused("rejected", why.clone()),
            // A group is asked for its members before a message to it is written.
            SendError::Iq(IqError::ServerError {
                code: 401 | 403 | 404,
                ..
            }) if to.is_group() => refused("rejected", NOT_A_MEMBER),
            SendError::Iq(IqError::ServerError { code, text, .. })
                if (400..500).contains(code) && *code != 429 =>
            {
                refused("rejected", format!("WhatsApp answered {code} {text}"))
            }
            // Nothing reached the server, or nobody knows: the same id and content go again.
            _ => Handed::Unknown,
        }
    }

    /// What a refusal means to the user.
    ///
    /// WhatsApp documents none of these codes. 403 to a person is about that chat, not about the account: it is seen
    /// by senders who have blocked the recipient, and for single recipients while others are served (whatsmeow's
    /// issues 379 and 679). 463 is told for a locked account and for a recipient who takes nothing from strangers, so
    /// the account's state decides. 475 is a cap on new chats (zapo's table); 408, 500 and 503 pass (the same).
    async fn nack(&self, to: &Jid, code: &str) -> Handed {
        match code {
            "463" => self.reach_out().await,
            "475" => refused(
                "account_restricted",
                "WhatsApp lets this account begin no more new chats for now; chats that exist go on",
            ),
            "429" => refused(
                "rate_overlimit",
                "WhatsApp says that this account sends too much; send less, later",
            ),
            "403" if to.is_group() => self.shut_out(to).await,
            "403" => refused(
                "rejected",
                "WhatsApp does not let this account write to this person: look whether they are blocked, or try \
                 again in some hours (code 403)",
            ),
            "404" if to.is_group() => refused("rejected", "WhatsApp knows no such group"),
            "404" => refused(NOT_ON_WHATSAPP, "WhatsApp does not know the recipient"),
            "408" | "500" | "503" => Handed::Unknown,
            other => refused(
                "rejected",
                format!("WhatsApp refused the message (code {other})"),
            ),
        }
    }

    /// 463: asks whether the account is locked, and until when.
    async fn reach_out(&self) -> Handed {
        let mex = self.client.mex();
        let asked = tokio::time::timeout(ASK, mex.fetch_reachout_timelock()).await;
        let lock = asked.ok().and_then(Result::ok);
        if lock
            .as_ref()
            .is_some_and(|lock| lock.is_active == Some(false))
        {
            return refused(
                "rejected",
                "This person takes no messages from accounts they do not know (code 463): let them write first",
            );
        }
        let ends = lock.and_then(|lock| lock.time_enforcement_ends);
        let seconds = ends.and_then(|text| text.parse::<i64>().ok());
        Handed::Refused(Refusal {
            reason: "reachout_timelocked",
            message: "WhatsApp does not let this account begin chats with new people for now; chats that exist go on"
                .into(),
            until: seconds.map(|seconds| seconds.saturating_mul(1000)),
        })
    }

    /// 403 from a group: asks WhatsApp how the account stands in it.
    async fn shut_out(&self, to: &Jid) -> Handed {
        let groups = self.client.groups();
        let asked = tokio::time::timeout(ASK, groups.get_metadata(to)).await;
        let group = asked.ok().and_then(Result::ok);
        let group = group.as_ref().and_then(convert::group::group);
        let own = self.own();
        let standing = group.as_ref().map(|group| {
            group.members.iter().find(|member| {
                (own.lid.is_some() && member.who.lid == own.lid)
                    || (own.phone.is_some() && member.who.phone == own.phone)
            })
        });
        match standing {
            Some(Some(member)) if member.role == "member" => refused(
                "not_group_admin",
                "only admins write in this group, and this account is not one",
            ),
            Some(Some(_)) => refused(
                "rejected",
                "WhatsApp refused the message to this group (code 403)",
            ),
            // WhatsApp tells strangers nothing of a group.
            Some(None) | None => refused("rejected", NOT_A_MEMBER),
        }
    }
}
