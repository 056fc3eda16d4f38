//! Finding messages by their text: what callers see. How the index is made and kept is in [`segment`] and
//! [`keep`], how it is walked in [`find`]; why it is as it is: ADR 0023.
//!
//! Theory of operation. Message row ids are cut into runs of 2,048, the *segments*. A segment is built once its run
//! is over, in the background: the times and ids of its messages, newest first, and for each 1-, 2- and 3-gram of
//! their folded words which of them hold it. Messages of the run that is not over yet (and of any not built yet) are
//! *loose*: a search looks at their rows. So storing a message costs nothing here, and a message is found from the
//! moment it is stored, whether its segment is built or not.
//!
//! - The index only proposes: every message is checked on its row before it is shown. What the index has too much
//!   of is harmless; it must never lack anything.
//! - A change of a built message's text changes its bits in the same transaction: an edit finds the new words, a
//!   revocation leaves none of the old in the index. Chats that are joined are joined here too.
//! - A deleted chat's messages are found no more at once (their rows are gone); their bits are taken out in the
//!   background, a segment a job, and the intention to do so is durable.
//! - Segments are built in order without gaps, so what is loose is known by one number. Building reads a snapshot,
//!   works without the writer, and compares before it writes: a change that came in between means once more.

pub mod find;
pub mod keep;
pub mod segment;

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page, parse_limit},
    messages::Message,
    people::names::fold,
    ports::store::{MessageRow, StoreExt},
    sessions::SessionScope,
    show::Show,
    wrong::Wrong,
};
use std::{collections::HashMap, sync::Arc};
use wharf_types::{ChatJid, Millis};

/// The most code points a search text may have.
const LONGEST: usize = 100;

/// The query of searchMessages as it came in; "" = absent.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the contract's parameters")]
pub struct MessageParams<'a> {
    pub q: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub limit: &'a str,
    pub cursor: &'a str,
}

/// A query of searchMessages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageQuery {
    /// Trimmed, as asked.
    pub text: String,
    /// Only of this chat.
    pub chat: Option<ChatJid>,
    /// Not older.
    pub from: Option<Millis>,
    /// Not newer.
    pub to: Option<Millis>,
    /// Rows a page.
    pub limit: usize,
    /// Where the page before ended, "" = the start.
    pub cursor: String,
}

fn time(field: &str, text: &str) -> Result<Option<Millis>> {
    match text.parse::<Millis>() {
        _ if text.is_empty() => Ok(None),
        Ok(at) if at >= 0 => Ok(Some(at)),
        _ => Err(Error::invalid(field, "must be a time in Unix milliseconds")),
    }
}

impl MessageQuery {
    /// Reads the parameters; the error names every one that is wrong.
    pub fn parse(chat: Option<ChatJid>, params: MessageParams<'_>) -> Result<Self> {
        let mut wrong = Wrong::default();
        let text = params.q.trim();
        if text.chars().count() > LONGEST {
            wrong.note("q", "must have at most 100 characters");
        }
        let from = wrong.take(time("from", params.from));
        let to = wrong.take(time("to", params.to));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            wrong.note("to", "must not be before from");
        }
        let limit = wrong.take(parse_limit(params.limit));
        wrong.none()?;
        Ok(Self {
            text: text.to_owned(),
            chat,
            from,
            to,
            limit,
            cursor: params.cursor.to_owned(),
        })
    }

    fn binding(&self, scope: &SessionScope) -> Binding {
        let time = |at: Option<Millis>| at.map(|at| at.to_string()).unwrap_or_default();
        Binding::new("search", scope.id)
            .with("q", &self.text)
            .with(
                "chat",
                self.chat.as_ref().map(ChatJid::jid).unwrap_or_default(),
            )
            .with("from", time(self.from))
            .with("to", time(self.to))
    }
}

/// What of a message can be found: its body (text, caption, poll question, place or contact name) and its file's
/// name, folded.
pub(crate) fn text_of(row: &MessageRow) -> String {
    let file = row
        .extra
        .media
        .as_ref()
        .and_then(|media| media.get("filename"));
    match file
        .and_then(serde_json::Value::as_str)
        .filter(|name| !name.is_empty())
    {
        Some(name) => fold(&format!("{}\n{name}", row.body)),
        None => fold(&row.body),
    }
}

/// The words of a search text, each of which must occur somewhere.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text).split_whitespace().map(str::to_owned).collect()
}

impl Domain {
    /// Messages that hold every word of a text, as part of a word or whole, newest first.
    pub async fn search_messages(
        self: &Arc<Self>,
        scope: SessionScope,
        query: MessageQuery,
    ) -> Result<Page<Message>> {
        let sealer = self.sealer(query.binding(&scope));
        let before: Option<(Millis, i64)> = sealer.place(&query.cursor)?;
        let limit = query.limit;
        let (rows, behind) = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let chat = match &query.chat {
                    None => None,
                    Some(jid) => match show.chat_at(jid)? {
                        Some(chat) => Some(chat.id),
                        None => return Ok((Vec::new(), false)),
                    },
                };
                let ask = find::Ask {
                    words: words(&query.text),
                    chat,
                    from: query.from.unwrap_or(Millis::MIN),
                    to: query.to.unwrap_or(Millis::MAX),
                };
                let rows = find::walk(view, scope.no, &ask, before, limit + 1)?;
                let mut jids: HashMap<i64, String> = HashMap::new();
                let mut shown = Vec::with_capacity(rows.len());
                for row in rows {
                    let jid = match jids.get(&row.chat_id) {
                        Some(jid) => jid.clone(),
                        None => {
                            let chat = view.chat(scope.no, row.chat_id)?;
                            let jid =
                                chat.map_or(Ok(String::new()), |chat| show.chat_jid(&chat))?;
                            jids.insert(row.chat_id, jid.clone());
                            jid
                        }
                    };
                    shown.push(show.message(row, &jid)?);
                }
                Ok((shown, segment::due(view, scope.no)?.is_some()))
            })
            .await?;
        if behind {
            self.tend_search(scope);
        }
        sealer.page(rows, limit, |row| (row.timestamp, row.id), |row| row)
    }
}
