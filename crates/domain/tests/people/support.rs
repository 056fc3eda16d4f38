//! A session on a store of its own, and short words for facts.

use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use wharf_domain::{
    Domain,
    contacts::{ContactParams, ContactQuery},
    inbound::{
        GroupChange, InChat, InGroup, InMember, InMessage, Inbound, MessageExtra, NameSource,
        Origin, Seen,
    },
    master_key::MasterKey,
    people::Contact,
    ports::{
        clock::Clock,
        ids::Ids,
        store::{EventRow, OrgRow, StoreExt},
    },
    sessions::{SessionNo, SessionRow, SessionScope},
    system::SystemIds,
};
use wharf_store_sqlite::SqliteStore;
use wharf_types::{GroupJid, Lid, Millis, OrgId, Phone, SessionId, SessionStatus};

/// Time that goes on by a millisecond a look.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Millis {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub struct World {
    pub domain: Arc<Domain>,
    pub scope: SessionScope,
}

pub const OWN: i64 = 0;

impl World {
    /// A paired session whose account has LID and number 0.
    pub async fn new() -> Self {
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let domain = Domain::new(
            Arc::new(SqliteStore::temporary().unwrap()),
            Arc::new(Ticking(AtomicI64::new(1_700_000_000_000))),
            Arc::clone(&ids),
            Arc::new(MasterKey::new([7; 32].into(), Arc::clone(&ids))),
        );
        let org = OrgId::new(ids.ulid());
        domain
            .store
            .write(move |tx| {
                tx.insert_org(&OrgRow {
                    id: org,
                    name: String::new(),
                    created_at: 1,
                })
            })
            .await
            .unwrap();
        let domain = Arc::new(domain);
        let scope = session(&domain, org, OWN).await;
        Self { domain, scope }
    }

    /// Another session of the same organization.
    pub async fn another(&self, own: i64) -> Self {
        let scope = session(&self.domain, self.scope.org, own).await;
        Self {
            domain: Arc::clone(&self.domain),
            scope,
        }
    }

    pub async fn tell(&self, facts: impl IntoIterator<Item = Inbound>) {
        self.domain
            .ingest_facts(self.scope, facts.into_iter().collect())
            .await
            .unwrap();
    }

    pub async fn page(&self, params: ContactParams<'_>) -> wharf_domain::cursor::Page<Contact> {
        let query = ContactQuery::parse(params).unwrap();
        let page = self.domain.list_contacts(self.scope, query).await.unwrap();
        let page: Value = serde_json::from_slice(&page.0).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        wharf_domain::cursor::Page {
            data: page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(contact)
                .collect(),
            next_cursor: text(&page["nextCursor"]),
        }
    }

    /// All pages of a query, from its cursor on.
    pub async fn contacts(&self, params: ContactParams<'_>) -> Vec<Contact> {
        let (mut all, mut cursor) = (Vec::new(), params.cursor.to_owned());
        loop {
            let page = self
                .page(ContactParams {
                    cursor: &cursor,
                    ..params
                })
                .await;
            all.extend(page.data);
            if page.next_cursor.is_empty() {
                return all;
            }
            cursor = page.next_cursor;
        }
    }

    pub async fn names(&self, params: ContactParams<'_>) -> Vec<String> {
        self.contacts(params)
            .await
            .into_iter()
            .map(|contact| contact.name)
            .collect()
    }

    /// Events of this session so far.
    pub async fn events(&self) -> Vec<EventRow> {
        let scope = self.scope;
        let mut all = self
            .domain
            .store
            .read(move |view| view.events(&scope.org, 0, 100_000))
            .await
            .unwrap();
        all.retain(|event| event.session == Some(scope.id));
        all
    }

    pub async fn kinds(&self) -> Vec<String> {
        self.events()
            .await
            .into_iter()
            .map(|event| event.kind)
            .collect()
    }
}

async fn session(domain: &Domain, org: OrgId, own: i64) -> SessionScope {
    let scope = SessionScope {
        org,
        id: SessionId::new(domain.ids.ulid()),
        no: SessionNo(0),
    };
    let mut row = SessionRow {
        status: SessionStatus::Working,
        phone: Some(phone(own)),
        lid: Some(lid(own)),
        push_name: "Me".into(),
        linked: true,
        wanted: true,
        history_complete: true,
        ..SessionRow::new(scope, 1)
    };
    domain
        .store
        .write(move |tx| {
            row.scope.no = tx.insert_session(&row)?;
            Ok(row.scope)
        })
        .await
        .unwrap()
}

pub fn lid(n: i64) -> Lid {
    format!("{}@lid", 9_000_000 + n).parse().unwrap()
}

pub fn phone(n: i64) -> Phone {
    (15_550_000 + n).to_string().parse().unwrap()
}

pub fn group_jid(n: i64) -> GroupJid {
    format!("12036300000000{n:04}@g.us").parse().unwrap()
}

pub fn by_lid(n: i64) -> Seen {
    Seen {
        lid: Some(lid(n)),
        phone: None,
    }
}

pub fn by_phone(n: i64) -> Seen {
    Seen {
        lid: None,
        phone: Some(phone(n)),
    }
}

pub fn by_both(lid_of: i64, phone_of: i64) -> Seen {
    Seen {
        lid: Some(lid(lid_of)),
        phone: Some(phone(phone_of)),
    }
}

pub fn same(lid_of: i64, phone_of: i64) -> Inbound {
    Inbound::SamePerson {
        lid: lid(lid_of),
        phone: phone(phone_of),
    }
}

pub fn name(who: Seen, source: NameSource, name: &str) -> Inbound {
    Inbound::Name {
        who,
        source,
        name: name.into(),
        origin: Origin::Live,
    }
}

pub fn message(chat: InChat, sender: Seen, wa_id: &str, at: Millis) -> InMessage {
    InMessage {
        chat,
        sender,
        from_me: false,
        wa_id: wa_id.into(),
        at,
        push_name: String::new(),
        kind: "text".into(),
        body: format!("body of {wa_id}"),
        extra: MessageExtra::default(),
        origin: Origin::Live,
        ack_level: 0,
    }
}

pub fn dm(who: Seen, wa_id: &str, at: Millis) -> Inbound {
    Inbound::Message(Box::new(message(
        InChat::Person(who.clone()),
        who,
        wa_id,
        at,
    )))
}

pub fn dm_named(who: Seen, wa_id: &str, push_name: &str) -> Inbound {
    let message = message(InChat::Person(who.clone()), who, wa_id, 1_000);
    Inbound::Message(Box::new(InMessage {
        push_name: push_name.into(),
        ..message
    }))
}

pub fn in_group(group: i64, who: Seen, wa_id: &str, at: Millis) -> Inbound {
    Inbound::Message(Box::new(message(
        InChat::Group(group_jid(group)),
        who,
        wa_id,
        at,
    )))
}

pub fn member(who: Seen) -> InMember {
    InMember {
        who,
        role: "member",
        tag: String::new(),
    }
}

pub fn group(n: i64, members: impl IntoIterator<Item = Seen>, origin: Origin) -> Inbound {
    Inbound::Group {
        group: Box::new(InGroup {
            jid: group_jid(n),
            subject: format!("Group {n}"),
            description: String::new(),
            created_at: Some(5),
            owner: None,
            announce: false,
            locked: false,
            members: members.into_iter().map(member).collect(),
        }),
        origin,
    }
}

pub fn changed(n: i64, change: GroupChange, at: Millis) -> Inbound {
    Inbound::GroupChanged {
        jid: group_jid(n),
        by: None,
        change,
        at,
    }
}

/// An item as it was rendered.
fn contact(item: &Value) -> Contact {
    let text = |field: &str| item[field].as_str().unwrap().to_owned();
    let sources = ["dm", "group", "addressbook"];
    Contact {
        business_name: text("businessName"),
        lid: text("lid"),
        name: text("name"),
        phone_number: text("phoneNumber"),
        source: sources.into_iter().find(|s| item["source"] == *s).unwrap(),
    }
}
