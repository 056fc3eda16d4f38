//! Questions that WhatsApp answers now, or not at all.

use crate::actor::Actor;
use std::{future::Future, time::Instant};
use wacore_binary::Jid;
use wharf_domain::{
    Error,
    ports::engine::{NumberCheck, Refusal},
};
use wharf_types::{Address, Phone};
use whatsapp_rust::IqError;
use whatsapp_rust::features::ContactError;

pub(crate) fn jid(address: &Address) -> Jid {
    match address {
        Address::Phone(phone) => Jid::pn(phone.as_str()),
        Address::Lid(lid) => Jid::lid(lid.as_str()),
    }
}

/// WhatsApp refused, in words.
pub(crate) fn upstream(reason: &'static str, message: impl Into<String>) -> Error {
    Error::Upstream(Refusal {
        reason,
        message: message.into(),
        until: None,
    })
}

fn error(error: ContactError) -> Error {
    match error {
        ContactError::Iq(IqError::Timeout) => Error::Timeout,
        ContactError::Iq(IqError::ServerError { code, text, .. }) => Error::Upstream(Refusal {
            reason: if code == 429 {
                "rate_overlimit"
            } else {
                "rejected"
            },
            message: format!("WhatsApp answered {code} {text}"),
            until: None,
        }),
        ContactError::Iq(IqError::ParseError(why)) => Error::Upstream(Refusal {
            reason: "rejected",
            message: format!("WhatsApp's answer could not be read: {why}"),
            until: None,
        }),
        ContactError::Iq(_) => Error::NotConnected,
        other => Error::Internal(other.to_string()),
    }
}

impl Actor {
    pub(crate) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, ContactError>>,
    ) -> Result<T, Error> {
        self.asked(question, error).await
    }

    /// A question under the deadline of live calls, its error in our words.
    pub(crate) async fn asked<T, E>(
        &self,
        question: impl Future<Output = Result<T, E>>,
        error: impl FnOnce(E) -> Error,
    ) -> Result<T, Error> {
        if !self.connected() {
            return Err(Error::NotConnected);
        }
        let asked = Instant::now();
        let timings = self.shared.config.timings;
        let answer = tokio::time::timeout(timings.live, self.word(question)).await;
        match answer.map_err(|_| Error::Timeout)?.map_err(error) {
            // It was connected, and WhatsApp did not answer: that this is now known to be the socket's fault is no
            // other answer.
            Err(Error::NotConnected) if asked.elapsed() >= timings.doubt => Err(Error::Timeout),
            other => other,
        }
    }

    pub(crate) async fn check_numbers(&self, phones: &[Phone]) -> Result<Vec<NumberCheck>, Error> {
        let jids: Vec<Jid> = phones.iter().map(|phone| Jid::pn(phone.as_str())).collect();
        let contacts = self.client.contacts();
        let answers = self.ask(contacts.is_on_whatsapp(&jids)).await?;
        Ok(phones
            .iter()
            .map(|phone| {
                let answer = answers.iter().find(|a| {
                    a.jid.user == phone.as_str()
                        || a.pn_jid
                            .as_ref()
                            .is_some_and(|jid| jid.user == phone.as_str())
                });
                NumberCheck {
                    phone: phone.clone(),
                    on_whatsapp: answer.is_some_and(|a| a.is_registered),
                    lid: answer
                        .and_then(|a| a.lid.as_ref())
                        .and_then(|lid| crate::convert::seen(lid).lid),
                }
            })
            .collect())
    }

    pub(crate) async fn picture(&self, of: &Address) -> Result<Option<(String, String)>, Error> {
        let jid = jid(of);
        let contacts = self.client.contacts();
        let limit = Some(self.shared.config.timings.live);
        let picture = self
            .ask(contacts.get_profile_picture_with_timeout(&jid, false, limit))
            .await?;
        Ok(picture.map(|p| (p.id, p.url)))
    }

    pub(crate) async fn about(&self, of: &Address) -> Result<Option<String>, Error> {
        let jid = jid(of);
        let contacts = self.client.contacts();
        let info = self
            .ask(contacts.get_user_info(std::slice::from_ref(&jid)))
            .await?;
        Ok(info.into_values().next().and_then(|user| user.status))
    }
}
