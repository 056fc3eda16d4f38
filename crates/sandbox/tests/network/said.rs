//! Everything that can be said, as the other phone shows it, and what it does not take.

use buffa::MessageField as Field;
use serde_json::{Value, json};
use waproto::whatsapp::{self as wa, message as m, message::protocol_message::Type};
use wharf_sandbox::{
    media::MediaKind,
    people::{
        act,
        votes::{self, Ballot},
    },
};

use crate::{
    companion::Companion,
    hand::Net,
    wire::{Wire, text},
};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";
const ME_JID: &str = "491700000001@s.whatsapp.net";
const FRIEND_JID: &str = "491700000002@s.whatsapp.net";

struct Talk {
    net: Net,
    me: Companion,
    wire: Wire,
}

impl Talk {
    async fn begin() -> Self {
        let net = Net::start().await;
        net.account(ME).await;
        net.account(FRIEND).await;
        let me = Companion::linked(&net, ME).await;
        let wire = me.online(&net).await;
        Self { net, me, wire }
    }

    /// Sent and acknowledged.
    async fn say(&mut self, id: &str, msg: &wa::Message) {
        let n = self.me.stanza(&mut self.wire, id, FRIEND_JID, msg).await;
        self.wire.send(&n).await;
        let is_ack = |n: &wacore_binary::Node| n.tag == "ack" && text(n, "id") == id;
        self.wire.until("ack", is_ack).await;
    }

    /// The line in the friend's inbox.
    async fn line(&self, id: &str) -> Value {
        let all = self.net.inbox(FRIEND).await;
        let line = all.into_iter().find(|e| e["waMessageId"] == id);
        line.unwrap_or(Value::Null)
    }

    async fn friend(&self, deed: Value) -> (u16, Value) {
        let mut body = json!({"to": ME});
        let o = body.as_object_mut().unwrap();
        o.extend(deed.as_object().unwrap().clone());
        self.net
            .try_post(&format!("/accounts/{FRIEND}/send"), body)
            .await
    }

    /// Exactly one violation, about `id`, in these words.
    async fn broke(&self, id: &str, words: &str) {
        let errors = self.net.errors().await;
        let about: Vec<_> = errors.iter().filter(|e| e.contains(id)).collect();
        assert!(!about.is_empty(), "{id} passed; errors: {errors:?}");
        assert!(about.iter().all(|e| e.contains(words)), "{about:?}");
    }
}

fn plain(body: &str) -> wa::Message {
    wa::Message {
        conversation: Some(body.into()),
        ..Default::default()
    }
}

fn key(mine: bool, id: &str) -> wa::MessageKey {
    act::key(&FRIEND_JID.parse().unwrap(), mine, id, None)
}

fn bare_edit(id: &str, body: &str, mine: bool) -> wa::Message {
    wa::Message {
        protocol_message: Field::some(m::ProtocolMessage {
            r#type: Some(Type::MESSAGE_EDIT),
            key: Field::some(key(mine, id)),
            edited_message: Field::some(plain(body)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn image(net: &Net, bytes: &[u8]) -> m::ImageMessage {
    let media = &net.sandbox.sim().media;
    let (sealed, path) = media.upload(MediaKind::Image, bytes).unwrap();
    m::ImageMessage {
        mimetype: Some("image/jpeg".into()),
        caption: Some("the pier".into()),
        file_sha256: Some(sealed.file_sha256.to_vec()),
        file_enc_sha256: Some(sealed.file_enc_sha256.to_vec()),
        media_key: Some(sealed.media_key.to_vec()),
        file_length: Some(sealed.file_length),
        direct_path: Some(path),
        width: Some(4),
        ..Default::default()
    }
}

fn with_image(i: m::ImageMessage) -> wa::Message {
    wa::Message {
        image_message: Field::some(i),
        ..Default::default()
    }
}

fn poll(names: &[&str], selectable: u32) -> wa::Message {
    let options = names.iter().map(|n| m::poll_creation_message::Option {
        option_name: Some((*n).into()),
        ..Default::default()
    });
    wa::Message {
        poll_creation_message_v3: Field::some(m::PollCreationMessage {
            name: Some("drink?".into()),
            options: options.collect(),
            selectable_options_count: Some(selectable),
            ..Default::default()
        }),
        message_context_info: Field::some(wa::MessageContextInfo {
            message_secret: Some(vec![7; 32]),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_file_is_downloaded_and_one_that_is_not_as_said_is_a_violation() {
    let mut t = Talk::begin().await;
    let good = image(&t.net, b"a picture of sorts");
    t.say("GOOD", &with_image(good.clone())).await;
    let line = t.line("GOOD").await;
    assert_eq!(line["media"]["size"], 18);
    assert_eq!(line["media"]["width"], 4);
    assert_eq!(line["media"]["problem"], Value::Null);
    assert_eq!(line["media"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(line["body"], "the pier");
    assert_eq!(t.net.errors().await, Vec::<String>::new());

    type Lie = fn(&mut m::ImageMessage);
    let lies: [(&str, &str, Lie); 6] = [
        ("LIE1", "fileSha256", |i| i.file_sha256 = Some(vec![1; 32])),
        ("LIE2", "fileEncSha256", |i| {
            i.file_enc_sha256 = Some(vec![1; 32])
        }),
        ("LIE3", "fileLength", |i| i.file_length = Some(17)),
        ("LIE4", "media key", |i| i.media_key = Some(vec![1; 32])),
        ("LIE5", "nothing lies at", |i| {
            i.direct_path = Some("/v/t62.0-0/ff_n.enc".into())
        }),
        ("LIE6", "MIME", |i| i.mimetype = None),
    ];
    for (id, words, lie) in lies {
        let mut i = good.clone();
        lie(&mut i);
        t.say(id, &with_image(i)).await;
        t.broke(id, words).await;
        assert!(t.line(id).await["media"]["problem"].is_string());
    }
}

#[tokio::test]
async fn an_edit_is_taken_from_its_author_within_twenty_minutes() {
    let mut t = Talk::begin().await;
    t.say("A1", &plain("teh pier")).await;
    t.say("E1", &bare_edit("A1", "the pier", true)).await;
    let line = t.line("A1").await;
    assert_eq!(
        (&line["body"], &line["edited"]),
        (&json!("the pier"), &json!(true))
    );
    assert_eq!(t.net.errors().await, Vec::<String>::new());

    let (_, out) = t.friend(json!({"type": "text", "text": "mine"})).await;
    let theirs = out["waMessageId"].as_str().unwrap();
    t.say("E2", &bare_edit(theirs, "yours", false)).await;
    t.broke("E2", "another's").await;
    assert_eq!(
        t.friend(json!({"edit": {"waMessageId": "A1", "text": "x"}}))
            .await
            .0,
        400
    );

    t.net.sandbox.sim().clock.advance(21 * 60 * 1000);
    t.say("E3", &bare_edit("A1", "too late", true)).await;
    t.broke("E3", "twenty minutes").await;
    assert_eq!(t.line("A1").await["body"], "the pier");
    assert_eq!(
        t.friend(json!({"edit": {"waMessageId": theirs, "text": "x"}}))
            .await
            .0,
        409
    );
}

#[tokio::test]
async fn only_the_author_takes_a_direct_message_back() {
    let mut t = Talk::begin().await;
    t.say("A1", &plain("gone soon")).await;
    t.say("R1", &act::revoke(key(true, "A1"))).await;
    assert_eq!(t.line("A1").await["deleted"], true);
    let (_, out) = t.friend(json!({"type": "text", "text": "mine"})).await;
    let theirs = out["waMessageId"].as_str().unwrap();
    t.say("R2", &act::revoke(key(false, theirs))).await;
    t.broke("R2", "no admin").await;
    assert_eq!(t.line(theirs).await["deleted"], false);
    assert_eq!(
        t.friend(json!({"revoke": {"waMessageId": "A1"}})).await.0,
        400
    );
}

#[tokio::test]
async fn each_person_has_one_reaction_to_a_message() {
    let mut t = Talk::begin().await;
    t.say("A1", &plain("like it?")).await;
    t.friend(json!({"reaction": {"waMessageId": "A1", "emoji": "👍"}}))
        .await;
    t.say("X1", &act::reaction(key(true, "A1"), "🎉".into(), 5))
        .await;
    t.say("X2", &act::reaction(key(true, "A1"), "❤️".into(), 6))
        .await;
    let reactions = t.line("A1").await["reactions"].clone();
    let seen: Vec<_> = reactions
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (&r["emoji"], &r["senderJid"]))
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("❤️"), &json!(ME_JID)),
            (&json!("👍"), &json!(FRIEND_JID))
        ]
    );
    t.say("X3", &act::reaction(key(true, "A1"), String::new(), 7))
        .await;
    assert_eq!(t.line("A1").await["reactions"].as_array().unwrap().len(), 1);
    assert_eq!(t.net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn votes_open_with_the_polls_secret_and_the_newest_counts() {
    let mut t = Talk::begin().await;
    t.say("P1", &poll(&["tea", "coffee"], 1)).await;
    let vote = |options: Value| json!({"vote": {"waMessageId": "P1", "options": options}});
    for (options, status) in [
        (json!(["tea"]), 200),
        (json!(["tea", "coffee"]), 400),
        (json!(["milk"]), 400),
        (json!(["coffee"]), 200),
    ] {
        assert_eq!(t.friend(vote(options.clone())).await.0, status, "{options}");
    }
    let lid = |net: &Net, phone: &str| {
        let sim = net.sandbox.sim().clone();
        let phone = phone.parse().unwrap();
        sim.act(|w| Ok::<_, anyhow::Error>(w.account(phone)?.unwrap().lid_jid().to_string()))
            .unwrap()
    };
    let mine = lid(&t.net, ME);
    let choice = m::PollVoteMessage {
        selected_options: vec![votes::option_hash("tea").to_vec()],
    };
    for (id, creator, voter) in [
        ("V1", mine.as_str(), mine.as_str()),
        ("V2", ME_JID, mine.as_str()),
    ] {
        let ballot = Ballot {
            poll_id: "P1",
            creator,
            voter,
        };
        let sealed = ballot.seal(&[7; 32], &choice).unwrap();
        t.say(id, &votes::message(key(true, "P1"), sealed, 9)).await;
    }
    t.broke("V2", "does not open").await;
    assert_eq!(
        t.net.errors().await.len(),
        2,
        "one for each phone that reads it"
    );
    let poll = t.line("P1").await["poll"].clone();
    assert_eq!(
        poll["options"],
        json!([{"text": "tea", "voters": [ME_JID]}, {"text": "coffee", "voters": [FRIEND_JID]}])
    );
}

#[tokio::test]
async fn what_no_phone_shows_is_a_violation() {
    let mut t = Talk::begin().await;
    let mut without = poll(&["tea", "coffee"], 0);
    without.message_context_info = Field::default();
    t.say("Q1", &without).await;
    t.broke("Q1", "secret").await;
    t.say("Q2", &poll(&["tea", "tea"], 0)).await;
    t.broke("Q2", "twice").await;
    let odd = wa::Message {
        order_message: Field::some(Default::default()),
        ..Default::default()
    };
    t.say("Q3", &odd).await;
    t.broke("Q3", "no phone shows").await;
    // Outside it says text, inside is a picture.
    let i = image(&t.net, b"x");
    let mut n =
        t.me.stanza(&mut t.wire, "Q4", FRIEND_JID, &with_image(i))
            .await;
    n.attrs.insert("type", "text");
    t.wire.send(&n).await;
    t.wire
        .until("ack", |n| n.tag == "ack" && text(n, "id") == "Q4")
        .await;
    t.broke("Q4", "type").await;
}

#[tokio::test]
async fn what_may_be_seen_once_stays_on_the_phone() {
    let mut t = Talk::begin().await;
    let media = json!({"data": "/9j/4A==", "caption": "hush"});
    let (_, out) = t
        .friend(json!({"type": "image", "media": media, "viewOnce": true}))
        .await;
    let id = out["waMessageId"].as_str().unwrap().to_owned();
    let n = t
        .wire
        .until("message", |n| n.tag == "message" && text(n, "id") == id)
        .await;
    let gone = n.get_optional_child("unavailable").expect("no ciphertext");
    assert_eq!(text(gone, "type"), "view_once");
    assert!(n.get_optional_child("enc").is_none());
    let mine = t.net.inbox(ME).await;
    assert_eq!(
        (&mine[0]["viewOnce"], &mine[0]["body"]),
        (&json!(true), &json!("hush"))
    );
}

#[tokio::test]
async fn a_reply_quotes_mentions_are_named_and_a_caption_is_edited() {
    let t = Talk::begin().await;
    let (_, out) = t.friend(json!({"type": "text", "text": "first"})).await;
    let first = out["waMessageId"].clone();
    let media = json!({"data": "data:application/pdf;base64,JVBERg==", "caption": "teh plan", "filename": "plan.pdf"});
    let (status, out) = t.friend(json!({"type": "document", "media": media, "replyTo": first, "mentions": [ME], "forwarded": 4})).await;
    assert_eq!(status, 200, "{out}");
    let (status, _) = t
        .friend(json!({"edit": {"waMessageId": out["waMessageId"], "text": "the plan"}}))
        .await;
    assert_eq!(status, 200);
    let line = t.net.inbox(ME).await.pop().unwrap();
    assert_eq!(line["quotedId"], first);
    assert_eq!(line["mentions"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&line["forwarded"], &line["forwardingScore"]),
        (&json!(true), &json!(4))
    );
    assert_eq!(
        (
            &line["body"],
            &line["media"]["filename"],
            &line["media"]["mimetype"]
        ),
        (
            &json!("the plan"),
            &json!("plan.pdf"),
            &json!("application/pdf")
        )
    );
    assert_eq!(
        t.friend(json!({"type": "text", "text": "x", "replyTo": "NOPE"}))
            .await
            .0,
        400
    );
    assert_eq!(t.net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn edits_sealed_with_the_messages_secret_are_read_on_both_sides() {
    use wacore::message_edit::{MessageEditContext, decrypt_message_edit, encrypt_message_edit};
    let mut t = Talk::begin().await;
    let lid = async |net: &Net, who: &str| {
        let account = net.get(&format!("/accounts/{who}")).await;
        account["lid"].as_str().unwrap().to_owned()
    };
    let (mine, theirs) = (lid(&t.net, ME).await, lid(&t.net, FRIEND).await);

    // The friend's phone seals, a foreign reader opens.
    let (_, out) = t.friend(json!({"type": "text", "text": "teh pier"})).await;
    let id = out["waMessageId"].as_str().unwrap().to_owned();
    let is = |id: String| move |n: &wacore_binary::Node| n.tag == "message" && text(n, "id") == id;
    let n = t.wire.until("the text", is(id.clone())).await;
    let first = t.me.read(&n).await;
    let secret = first.message_context_info.message_secret.clone().unwrap();
    let edit = json!({"edit": {"waMessageId": id, "text": "the pier", "sealed": true}});
    let (_, out) = t.friend(edit).await;
    let n = t
        .wire
        .until(
            "the edit",
            is(out["waMessageId"].as_str().unwrap().to_owned()),
        )
        .await;
    assert_eq!(text(&n, "edit"), "1");
    let sealed = t.me.read(&n).await.secret_encrypted_message;
    let at = MessageEditContext {
        original_msg_id: &id,
        original_sender_jid: &theirs,
        editor_jid: &theirs,
    };
    let opened = decrypt_message_edit(
        sealed.enc_payload.as_deref().unwrap(),
        sealed.enc_iv.as_deref().unwrap(),
        &secret,
        &at,
    )
    .unwrap();
    assert_eq!(
        opened
            .protocol_message
            .edited_message
            .conversation
            .as_deref(),
        Some("the pier")
    );
    assert_eq!(t.net.inbox(ME).await[0]["body"], "the pier");

    // And the other way; a seal under mixed addresses does not open.
    let mut said = plain("hte sea");
    said.message_context_info = Field::some(wa::MessageContextInfo {
        message_secret: Some(vec![7; 32]),
        ..Default::default()
    });
    t.say("A1", &said).await;
    for (edit, author) in [("E1", mine.as_str()), ("E2", ME_JID)] {
        let at = MessageEditContext {
            original_msg_id: "A1",
            original_sender_jid: author,
            editor_jid: &mine,
        };
        let (payload, iv) =
            encrypt_message_edit(&bare_edit("A1", "the sea", true), &[7; 32], &at).unwrap();
        let msg = act::sealed_edit(
            key(true, "A1"),
            wharf_sandbox::people::sealed::Sealed { payload, iv },
        );
        t.say(edit, &msg).await;
    }
    assert_eq!(t.line("A1").await["body"], "the sea");
    t.broke("E2", "does not open").await;
}
