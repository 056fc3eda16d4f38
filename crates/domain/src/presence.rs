//! What is shown to others as it happens: typing, read receipts, being there. Nothing of it is stored.

use crate::{
    Domain, Error, Result,
    ports::{
        engine::{ReadReceipt, Typing},
        store::{ChatRow, MessageRow, StoreExt},
    },
    sessions::SessionScope,
    show::{Show, person_jid},
};
use std::collections::BTreeMap;
use wharf_types::{Address, ChatJid};

/// Messages named in one call of sendReceipts.
pub const MOST_RECEIPTS: usize = 1_000;

impl Show<'_> {
    /// How WhatsApp addressed the author of a message: receipts must answer in the same form.
    fn addressed(&self, message: &MessageRow) -> Result<String> {
        let missing = || Error::Internal("a message without an author".into());
        let person = self.person(message.sender_id)?.ok_or_else(missing)?;
        Ok(match (&person.lid, &person.phone) {
            (_, Some(phone)) if message.extra.by_number => phone.jid(),
            (Some(lid), _) => lid.jid(),
            _ => person_jid(&person),
        })
    }

    fn read_receipts(&self, chat: &ChatRow, wa_ids: &[String]) -> Result<Vec<ReadReceipt>> {
        let group = chat.kind != "dm";
        let mut by_author: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for wa_id in wa_ids {
            let rows = self.view.messages_by_wa_id(self.no(), chat.id, wa_id)?;
            if rows.is_empty() {
                return Err(Error::NotFound("message"));
            }
            for row in rows.iter().filter(|row| !row.from_me) {
                let ids = by_author.entry(self.addressed(row)?).or_default();
                if !ids.contains(wa_id) {
                    ids.push(wa_id.clone());
                }
            }
        }
        let chat_jid = self.chat_jid(chat)?;
        let receipt = |(author, wa_ids)| {
            if group {
                ReadReceipt {
                    chat: chat_jid.clone(),
                    author: Some(author),
                    wa_ids,
                }
            } else {
                ReadReceipt {
                    chat: author,
                    author: None,
                    wa_ids,
                }
            }
        };
        Ok(by_author.into_iter().map(receipt).collect())
    }
}

/// A chat in which one types and reads.
fn conversation(row: &ChatRow) -> Result<()> {
    if matches!(row.kind, "dm" | "group") {
        Ok(())
    } else {
        Err(Error::invalid("cid", "must be a direct chat or a group"))
    }
}

impl Domain {
    /// Shows the account as typing in a chat, or not any more.
    pub async fn set_chat_presence(
        &self,
        scope: SessionScope,
        jid: ChatJid,
        state: Typing,
    ) -> Result<()> {
        let chat = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let row = show.chat_at(&jid)?.ok_or(Error::NotFound("chat"))?;
                conversation(&row)?;
                show.chat_jid(&row)
            })
            .await?;
        self.engine()?.typing(&scope, &chat, state).await
    }

    /// Tells authors that their messages were read. The account's own messages among them are passed over.
    pub async fn send_receipts(
        &self,
        scope: SessionScope,
        jid: ChatJid,
        wa_ids: Vec<String>,
    ) -> Result<()> {
        if wa_ids.is_empty() || wa_ids.len() > MOST_RECEIPTS {
            return Err(Error::invalid(
                "messages",
                format!("must name 1 to {MOST_RECEIPTS} messages"),
            ));
        }
        let receipts = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let row = show.chat_at(&jid)?.ok_or(Error::NotFound("chat"))?;
                conversation(&row)?;
                show.read_receipts(&row, &wa_ids)
            })
            .await?;
        let engine = self.engine()?;
        if !engine.connected(&scope) {
            return Err(Error::NotConnected);
        }
        for receipt in receipts {
            engine.read(&scope, &receipt).await?;
        }
        Ok(())
    }

    /// Shows the account as there, or not, until the session's next login.
    pub async fn set_presence(&self, scope: SessionScope, available: bool) -> Result<()> {
        self.engine()?.presence(&scope, available).await
    }

    /// Asks WhatsApp to tell a person's presence from now on; it comes as live events.
    pub async fn subscribe_presence(&self, scope: SessionScope, of: Address) -> Result<()> {
        // A person is addressed by LID where one is known: that is how WhatsApp names them back.
        let known = of.clone();
        let lid = self
            .store
            .read(move |view| {
                let person = Show::new(view, scope)?.person_at(&known)?;
                Ok(person.and_then(|row| row.lid))
            })
            .await?;
        let of = lid.map_or(of, Address::Lid);
        self.engine()?.subscribe_presence(&scope, &of).await
    }
}
