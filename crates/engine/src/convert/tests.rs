//! Conversions that no network is needed for.

mod deeds;

use super::{Converter, batches, chat, content::Said, millis, seen, seen_all};
use crate::convert::message::Envelope;
use flate2_stub::zlib;
use std::sync::Arc;
use wacore::types::events::LazyHistorySync;
use waproto::{
    buffa::{Message as _, MessageField},
    whatsapp::{self as wa, message::protocol_message::Type as ProtocolType},
};
use wharf_domain::{
    inbound::{Act, InChat, Inbound, NameSource, Origin, Party, Seen},
    master_key::MasterKey,
    sessions::{SessionNo, SessionScope},
    system::SystemIds,
};
use wharf_types::{OrgId, SessionId};

/// Stored zlib blocks: enough to feed a reader, without a compressor as a dependency.
mod flate2_stub {
    pub fn zlib(data: &[u8]) -> Vec<u8> {
        let mut out = vec![0x78, 0x01];
        let mut chunks = data.chunks(0xFFFF).peekable();
        while let Some(chunk) = chunks.next() {
            let length = chunk.len() as u16;
            out.push(u8::from(chunks.peek().is_none()));
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            out.extend_from_slice(chunk);
        }
        let (mut a, mut b) = (1u32, 0u32);
        for byte in data {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        out.extend_from_slice(&((b << 16) | a).to_be_bytes());
        out
    }
}

fn converter() -> Converter {
    Converter {
        scope: SessionScope {
            org: OrgId::new(ulid::Ulid::from_parts(1, 1)),
            id: SessionId::new(ulid::Ulid::from_parts(2, 2)),
            no: SessionNo(1),
        },
        secrets: Arc::new(MasterKey::new(
            zeroize::Zeroizing::new([3; 32]),
            Arc::new(SystemIds::default()),
        )),
        own: person("100000000000001@lid", "15551230001"),
    }
}

fn person(lid: &str, phone: &str) -> Seen {
    Seen {
        lid: lid.parse().ok(),
        phone: phone.parse().ok(),
    }
}

fn said(message: wa::Message) -> (String, String, wharf_domain::inbound::MessageExtra) {
    match converter().said("ID", &message) {
        Said::Content { kind, body, extra } => (kind.to_owned(), body, *extra),
        _ => panic!("no content"),
    }
}

fn chunk(sync: &wa::HistorySync) -> LazyHistorySync {
    LazyHistorySync::new(zlib(&sync.encode_to_vec()).into(), 1 << 20, 0, None, None)
}

#[test]
fn people_chats_and_times() {
    let jid = |text: &str| super::parse(text).unwrap();
    assert_eq!(
        seen(&jid("15550000001:7@s.whatsapp.net")),
        person("", "15550000001")
    );
    assert_eq!(
        seen(&jid("205227043110953:2@lid")),
        person("205227043110953@lid", "")
    );
    assert_eq!(seen(&jid("120363000000000000@g.us")), Seen::default());
    let both = seen_all([
        &jid("15550000001@s.whatsapp.net"),
        &jid("205227043110953@lid"),
    ]);
    assert_eq!(both, person("205227043110953@lid", "15550000001"));
    assert_eq!(chat(&jid("status@broadcast"), None), Some(InChat::Status));
    assert_eq!(chat(&jid("123@broadcast"), None), None);
    assert_eq!(
        chat(
            &jid("120363000000000000@g.us"),
            Some(&jid("205227043110953@lid"))
        ),
        Some(InChat::Group("120363000000000000@g.us".parse().unwrap()))
    );
    assert_eq!(
        chat(&jid("123456@newsletter"), None),
        Some(InChat::Channel("123456@newsletter".parse().unwrap()))
    );
    assert_eq!(millis(1_700_000_000), 1_700_000_000_000);
    assert_eq!(millis(1_700_000_000_123), 1_700_000_000_123);
    assert!(millis(-1) > 4_000_000_000_000);
}

#[test]
fn batches_keep_order_and_size() {
    let all = batches((0..1203).collect::<Vec<_>>());
    assert_eq!(
        all.iter().map(Vec::len).collect::<Vec<_>>(),
        [500, 500, 203]
    );
    assert_eq!(all.concat(), (0..1203).collect::<Vec<_>>());
    assert!(batches(Vec::<u8>::new()).is_empty());
}

#[test]
fn a_text_with_quote_and_mention() {
    let (kind, body, extra) = said(wa::Message {
        extended_text_message: MessageField::some(wa::message::ExtendedTextMessage {
            text: Some("see @you".into()),
            context_info: MessageField::some(wa::ContextInfo {
                stanza_id: Some("Q1".into()),
                mentioned_jid: vec!["15550000002@s.whatsapp.net".into()],
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!(
        (kind.as_str(), body.as_str(), extra.quoted_id.as_str()),
        ("text", "see @you", "Q1")
    );
    assert_eq!(extra.mentions, ["15550000002@s.whatsapp.net"]);
    assert!(!extra.sealed.is_empty(), "its form is needed to pass it on");
    let (.., bare) = said(wa::Message {
        conversation: Some("hello".into()),
        ..Default::default()
    });
    assert!(bare.sealed.is_empty(), "bare words need no sealed copy");
}

#[test]
fn media_behind_a_wrapper_keeps_caption_measures_and_a_sealed_copy() {
    let image = wa::Message {
        image_message: MessageField::some(wa::message::ImageMessage {
            caption: Some("sea".into()),
            mimetype: Some("image/jpeg".into()),
            file_length: Some(1234),
            width: Some(640),
            height: Some(480),
            media_key: Some(vec![0xCD; 32]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let (kind, body, extra) = said(wa::Message {
        ephemeral_message: MessageField::some(wa::message::FutureProofMessage {
            message: MessageField::some(image),
        }),
        ..Default::default()
    });
    assert_eq!((kind.as_str(), body.as_str()), ("image", "sea"));
    let media = extra.media.unwrap();
    assert_eq!(
        (
            media["kind"].as_str(),
            media["size"].as_u64(),
            media["width"].as_u64()
        ),
        (Some("image"), Some(1234), Some(640))
    );
    assert!(extra.sealed.len() > 40);
    assert!(!media.to_string().contains("205,205"), "no key in the open");
}

#[test]
fn places_contacts_polls_and_the_unknown() {
    let (kind, body, extra) = said(wa::Message {
        location_message: MessageField::some(wa::message::LocationMessage {
            degrees_latitude: Some(1.5),
            degrees_longitude: Some(-2.5),
            name: Some("Pier".into()),
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!((kind.as_str(), body.as_str()), ("location", "Pier"));
    assert_eq!(extra.location.unwrap()["longitude"], -2.5);

    let vcard = "BEGIN:VCARD\nFN:Ann\nTEL;type=CELL;waid=15550000005:+1 555 000 0005\nEND:VCARD";
    let (kind, body, extra) = said(wa::Message {
        contact_message: MessageField::some(wa::message::ContactMessage {
            display_name: Some("Ann".into()),
            vcard: Some(vcard.into()),
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!((kind.as_str(), body.as_str()), ("contact", "Ann"));
    assert_eq!(extra.contact.unwrap()["phone"], "15550000005");

    let (kind, body, extra) = said(wa::Message {
        poll_creation_message_v3: MessageField::some(wa::message::PollCreationMessage {
            name: Some("Lunch?".into()),
            selectable_options_count: Some(1),
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!((kind.as_str(), body.as_str()), ("poll", "Lunch?"));
    assert_eq!(extra.poll.unwrap()["selectableCount"], 1);

    let (kind, _, extra) = said(wa::Message {
        invoice_message: MessageField::some(wa::message::InvoiceMessage {
            note: Some("n".into()),
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!(kind, "unknown");
    assert!(!extra.sealed.is_empty(), "kept whole");
}

#[test]
fn keys_and_bookkeeping_say_nothing() {
    let share = wa::Message {
        sender_key_distribution_message: MessageField::some(
            wa::message::SenderKeyDistributionMessage::default(),
        ),
        message_context_info: MessageField::some(wa::MessageContextInfo::default()),
        ..Default::default()
    };
    assert!(matches!(converter().said("ID", &share), Said::Nothing));
    assert!(matches!(
        converter().said("ID", &wa::Message::default()),
        Said::Nothing
    ));
}

fn envelope() -> Envelope {
    Envelope {
        chat: InChat::Group("120363000000000000@g.us".parse().unwrap()),
        sender: person("205227043110953@lid", ""),
        from_me: false,
        wa_id: "NEW".into(),
        at: 1,
        push_name: String::new(),
        origin: Origin::Live,
        ack_level: 0,
    }
}

fn protocol(kind: ProtocolType, key: wa::MessageKey, edited: Option<&str>) -> wa::Message {
    wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            key: MessageField::some(key),
            r#type: Some(kind),
            edited_message: edited.map_or_else(MessageField::none, |text| {
                MessageField::some(wa::Message {
                    conversation: Some(text.into()),
                    ..Default::default()
                })
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[test]
fn edits_and_revokes_name_the_message_they_are_about() {
    let key = wa::MessageKey {
        id: Some("OLD".into()),
        from_me: Some(true),
        ..Default::default()
    };
    let mut facts = Vec::new();
    converter().say(
        envelope(),
        &protocol(ProtocolType::MESSAGE_EDIT, key.clone(), Some("better")),
        &mut facts,
    );
    converter().say(
        envelope(),
        &protocol(ProtocolType::REVOKE, key, None),
        &mut facts,
    );
    let friend = Party::Other(person("205227043110953@lid", ""));
    let [Inbound::Deed(edit), Inbound::Deed(revoke)] = &facts[..] else {
        panic!("{facts:?}");
    };
    let better = Act::Edited {
        body: "better".into(),
        mentions: vec![],
    };
    assert_eq!((&edit.act, edit.wa_id.as_str()), (&better, "OLD"));
    assert_eq!((&edit.author, &edit.by), (&friend, &friend));
    assert_eq!((&revoke.act, &revoke.author), (&Act::Revoked, &friend));
}

#[test]
fn an_admin_takes_back_our_own_message() {
    let key = wa::MessageKey {
        id: Some("OURS".into()),
        from_me: Some(false),
        participant: Some("15551230001@s.whatsapp.net".into()),
        ..Default::default()
    };
    let mut facts = Vec::new();
    converter().say(
        envelope(),
        &protocol(ProtocolType::REVOKE, key, None),
        &mut facts,
    );
    assert!(
        matches!(&facts[0], Inbound::Deed(deed)
            if deed.wa_id == "OURS" && deed.author == Party::Own && deed.by != Party::Own),
        "{facts:?}"
    );
}

fn past(id: &str, text: &str, from_me: bool) -> wa::HistorySyncMsg {
    wa::HistorySyncMsg {
        message: MessageField::some(wa::WebMessageInfo {
            key: MessageField::some(wa::MessageKey {
                id: Some(id.into()),
                from_me: Some(from_me),
                remote_jid: Some("205227043110953@lid".into()),
                ..Default::default()
            }),
            message: MessageField::some(wa::Message {
                conversation: Some(text.into()),
                ..Default::default()
            }),
            message_timestamp: Some(1_700_000_000),
            status: Some(wa::web_message_info::Status::READ),
            push_name: Some("Ann".into()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[test]
fn a_history_part_in_order_of_writing() {
    let sync = wa::HistorySync {
        conversations: vec![wa::Conversation {
            id: "205227043110953@lid".into(),
            pn_jid: Some("15550000007@s.whatsapp.net".into()),
            messages: vec![past("B", "second", true), past("A", "first", false)],
            unread_count: Some(3),
            archived: Some(true),
            pinned: Some(1_700_000_000),
            conversation_timestamp: Some(1_700_000_001),
            ..Default::default()
        }],
        pushnames: vec![
            wa::Pushname {
                id: Some("15550000008@s.whatsapp.net".into()),
                pushname: Some("Bea".into()),
            },
            wa::Pushname {
                id: Some("15550000009@s.whatsapp.net".into()),
                pushname: Some("-".into()),
            },
        ],
        phone_number_to_lid_mappings: vec![wa::PhoneNumberToLIDMapping {
            pn_jid: Some("15550000008@s.whatsapp.net".into()),
            lid_jid: Some("300300300@lid".into()),
        }],
        ..Default::default()
    };
    let chunk = LazyHistorySync::new(
        zlib(&sync.encode_to_vec()).into(),
        1 << 20,
        3,
        Some(1),
        Some(100),
    );
    let mut facts = Vec::new();
    let whole = converter().history(&chunk, |batch| {
        facts.extend(batch);
        true
    });
    assert_eq!(whole, Ok(true));
    let who = person("205227043110953@lid", "15550000007");
    assert!(
        matches!(&facts[0], Inbound::SamePerson { phone, .. } if phone.as_str() == "15550000007")
    );
    let Inbound::Chat {
        chat,
        state,
        at: None,
        origin: Origin::Bulk,
    } = &facts[1]
    else {
        panic!("{:?}", facts[1])
    };
    assert_eq!(*chat, InChat::Person(who.clone()));
    assert_eq!(
        (state.archived, state.pinned, state.unread, state.last_at),
        (Some(true), Some(true), Some(3), Some(1_700_000_001_000))
    );
    let Inbound::Message(first) = &facts[2] else {
        panic!()
    };
    assert_eq!(
        (
            first.body.as_str(),
            &first.sender,
            first.push_name.as_str(),
            first.ack_level
        ),
        ("first", &who, "Ann", 0)
    );
    let Inbound::Message(second) = &facts[3] else {
        panic!()
    };
    assert_eq!(
        (second.body.as_str(), second.from_me, second.ack_level),
        ("second", true, 3)
    );
    assert!(
        matches!(&facts[4], Inbound::SamePerson { phone, .. } if phone.as_str() == "15550000008")
    );
    assert!(
        matches!(&facts[5], Inbound::Name { source: NameSource::Push, name, .. } if name == "Bea")
    );
    assert_eq!(facts.len(), 6, "{facts:?}");
}

#[test]
fn a_history_part_stops_when_nobody_takes_it() {
    let conversations = (0..1200)
        .map(|n| wa::Conversation {
            id: format!("1555{n:07}@s.whatsapp.net"),
            ..Default::default()
        })
        .collect();
    let sync = wa::HistorySync {
        conversations,
        ..Default::default()
    };
    let chunk = chunk(&sync);
    let mut taken = 0;
    let whole = converter().history(&chunk, |batch| {
        assert!(batch.len() <= 500);
        taken += 1;
        taken < 2
    });
    assert_eq!((whole, taken), (Ok(false), 2));
}

#[test]
fn a_resend_is_the_same_bytes() {
    use wharf_domain::outbox::{Content, Outgoing, Quoted};
    let outgoing = |resend| Outgoing {
        to: "15550000001@s.whatsapp.net".into(),
        wa_id: "X".into(),
        content: Content {
            mentions: vec!["15550000002@s.whatsapp.net".into()],
            quoted: Some(Quoted {
                wa_id: "Q".into(),
                sender_jid: "15550000001@s.whatsapp.net".into(),
                body: "before".into(),
                sealed: String::new(),
            }),
            ..Content::text("hi")
        },
        secret: vec![8; 32],
        at: 1,
        resend,
        first_contact: false,
    };
    let bytes = |resend| {
        waproto::codec::message_to_vec(
            &converter().outgoing(&outgoing(resend), None, true).unwrap(),
        )
    };
    assert_eq!(bytes(false), bytes(true));
    let message = converter().outgoing(&outgoing(false), None, true).unwrap();
    assert_eq!(
        message
            .message_context_info
            .as_option()
            .unwrap()
            .message_secret
            .as_deref(),
        Some(&[8; 32][..])
    );
    let text = message.extended_text_message.as_option().unwrap();
    let context = text.context_info.as_option().unwrap();
    assert_eq!(
        (context.stanza_id.as_deref(), context.mentioned_jid.len()),
        (Some("Q"), 1)
    );
}
