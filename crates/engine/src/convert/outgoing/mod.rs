//! A send's finished content as the message WhatsApp takes. The same row always gives the same message: a resend
//! after a crash must be the same bytes under the same id.

mod deeds;
mod kinds;

use super::Converter;
use crate::media;
use wacore::proto_helpers::MessageExt;
use waproto::{buffa::MessageField, codec, whatsapp as wa};
use wharf_domain::outbox::{Content, Outgoing, Quoted, What};

/// Why a stored send makes no message, in words for its sender.
pub(crate) type Unsayable = &'static str;

impl Converter {
    /// Builds the message, its secret included. `uploaded`: where its file is, of one that has a file. `by_lid`: the
    /// chat names people by LID.
    pub(crate) fn outgoing(
        &self,
        outgoing: &Outgoing,
        uploaded: Option<&media::Place>,
        by_lid: bool,
    ) -> Result<wa::Message, Unsayable> {
        let content = &outgoing.content;
        let mut message = match &content.what {
            What::Text { text, preview } => kinds::text(text, preview.as_ref()),
            What::Poll {
                name,
                options,
                selectable,
            } => kinds::poll(name, options, *selectable),
            What::Location {
                latitude,
                longitude,
                name,
                address,
            } => kinds::location(*latitude, *longitude, name, address),
            What::Contact { name, vcard } => kinds::contact(name, vcard),
            What::Media(file) => media::message(file, uploaded.ok_or("the file was not uploaded")?),
            What::Forward {
                wa_id,
                sealed,
                caption,
            } => self
                .unseal(wa_id, sealed)
                .map(|raw| deeds::forward(&raw, caption.as_deref()))
                .ok_or("what was to be passed on cannot be read any more")?,
            What::Edit { .. } | What::Revoke { .. } | What::Reaction { .. } | What::Vote { .. } => {
                return deeds::message(outgoing, by_lid);
            }
        };
        if let Some(context) = self.context(content) {
            message.set_context_info(context);
        }
        if matches!(&content.what, What::Media(file) if file.view_once) {
            message = media::once(message);
        }
        // Channels are not encrypted: a secret there would be none.
        if !outgoing.to.ends_with("@newsletter") {
            message.message_context_info = MessageField::some(wa::MessageContextInfo {
                message_secret: Some(outgoing.secret.clone()),
                ..Default::default()
            });
        }
        Ok(message)
    }

    /// Whom it mentions, what it answers, that it was passed on; `None` when there is nothing to say.
    fn context(&self, content: &Content) -> Option<wa::ContextInfo> {
        if content.mentions.is_empty() && content.quoted.is_none() && content.forwarded == 0 {
            return None;
        }
        let mut context = wa::ContextInfo {
            mentioned_jid: content.mentions.clone(),
            ..Default::default()
        };
        if content.forwarded > 0 {
            context.is_forwarded = Some(true);
            context.forwarding_score = Some(content.forwarded);
        }
        if let Some(quoted) = &content.quoted {
            context.stanza_id = Some(quoted.wa_id.clone());
            context.participant = Some(quoted.sender_jid.clone());
            context.quoted_message = MessageField::from_box(self.quoted(quoted));
        }
        Some(context)
    }

    /// The message answered, as it came if that is known, else by its words.
    fn quoted(&self, quoted: &Quoted) -> Box<wa::Message> {
        match self.unseal(&quoted.wa_id, &quoted.sealed) {
            Some(raw) => {
                let mut copy = raw.prepare_for_quote();
                // Whoever reads the quote has no business with the secret of what is quoted.
                copy.message_context_info = MessageField::none();
                copy
            }
            None => Box::new(kinds::text(&quoted.body, None)),
        }
    }

    /// A message as it came, from its sealed form.
    fn unseal(&self, wa_id: &str, sealed: &str) -> Option<wa::Message> {
        if sealed.is_empty() {
            return None;
        }
        codec::message_decode(&self.open(wa_id, sealed)?).ok()
    }
}
