//! What is done to messages: whose message is meant, who does it, and copies.

use super::*;
use wharf_domain::{
    inbound::{Ballot, Deed},
    outbox::{Outgoing, What},
};

#[test]
fn reactions_and_votes_name_whose_message_it_is() {
    let key = |mine, id: &str, by: Option<&str>| {
        MessageField::some(wa::MessageKey {
            id: Some(id.into()),
            from_me: Some(mine),
            participant: by.map(str::to_owned),
            ..Default::default()
        })
    };
    let react = |key| wa::Message {
        reaction_message: MessageField::some(wa::message::ReactionMessage {
            key,
            text: Some("👍".into()),
            sender_timestamp_ms: Some(1_700_000_000_123),
            ..Default::default()
        }),
        ..Default::default()
    };
    let friend = Party::Other(person("205227043110953@lid", ""));
    let own = "15551230001@s.whatsapp.net";
    let peer = InChat::Person(person("205227043110953@lid", ""));
    let group = InChat::Group("120363000000000000@g.us".parse().unwrap());
    let other = Party::Other(person("7@lid", ""));
    for (chat, key, author) in [
        (peer.clone(), key(true, "M", None), friend.clone()),
        (peer.clone(), key(false, "M", None), Party::Own),
        (group.clone(), key(false, "M", Some("7:3@lid")), other),
        (group.clone(), key(false, "M", Some(own)), Party::Own),
        (group.clone(), key(true, "M", Some(own)), friend.clone()),
        (group, key(false, "M", None), Party::Unknown),
    ] {
        let mut facts = Vec::new();
        let envelope = Envelope { chat, ..envelope() };
        converter().say(envelope, &react(key), &mut facts);
        let [Inbound::Deed(deed)] = &facts[..] else {
            panic!("{facts:?}");
        };
        assert_eq!((&deed.author, &deed.by), (&author, &friend));
        assert_eq!(deed.at, 1_700_000_000_123);
        assert_eq!(
            deed.act,
            Act::Reacted {
                emoji: "👍".into()
            }
        );
    }
    let vote = wa::Message {
        poll_update_message: MessageField::some(wa::message::PollUpdateMessage {
            poll_creation_message_key: key(false, "POLL", None),
            vote: MessageField::some(wa::message::PollEncValue {
                enc_payload: Some(vec![1, 2]),
                enc_iv: Some(vec![3]),
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut facts = Vec::new();
    let envelope = Envelope {
        chat: peer,
        ..envelope()
    };
    converter().say(envelope, &vote, &mut facts);
    let [Inbound::Deed(deed)] = &facts[..] else {
        panic!("{facts:?}");
    };
    assert!(matches!(&deed.act, Act::Voted(Ballot::Sealed(vote)) if vote.payload == "AQI="));
    assert_eq!((deed.wa_id.as_str(), &deed.author), ("POLL", &Party::Own));
}

#[test]
fn history_hangs_reactions_and_votes_on_their_message() {
    let mut past = past("POLL", "", true);
    let info = past.message.get_or_insert_default();
    info.message = MessageField::some(wa::Message {
        poll_creation_message_v3: MessageField::some(wa::message::PollCreationMessage {
            name: Some("Tea?".into()),
            ..Default::default()
        }),
        ..Default::default()
    });
    info.message_secret = Some(vec![9; 32]);
    info.reactions = vec![wa::Reaction {
        key: MessageField::some(wa::MessageKey {
            from_me: Some(false),
            remote_jid: Some("205227043110953@lid".into()),
            ..Default::default()
        }),
        text: Some("🫖".into()),
        sender_timestamp_ms: Some(5),
        ..Default::default()
    }];
    info.poll_updates = vec![wa::PollUpdate {
        poll_update_message_key: MessageField::some(wa::MessageKey {
            from_me: Some(true),
            ..Default::default()
        }),
        vote: MessageField::some(wa::message::PollVoteMessage {
            selected_options: vec![vec![0xab, 0x01]],
        }),
        sender_timestamp_ms: Some(1_700_000_000_000),
        ..Default::default()
    }];
    let chunk = chunk(&wa::HistorySync {
        conversations: vec![wa::Conversation {
            id: "205227043110953@lid".into(),
            messages: vec![past],
            ..Default::default()
        }],
        ..Default::default()
    });
    let mut facts = Vec::new();
    converter()
        .history(&chunk, |batch| {
            facts.extend(batch);
            true
        })
        .unwrap();
    let deeds: Vec<&Deed> = facts
        .iter()
        .filter_map(|fact| match fact {
            Inbound::Deed(deed) => Some(&**deed),
            _ => None,
        })
        .collect();
    let [reaction, vote] = &deeds[..] else {
        panic!("{facts:?}");
    };
    assert!(matches!(&reaction.by, Party::Other(who) if who.lid.is_some()));
    assert_eq!((&reaction.author, &vote.by), (&Party::Own, &Party::Own));
    assert_eq!(vote.act, Act::Voted(Ballot::Open(vec!["ab01".to_owned()])));
    let sealed = facts.iter().find_map(|fact| match fact {
        Inbound::Message(message) => Some(message.extra.sealed.clone()),
        _ => None,
    });
    let secret = converter().message_secret("POLL", &sealed.unwrap());
    assert_eq!(secret, Some(vec![9; 32]));
}

#[test]
fn a_copy_is_marked_and_keeps_its_keys() {
    let image = wa::Message {
        image_message: MessageField::some(wa::message::ImageMessage {
            media_key: Some(vec![3; 32]),
            direct_path: Some("/v/1".into()),
            context_info: MessageField::some(wa::ContextInfo {
                stanza_id: Some("QUOTED".into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let (_, _, extra) = said(image);
    let outgoing = |what: What| Outgoing {
        to: "15550000001@s.whatsapp.net".into(),
        wa_id: "COPY".into(),
        content: what.into(),
        secret: vec![8; 32],
        at: 1,
        resend: false,
        first_contact: false,
    };
    let forward = |sealed: &str| {
        converter().outgoing(
            &outgoing(What::Forward {
                wa_id: "ID".into(),
                sealed: sealed.into(),
                caption: Some("as edited".into()),
            }),
            None,
            true,
        )
    };
    let copy = forward(&extra.sealed).unwrap();
    let image = copy.image_message.as_option().unwrap();
    assert_eq!(image.caption.as_deref(), Some("as edited"));
    let context = image.context_info.as_option().unwrap();
    assert_eq!(image.media_key.as_deref(), Some(&[3; 32][..]));
    assert_eq!(
        (
            context.is_forwarded,
            context.forwarding_score,
            &context.stanza_id
        ),
        (Some(true), Some(1), &None)
    );
    assert!(forward("AAAA").is_err(), "of another message");
}

#[test]
fn a_nickname_is_no_message_and_only_a_groups() {
    let label = |label: &str| wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(ProtocolType::GROUP_MEMBER_LABEL_CHANGE),
            member_label: MessageField::some(wa::MemberLabel {
                label: Some(label.into()),
                label_timestamp: Some(1_700_000_000),
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let jid: wharf_types::GroupJid = "120363000000000000@g.us".parse().unwrap();
    for name in ["Treasurer", ""] {
        let envelope = Envelope {
            chat: InChat::Group(jid.clone()),
            ..envelope()
        };
        let who = envelope.sender.clone();
        let mut facts = Vec::new();
        converter().say(envelope, &label(name), &mut facts);
        let [
            Inbound::GroupChanged {
                jid: of, change, ..
            },
        ] = &facts[..]
        else {
            panic!("{facts:?}");
        };
        let expected = wharf_domain::inbound::GroupChange::Tagged(who, name.into());
        assert_eq!((of, change), (&jid, &expected));
    }
    let mut facts = Vec::new();
    let direct = Envelope {
        chat: InChat::Person(envelope().sender),
        ..envelope()
    };
    converter().say(direct, &label("x"), &mut facts);
    assert_eq!(facts, []);
}
