//! What a companion asks of the past later: older messages of a chat, or a message it could not read.
//!
//! The request is a peer message to the phone. Older messages come as a history part of type *on demand*
//! that names the request; a lost message comes inside a response, as the bytes of its `WebMessageInfo`.
//! Source: whatsmeow `BuildHistorySyncRequest`, `BuildUnavailableMessageRequest`, zapo's peer data operations.

use anyhow::{Context, Result};
use buffa::Message as _;
use wacore_binary::Jid;
use waproto::whatsapp::{
    self as wa,
    message::{
        PeerDataOperationRequestMessage as Request,
        PeerDataOperationRequestResponseMessage as Response, PeerDataOperationRequestType as Kind,
        peer_data_operation_request_message::HistorySyncOnDemandRequest,
        peer_data_operation_request_response_message::{
            PeerDataOperationResult, peer_data_operation_result::PlaceholderMessageResendResponse,
        },
        protocol_message::Type,
    },
};

use super::{
    archive::Chat,
    parts::Part,
    plan::{Phase, Plan},
    upload::notification,
};
use crate::{ids::DeviceAddr, ledger::Violation, world::World};

/// Messages of one answer, whatever was asked for. Clients ask for 50.
const MOST: u32 = 500;

impl World<'_> {
    /// Answers a companion's `PeerDataOperationRequestMessage`; `id` is that of the message.
    pub fn answer_data_request(
        &mut self,
        from: DeviceAddr,
        id: &str,
        request: &Request,
    ) -> Result<()> {
        match request.peer_data_operation_request_type {
            Some(Kind::HISTORY_SYNC_ON_DEMAND) => {
                match request.history_sync_on_demand_request.as_option() {
                    Some(asked) => self.history_on_demand(from, id, asked),
                    None => self.violation(
                        Violation::Protocol,
                        from,
                        format!("request {id} for history says not which"),
                    ),
                }
            }
            Some(Kind::PLACEHOLDER_MESSAGE_RESEND) => self.resend_placeholders(from, id, request),
            other => {
                self.note(
                    from,
                    format!("peer data request {other:?}: nothing the phone answers"),
                );
                Ok(())
            }
        }
    }

    fn history_on_demand(
        &mut self,
        from: DeviceAddr,
        id: &str,
        asked: &HistorySyncOnDemandRequest,
    ) -> Result<()> {
        let jid = asked.chat_jid.as_deref().unwrap_or_default();
        let Some(chat) = self.chat_of(jid)? else {
            return self.violation(
                Violation::Protocol,
                from,
                format!("request {id} for the history of {jid:?}"),
            );
        };
        while self.fill_archive(from.phone)? {}
        let count = asked
            .on_demand_msg_count
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(50)
            .min(MOST);
        let before = asked.oldest_msg_timestamp_ms.unwrap_or(i64::MAX) / 1000;
        let messages = match self.archive_chat(from.phone, &chat)? {
            Some(known) => self.archive_before(
                known.seq,
                asked.oldest_msg_id.as_deref().unwrap_or_default(),
                before,
                count,
            )?,
            None => Vec::new(),
        };
        let plan = Plan {
            device: from,
            props: Vec::new(),
            phase: Phase::Done,
            chat: 0,
            skip: 0,
            chunk: 1,
            sent: 0,
            total: 0,
        };
        let mut sync = self.history_before(from.phone, &chat, &messages)?;
        sync.chunk_order = Some(1);
        let part = Part {
            sync,
            after: plan,
            oldest: messages.last().map(|m| m.at),
        };
        let mut notice = notification(&self.sim.media, &part, false)?;
        notice.peer_data_request_session_id = Some(id.to_owned());
        self.send_history(from, notice)?;
        Ok(())
    }

    fn resend_placeholders(&mut self, from: DeviceAddr, id: &str, request: &Request) -> Result<()> {
        while self.fill_archive(from.phone)? {}
        let mut results = Vec::new();
        for asked in &request.placeholder_message_resend_request {
            let key = asked
                .message_key
                .as_option()
                .context("a request that names no message")?;
            let info = match self.chat_of(key.remote_jid.as_deref().unwrap_or_default())? {
                Some(chat) => {
                    self.history_message(from.phone, &chat, key.id.as_deref().unwrap_or_default())?
                }
                None => None,
            };
            let found = info.map(|info| PlaceholderMessageResendResponse {
                web_message_info_bytes: Some(info.encode_to_vec()),
            });
            results.push(PeerDataOperationResult {
                placeholder_message_resend_response: found.into(),
                ..Default::default()
            });
        }
        let response = Response {
            peer_data_operation_request_type: Some(Kind::PLACEHOLDER_MESSAGE_RESEND),
            stanza_id: Some(id.to_owned()),
            peer_data_operation_result: results,
        };
        self.peer_message(
            from,
            wa::message::ProtocolMessage {
                r#type: Some(Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE),
                peer_data_operation_request_response_message: buffa::MessageField::some(response),
                ..Default::default()
            },
        )?;
        Ok(())
    }

    /// The chat a JID of either form names.
    fn chat_of(&self, jid: &str) -> Result<Option<Chat>> {
        let Ok(parsed) = jid.parse::<Jid>() else {
            return Ok(None);
        };
        if self.group(jid)?.is_some() {
            return Ok(Some(Chat::Group(jid.to_owned())));
        }
        Ok(self.account_of(&parsed)?.map(|a| Chat::Direct(a.phone)))
    }
}
