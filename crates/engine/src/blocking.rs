//! Whom the account blocks.
//!
//! WhatsApp keeps the list by LID and wants the number beside it when somebody is added (the library's `features/blocking.rs`).

use crate::{
    actor::Actor,
    convert::seen,
    live::{jid, upstream},
};
use wacore::iq::blocklist::UpdateBlocklistSpec;
use wacore_binary::Jid;
use wharf_domain::{Error, inbound::Seen};
use wharf_types::Address;
use whatsapp_rust::{IqError, features::BlockingError};

fn of_iq(error: IqError) -> Error {
    match error {
        IqError::Timeout => Error::Timeout,
        IqError::ServerError {
            code: 429, text, ..
        } => upstream("rate_overlimit", format!("WhatsApp answered 429 {text}")),
        IqError::ServerError { code, text, .. } => {
            upstream("rejected", format!("WhatsApp answered {code} {text}"))
        }
        IqError::ParseError(why) => upstream(
            "rejected",
            format!("WhatsApp's answer could not be read: {why}"),
        ),
        _ => Error::NotConnected,
    }
}

fn of_list(error: BlockingError) -> Error {
    match error {
        BlockingError::Iq(error) => of_iq(error),
        other => Error::Internal(other.to_string()),
    }
}

impl Actor {
    pub(crate) async fn block(&self, who: &Seen, blocked: bool) -> Result<(), Error> {
        let (lid, number) = self.both_ids(who).await?;
        let spec = match (&number, blocked) {
            (_, false) => UpdateBlocklistSpec::unblock(&lid),
            (Some(number), true) => UpdateBlocklistSpec::block_with_pn(&lid, number),
            (None, true) => {
                return Err(upstream(
                    "rejected",
                    "WhatsApp blocks nobody whose number it has not told this account",
                ));
            }
        };
        self.asked(self.client.execute(spec), of_iq).await
    }

    /// The LID, and the number where it is known; WhatsApp is asked for what is missing.
    async fn both_ids(&self, who: &Seen) -> Result<(Jid, Option<Jid>), Error> {
        let number = who.phone.clone().map(|phone| jid(&Address::Phone(phone)));
        if let Some(lid) = who.lid.clone() {
            let lid = jid(&Address::Lid(lid));
            if number.is_some() {
                return Ok((lid, number));
            }
            let known = self.client.get_lid_pn_entry(&lid).await.ok().flatten();
            return Ok((lid, known.map(|known| Jid::pn(&*known.phone_number))));
        }
        let Some(number) = number else {
            return Err(Error::Internal("nobody to block".into()));
        };
        let contacts = self.client.contacts();
        let asked = contacts.is_on_whatsapp(std::slice::from_ref(&number));
        let answers = self.ask(asked).await?;
        let lid = answers.into_iter().find_map(|answer| answer.lid);
        let lid = lid.ok_or_else(|| {
            upstream(
                "recipient_not_on_whatsapp",
                "WhatsApp does not know this number",
            )
        })?;
        Ok((lid.to_non_ad(), Some(number)))
    }

    pub(crate) async fn blocked(&self) -> Result<Vec<Seen>, Error> {
        let blocking = self.client.blocking();
        let list = self.asked(blocking.get_blocklist(), of_list).await?;
        let all = list.iter().map(|entry| seen(&entry.jid));
        Ok(all.filter(crate::convert::known).collect())
    }
}
