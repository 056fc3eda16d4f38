//! Calls that ring now: what is needed to reject one, and what a later word on it means.
//!
//! The library tells every signalling stanza of a call; without its media feature it draws no conclusions from
//! them (its `handlers/call.rs`). A call ends for us with `terminate`, whose reason tells how: `timeout` or none
//! means that nobody answered, `…_elsewhere` that another device of the account did.

use crate::convert::{known, seen};
use std::collections::VecDeque;
use wacore::types::call::{CallAction, IncomingCall, MissedCall};
use wacore_binary::{Jid, JidExt};
use wharf_domain::{
    calls::{CallState, InCall},
    inbound::Seen,
};
use wharf_types::Millis;

/// Nobody rings with more at once; the oldest is forgotten.
const MOST: usize = 64;

/// One that rings.
#[derive(Clone)]
pub(crate) struct Ringing {
    pub id: String,
    /// Where a rejection goes.
    pub peer: Jid,
    pub creator: Jid,
    from: Seen,
    group: Option<wharf_types::GroupJid>,
    video: bool,
}

impl Ringing {
    pub(crate) fn now(&self, state: CallState, reason: &'static str, at: Millis) -> InCall {
        InCall {
            id: self.id.clone(),
            from: self.from.clone(),
            group: self.group.clone(),
            video: Some(self.video),
            state,
            reason,
            at,
        }
    }
}

/// How a call ended.
type End = (CallState, &'static str, Millis);

/// Calls that ring.
#[derive(Default)]
pub(crate) struct Calls {
    ringing: VecDeque<Ringing>,
    /// Ends without a beginning: the library handles call stanzas beside each other, so the end may come first.
    ended: VecDeque<(String, End)>,
}

impl Calls {
    pub(crate) fn find(&self, id: &str) -> Option<Ringing> {
        self.ringing.iter().find(|call| call.id == id).cloned()
    }

    pub(crate) fn take(&mut self, id: &str) -> Option<Ringing> {
        let at = self.ringing.iter().position(|call| call.id == id)?;
        self.ringing.remove(at)
    }

    /// What a stanza means; nothing for those that concern media, or calls of the account's own.
    pub(crate) fn heard(&mut self, call: &IncomingCall, own: &Seen) -> Vec<InCall> {
        let at = call.timestamp.timestamp_millis();
        match &call.action {
            CallAction::Offer {
                is_video,
                group_jid,
                caller_pn,
                call_creator,
                ..
            } => {
                let from = crate::convert::seen_all(
                    [Some(call_creator), Some(&call.from), caller_pn.as_ref()]
                        .into_iter()
                        .flatten(),
                );
                self.rings(call, from, group_jid.as_ref(), *is_video, own, at)
            }
            CallAction::OfferNotice {
                is_video,
                call_creator,
                ..
            } => {
                let group = call.from.is_group().then_some(&call.from);
                self.rings(call, seen(call_creator), group, *is_video, own, at)
            }
            CallAction::Terminate {
                call_id, reason, ..
            } => {
                let (state, reason) = match reason.as_deref() {
                    None | Some("timeout" | "group_call_ended") => (CallState::Missed, ""),
                    Some("accepted_elsewhere") => (CallState::Ended, "accepted_elsewhere"),
                    Some("rejected_elsewhere") => (CallState::Ended, "rejected_elsewhere"),
                    Some(_) => (CallState::Ended, ""),
                };
                if let Some(ringing) = self.take(call_id) {
                    return vec![ringing.now(state, reason, at)];
                }
                if self.ended.len() >= MOST {
                    self.ended.pop_front();
                }
                self.ended.push_back((call_id.clone(), (state, reason, at)));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn rings(
        &mut self,
        call: &IncomingCall,
        from: Seen,
        group: Option<&Jid>,
        video: bool,
        own: &Seen,
        at: Millis,
    ) -> Vec<InCall> {
        let ours = (from.lid.is_some() && from.lid == own.lid)
            || (from.phone.is_some() && from.phone == own.phone);
        let id = call.action.call_id();
        if ours || !known(&from) || self.find(id).is_some() {
            return Vec::new();
        }
        let ringing = Ringing {
            id: id.to_owned(),
            peer: call.from.clone(),
            creator: call.action.call_creator().clone(),
            from,
            group: group.and_then(|jid| jid.to_non_ad_string().parse().ok()),
            video,
        };
        let offer = ringing.now(CallState::Offer, "", at);
        let over = self.ended.iter().position(|(ended, _)| ended == id);
        if let Some((_, (state, reason, at))) = over.and_then(|at| self.ended.remove(at)) {
            return vec![offer, ringing.now(state, reason, at)];
        }
        if self.ringing.len() >= MOST {
            self.ringing.pop_front();
        }
        self.ringing.push_back(ringing);
        vec![offer]
    }
}

/// A call that rang while the session was away.
pub(crate) fn missed(call: &MissedCall) -> Option<InCall> {
    let from = seen(&call.from);
    known(&from).then(|| InCall {
        id: call.call_id.clone(),
        from,
        group: None,
        video: None,
        state: CallState::Missed,
        reason: "",
        at: call.timestamp.timestamp_millis(),
    })
}
