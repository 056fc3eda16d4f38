//! An organization's data as lines of JSON, one thing a line: `{"type", "sessionId", "data"}`.
//!
//! Written while it is read, a page of rows a snapshot, and no further ahead than the reader takes: memory does not grow
//! with the organization. What is written meanwhile may be in it or not. The last line is of type `end` and counts the
//! others; without it the export was cut off. Secrets, device state, files' bytes and the event log are not in it.

use crate::{
    Domain, Error, Result,
    audit::By,
    ports::store::{ChatFilter, ChatPlace, StoreExt, View},
    sessions::SessionScope,
    show::Show,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;
use wharf_types::OrgId;

/// Pages on their way to the reader.
const AHEAD: usize = 4;
/// Rows read in one snapshot.
const PAGE: usize = 200;

/// Pieces of the export, in order; after an error nothing comes.
pub type Lines = mpsc::Receiver<Result<Bytes>>;

/// Where the next page of a session begins.
enum At {
    People(i64),
    Chats(Option<ChatPlace>),
    Groups(i64),
    Messages(i64),
}

/// Lines not handed over yet.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    lines: u64,
}

impl Written {
    fn line(
        &mut self,
        kind: &str,
        session: Option<&SessionScope>,
        data: &impl Serialize,
    ) -> Result<()> {
        let id = session
            .map(|scope| scope.id.to_string())
            .unwrap_or_default();
        let line = json!({ "type": kind, "sessionId": id, "data": data });
        serde_json::to_writer(&mut self.bytes, &line)
            .map_err(|error| Error::Internal(format!("export: {error}")))?;
        self.bytes.push(b'\n');
        self.lines += 1;
        Ok(())
    }
}

impl Domain {
    /// Begins an export.
    pub async fn export_organization(self: &Arc<Self>, org: OrgId, by: &By) -> Result<Lines> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| {
                tx.org(&org)?.ok_or(Error::NotFound("organization"))?;
                trail.note(tx, Some(org), "organization.export", org, json!({}))
            })
            .await?;
        let (give, take) = mpsc::channel(AHEAD);
        let domain = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = domain.export(org, &give).await {
                // The reader may be the one who went away.
                let _ = give.send(Err(error)).await;
            }
        });
        Ok(take)
    }

    async fn export(&self, org: OrgId, give: &mpsc::Sender<Result<Bytes>>) -> Result<()> {
        let head = self.store.read(move |view| head(view, org)).await?;
        let mut lines = head.lines;
        hand_over(give, head).await?;
        let mut after = None;
        loop {
            let rows = self
                .store
                .read(move |view| view.sessions(&org, after, PAGE))
                .await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.scope.no);
            for row in rows {
                let scope = row.scope;
                let shown = self.get_session(scope).await?;
                let mut written = Written::default();
                written.line("session", Some(&scope), &shown)?;
                lines += written.lines;
                hand_over(give, written).await?;
                let mut at = Some(At::People(0));
                while let Some(here) = at {
                    let read = self.store.read(move |view| page(view, scope, here));
                    let (written, next) = read.await?;
                    lines += written.lines;
                    hand_over(give, written).await?;
                    at = next;
                }
            }
        }
        let mut written = Written::default();
        written.line("end", None, &json!({ "lines": lines }))?;
        hand_over(give, written).await
    }
}

async fn hand_over(give: &mpsc::Sender<Result<Bytes>>, written: Written) -> Result<()> {
    if written.bytes.is_empty() {
        return Ok(());
    }
    give.send(Ok(written.bytes.into()))
        .await
        .map_err(|_| Error::Unavailable("nobody reads the export any more".to_owned()))
}

/// The organization itself, its people and keys.
fn head(view: &dyn View, org: OrgId) -> Result<Written> {
    let mut written = Written::default();
    let row = view.org(&org)?.ok_or(Error::NotFound("organization"))?;
    let own = json!({ "id": row.id, "name": row.name, "createdAt": row.created_at });
    written.line("organization", None, &own)?;
    let mut after = None;
    loop {
        let rows = view.org_members(&org, after, PAGE)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.user);
        for row in rows {
            let user = view.user(&row.user)?.ok_or(Error::NotFound("person"))?;
            let member = json!({
                "userId": user.id, "email": user.email, "name": user.name, "role": row.role,
                "createdAt": row.created_at,
            });
            written.line("member", None, &member)?;
        }
    }
    for key in view.keys(&org)? {
        let key = json!({
            "id": key.id, "name": key.name, "permissions": key.capabilities.iter().collect::<Vec<_>>(),
            "sessions": key.sessions, "createdAt": key.created_at, "expiresAt": key.expires_at,
            "revokedAt": key.revoked_at,
        });
        written.line("apiKey", None, &key)?;
    }
    Ok(written)
}

/// One page of a session's rows, and where the next begins.
fn page(view: &dyn View, scope: SessionScope, at: At) -> Result<(Written, Option<At>)> {
    let mut written = Written::default();
    let show = match Show::new(view, scope) {
        Ok(show) => show,
        // It was deleted meanwhile.
        Err(Error::NotFound(_)) => return Ok((written, None)),
        Err(error) => return Err(error),
    };
    let s = scope.no;
    let step = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let next = match at {
        At::People(from) => {
            let last = view.last_person_id(s)?;
            for row in view.people_between(s, from, from + step - 1)? {
                written.line("contact", Some(&scope), &show.contact_detail(&row)?)?;
            }
            let next = from + step;
            Some(if next > last {
                At::Chats(None)
            } else {
                At::People(next)
            })
        }
        At::Chats(after) => {
            let rows = view.chats(s, after, &ChatFilter::default(), PAGE)?;
            for row in &rows {
                let mut chat = serde_json::to_value(show.chat(row)?)
                    .map_err(|error| Error::Internal(format!("export: {error}")))?;
                // It comes as a line of its own.
                if let Some(fields) = chat.as_object_mut() {
                    fields.remove("lastMessage");
                }
                written.line("chat", Some(&scope), &chat)?;
            }
            Some(match rows.last() {
                Some(last) => At::Chats(Some(ChatPlace {
                    pinned: last.pinned,
                    last_at: last.last_at.unwrap_or(0),
                    id: last.id,
                })),
                None => At::Groups(0),
            })
        }
        At::Groups(after) => {
            let rows = view.groups(s, after, 1)?;
            match rows.into_iter().next() {
                Some(row) => {
                    let (id, mut of) = (row.id, 0);
                    written.line("group", Some(&scope), &show.group(row.clone())?)?;
                    loop {
                        let members = view.members(s, id, of, PAGE)?;
                        let Some(last) = members.last() else { break };
                        of = last.id;
                        for member in members {
                            let member = show.group_member(member, &row)?;
                            written.line("groupMember", Some(&scope), &member)?;
                        }
                    }
                    Some(At::Groups(id))
                }
                None => Some(At::Messages(1)),
            }
        }
        At::Messages(from) => {
            let last = view.last_message_id(s)?;
            for row in view.messages_between(s, from, from + step - 1)? {
                let jid = match view.chat(s, row.chat_id)? {
                    Some(chat) => show.chat_jid(&chat)?,
                    None => String::new(),
                };
                written.line("message", Some(&scope), &show.message(row, &jid)?)?;
            }
            let next = from + step;
            (next <= last).then_some(At::Messages(next))
        }
    };
    Ok((written, next))
}
