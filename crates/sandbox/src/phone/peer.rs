//! Peer messages: what companions ask of their own phone.

use anyhow::Result;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::{self as wa, message::protocol_message::Type};

use crate::{ids::Phone, ledger::Violation, people::read::Incoming, world::World};

impl World<'_> {
    /// The phone `at` reads a peer message of one of its companions.
    pub fn phone_hears(&mut self, at: Phone, info: &Incoming<'_>, msg: &wa::Message) -> Result<()> {
        if info.from.phone != at {
            return self.violation(
                Violation::Protocol,
                info.from,
                format!("peer message {} to another account", info.id),
            );
        }
        let receipt = NodeBuilder::new("receipt")
            .attr("from", at.jid())
            .attr("id", info.id)
            .attr("type", "peer_msg")
            .attr("t", self.now())
            .build();
        self.deliver(info.from, &receipt)?;
        match msg.protocol_message.r#type {
            Some(Type::APP_STATE_SYNC_KEY_REQUEST) => self.share_app_state_keys(info.from),
            Some(Type::PEER_DATA_OPERATION_REQUEST_MESSAGE) => {
                let asked = msg
                    .protocol_message
                    .peer_data_operation_request_message
                    .as_option();
                self.answer_data_request(info.from, info.id, asked.unwrap_or(&Default::default()))
            }
            other => {
                self.note(
                    info.from,
                    format!("peer message {other:?}: nothing the phone answers"),
                );
                Ok(())
            }
        }
    }
}
