//! Contacts: the people a session has seen, found and shown.

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Sealer, parse_limit},
    people::{
        Contact, ListKey, by_name, flags,
        item::{self, Items},
        names::Search,
        page::{self, Filter},
    },
    ports::store::{PersonRow, StoreExt, View},
    sessions::{SessionNo, SessionScope},
    show::{Show, lid_text, number},
    wrong::Wrong,
};
use serde::Serialize;
use wharf_types::{Address, GroupJid, Millis};

/// Which list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// With a direct chat.
    Dm,
    /// Seen in a group, ever.
    Group,
    /// In the account's address book.
    AddressBook,
}

impl Source {
    /// The text of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dm => "dm",
            Self::Group => "group",
            Self::AddressBook => "addressbook",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Dm, Self::Group, Self::AddressBook]
            .into_iter()
            .find(|source| source.as_str() == text)
    }

    /// The best that applies to a person with these flags.
    pub const fn best(has: u8) -> Self {
        match has {
            _ if has & flags::DM != 0 => Self::Dm,
            _ if has & flags::GROUP == 0 && has & flags::ADDRESS_BOOK != 0 => Self::AddressBook,
            _ => Self::Group,
        }
    }

    const fn list(self) -> ListKey {
        match self {
            Self::Dm => ListKey::Dm,
            Self::Group => ListKey::Group,
            Self::AddressBook => ListKey::AddressBook,
        }
    }
}

/// The query of listContacts as it came in; "" = absent.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the contract's parameters")]
pub struct ContactParams<'a> {
    pub source: &'a str,
    pub group: &'a str,
    pub q: &'a str,
    pub sort: &'a str,
    pub limit: &'a str,
    pub cursor: &'a str,
}

/// A query of listContacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactQuery {
    /// Of this list; `None` = direct chats and groups together.
    pub source: Option<Source>,
    /// Present members of this group.
    pub group: Option<GroupJid>,
    /// Whose name or number holds this.
    pub search: Option<Search>,
    /// By name instead of by row id.
    pub by_name: bool,
    /// Rows a page.
    pub limit: usize,
    /// Where the page before ended, "" = the start.
    pub cursor: String,
}

impl ContactQuery {
    /// Reads the parameters; the error names every one that is wrong.
    pub fn parse(params: ContactParams<'_>) -> Result<Self> {
        let mut wrong = Wrong::default();
        let source = Source::parse(params.source);
        if source.is_none() && !params.source.is_empty() {
            wrong.note("source", "must be dm, group or addressbook");
        }
        let group: Option<GroupJid> = params.group.parse().ok();
        if group.is_none() && !params.group.is_empty() {
            wrong.note("group", "must be a group JID");
        }
        if !matches!(params.sort, "" | "name") {
            wrong.note("sort", "must be name or absent");
        }
        let search = wrong.take(Search::parse(params.q));
        let limit = wrong.take(parse_limit(params.limit));
        wrong.none()?;
        Ok(Self {
            source,
            group,
            search,
            by_name: params.sort == "name",
            limit,
            cursor: params.cursor.to_owned(),
        })
    }

    fn binding(&self, scope: &SessionScope) -> Binding {
        Binding::new("contacts", scope.id)
            .with("source", self.source.map_or("", Source::as_str))
            .with("group", self.group.as_ref().map_or("", GroupJid::as_str))
            .with("q", self.search.as_ref().map_or("", |search| &search.text))
            .with("sort", if self.by_name { "name" } else { "" })
    }

    /// The lists to intersect; `None` when the group is unknown, so nobody is in it.
    fn filter(&self, view: &dyn View, s: SessionNo) -> Result<Option<Filter>> {
        let mut lists = Vec::new();
        if let Some(jid) = &self.group {
            let Some(group) = view.group(s, jid)? else {
                return Ok(None);
            };
            // Who is a member was seen in a group: that list would say nothing more.
            lists.push(ListKey::Members(group.id));
            lists.extend(
                self.source
                    .filter(|s| *s != Source::Group)
                    .map(Source::list),
            );
        } else {
            lists.push(self.source.map_or(ListKey::Listed, Source::list));
        }
        Ok(Some(Filter {
            lists,
            search: self.search.clone(),
        }))
    }
}

impl Contact {
    /// A person as an item; `source` as asked for, else the best that applies.
    pub fn of(row: &PersonRow, source: Option<Source>) -> Self {
        Self {
            business_name: row.names.business.clone(),
            lid: lid_text(row.lid.as_ref()),
            name: row.names.shown().to_owned(),
            phone_number: number(row.phone.as_ref()),
            source: source.unwrap_or_else(|| Source::best(row.flags)).as_str(),
        }
    }
}

/// A page of contacts as JSON: `{"data": [...], "nextCursor": ""}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPage(pub Vec<u8>);

/// How payloads that are no object of their own name a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct PersonRef {
    pub contact_id: i64,
    pub lid: String,
    pub phone_number: String,
    pub name: String,
}

impl From<&PersonRow> for PersonRef {
    fn from(row: &PersonRow) -> Self {
        Self {
            contact_id: row.id,
            lid: lid_text(row.lid.as_ref()),
            phone_number: number(row.phone.as_ref()),
            name: row.names.shown().to_owned(),
        }
    }
}

/// All that is known of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactDetail {
    /// There is a direct chat.
    pub dm: bool,
    /// Groups they were seen in, now or before.
    pub groups: Vec<ContactGroup>,
    /// Who they are.
    pub identity: Identity,
}

/// A person's place in one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct ContactGroup {
    pub jid: String,
    pub last_seen: Millis,
    pub name: String,
    pub role: String,
    /// Nickname in that group.
    pub tag: String,
}

/// Who a person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Identity {
    pub business_name: String,
    pub first_seen_at: Millis,
    pub id: i64,
    pub lid: String,
    pub name: String,
    pub phone_jid: String,
    pub phone_number: String,
    pub updated_at: Millis,
}

impl Show<'_> {
    /// The row an address leads to, ids of merged rows included.
    pub(crate) fn person_at(&self, address: &Address) -> Result<Option<PersonRow>> {
        let id = match address {
            Address::Lid(lid) => self.view.person_by_lid(self.no(), lid)?,
            Address::Phone(phone) => self.view.person_by_phone(self.no(), phone)?,
        };
        id.map_or(Ok(None), |id| self.person(id))
    }

    pub(crate) fn contact_detail(&self, row: &PersonRow) -> Result<ContactDetail> {
        let mut groups = Vec::new();
        for member in self.view.memberships(self.no(), row.id)? {
            if let Some(group) = self.view.group_by_id(self.no(), member.group_id)? {
                groups.push(ContactGroup {
                    jid: group.jid.as_str().to_owned(),
                    last_seen: member.last_seen_at,
                    name: group.subject,
                    role: member.role,
                    tag: member.tag,
                });
            }
        }
        Ok(ContactDetail {
            dm: row.flags & flags::DM != 0,
            groups,
            identity: Identity {
                business_name: row.names.business.clone(),
                first_seen_at: row.first_seen_at,
                id: row.id,
                lid: lid_text(row.lid.as_ref()),
                name: row.names.shown().to_owned(),
                phone_jid: row
                    .phone
                    .as_ref()
                    .map(|phone| phone.jid())
                    .unwrap_or_default(),
                phone_number: number(row.phone.as_ref()),
                updated_at: row.updated_at,
            },
        })
    }
}

impl Sealer {
    /// A page whose last item lies at `last`.
    fn rendered(&self, items: Items, last: Option<impl Serialize>) -> Result<ContactPage> {
        let next_cursor = match last.filter(|_| items.more()) {
            Some(place) => self.cursor(&place)?,
            None => String::new(),
        };
        Ok(ContactPage(items.into_page(&next_cursor)))
    }
}

/// Somebody the account blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Blocked {
    pub lid: String,
    pub name: String,
    pub phone_number: String,
}

impl Domain {
    /// One page of the people this session has seen.
    pub async fn list_contacts(
        &self,
        scope: SessionScope,
        query: ContactQuery,
    ) -> Result<ContactPage> {
        let sealer = self.sealer(query.binding(&scope));
        let mut items = Items::new(query.limit, query.source);
        if query.by_name {
            let after: Option<by_name::NamePlace> = sealer.place(&query.cursor)?;
            let (items, last) = self
                .store
                .read(move |view| {
                    let mut last = None;
                    if let Some(filter) = query.filter(view, scope.no)? {
                        let limit = query.limit + 1;
                        for (place, row) in
                            by_name::walk(view, scope.no, &filter, after.as_ref(), limit)?
                        {
                            if items.push(row.flags, item::opening(&row)?.as_bytes()) {
                                last = Some(place);
                            }
                        }
                    }
                    Ok((items, last))
                })
                .await?;
            return sealer.rendered(items, last);
        }
        let after: Option<i64> = sealer.place(&query.cursor)?;
        let (items, last) = self
            .store
            .read(move |view| {
                let mut last = None;
                if let Some(filter) = query.filter(view, scope.no)? {
                    let (after, limit) = (after.unwrap_or(0), query.limit + 1);
                    page::walk(view, scope.no, &filter, after, limit, &mut |row| {
                        if items.push(row.flags, row.opening) {
                            last = Some(row.id);
                        }
                    })?;
                }
                Ok((items, last))
            })
            .await?;
        sealer.rendered(items, last)
    }

    /// All that is known of one person, under whichever id, dropped ones included.
    pub async fn get_contact(
        &self,
        scope: SessionScope,
        address: Address,
    ) -> Result<ContactDetail> {
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let row = show
                    .person_at(&address)?
                    .ok_or(Error::NotFound("contact"))?;
                show.contact_detail(&row)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_parameter_is_named() {
        let params = ContactParams {
            source: "all",
            group: "x",
            q: &"q".repeat(101),
            sort: "age",
            limit: "many",
            cursor: "",
        };
        let Err(Error::Invalid(wrong)) = ContactQuery::parse(params) else {
            panic!("must be refused")
        };
        let named: Vec<&str> = wrong.keys().map(String::as_str).collect();
        assert_eq!(named, ["group", "limit", "q", "sort", "source"]);
        let query = ContactQuery::parse(ContactParams::default()).unwrap();
        assert_eq!(
            (query.limit, query.search, query.by_name),
            (50, None, false)
        );
    }
}
