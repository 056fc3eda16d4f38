//! What is done to messages, in whatever order it is told.

use crate::support::*;
use serde_json::Value;
use wharf_domain::{
    inbound::{Act, Ballot, Deed, InChat, InMessage, Inbound, MessageExtra, Origin, Party, Seen},
    messages::Message,
};
use wharf_types::{Address, ChatJid};

fn deed(chat: InChat, author: Seen, by: Seen, wa_id: &str, act: Act, at: i64) -> Inbound {
    Inbound::Deed(Box::new(Deed {
        chat,
        wa_id: wa_id.into(),
        author: Party::Other(author),
        by: Party::Other(by),
        act,
        at,
        origin: Origin::Live,
    }))
}

fn in_dm(by: Seen, wa_id: &str, act: Act, at: i64) -> Inbound {
    deed(InChat::Person(by.clone()), by.clone(), by, wa_id, act, at)
}

fn react(emoji: &str) -> Act {
    Act::Reacted {
        emoji: emoji.into(),
    }
}

fn edit(body: &str) -> Act {
    Act::Edited {
        body: body.into(),
        mentions: vec![],
    }
}

impl World {
    async fn first(&self, chat: ChatJid) -> Message {
        let page = self
            .domain
            .list_chat_messages(self.scope, chat, 50, "")
            .await
            .unwrap();
        page.data.into_iter().next().unwrap()
    }

    async fn told(&self, kind: &str) -> Vec<Value> {
        let events = self.events().await.into_iter();
        events
            .filter(|event| event.kind == kind)
            .map(|event| serde_json::from_str(&event.payload).unwrap())
            .collect()
    }
}

fn chat(n: i64) -> ChatJid {
    ChatJid::Person(Address::Lid(lid(n)))
}

#[tokio::test]
async fn what_is_told_before_its_message_waits_for_it() {
    let world = World::new().await;
    // Under the number; the message comes under the LID, and both turn out to be one.
    let early = in_dm(by_phone(1), "A", react("👍"), 20);
    world.tell([early.clone(), early.clone()]).await;
    world
        .tell([in_dm(by_lid(1), "A", edit("better"), 21)])
        .await;
    assert_eq!(world.told("message.reaction").await.len(), 0);
    world.tell([same(1, 1), dm(by_lid(1), "A", 10)]).await;
    let message = world.first(chat(1)).await;
    assert_eq!((message.body.as_str(), message.edited), ("better", true));
    assert_eq!(message.reactions.len(), 1);
    assert_eq!(message.reactions[0]["emoji"], "👍");
    assert_eq!(world.told("message.reaction").await.len(), 1);
    assert_eq!(world.told("message.edited").await.len(), 1);
    // It has happened: the same word again is no news.
    world.tell([early]).await;
    assert_eq!(world.told("message.reaction").await.len(), 1);
}

#[tokio::test]
async fn a_revocation_told_first_leaves_nothing_of_the_message() {
    let world = World::new().await;
    world.tell([in_dm(by_lid(1), "A", Act::Revoked, 20)]).await;
    world.tell([dm(by_lid(1), "A", 10)]).await;
    let message = world.first(chat(1)).await;
    assert_eq!((message.body.as_str(), message.deleted), ("", true));
}

#[tokio::test]
async fn an_id_in_another_chat_is_another_message() {
    let world = World::new().await;
    world.tell([in_dm(by_lid(1), "A", react("👍"), 20)]).await;
    world.tell([dm(by_lid(2), "A", 10)]).await;
    assert!(world.first(chat(2)).await.reactions.is_empty());
    world.tell([dm(by_lid(1), "A", 10)]).await;
    assert_eq!(world.first(chat(1)).await.reactions.len(), 1);
}

#[tokio::test]
async fn an_older_word_that_comes_late_changes_nothing() {
    let world = World::new().await;
    world.tell([dm(by_lid(1), "A", 10)]).await;
    for (act, at) in [
        (react("😂"), 30),
        (react("👍"), 20),
        (edit("second"), 30),
        (edit("first"), 20),
    ] {
        world.tell([in_dm(by_lid(1), "A", act, at)]).await;
    }
    let message = world.first(chat(1)).await;
    assert_eq!(message.reactions[0]["emoji"], "😂");
    assert_eq!(message.body, "second");
    world.tell([in_dm(by_lid(1), "A", react(""), 40)]).await;
    world.tell([in_dm(by_lid(1), "A", react("👍"), 35)]).await;
    assert!(world.first(chat(1)).await.reactions.is_empty());
    assert_eq!(world.told("message.reaction").await.len(), 2);
}

#[tokio::test]
async fn nobody_edits_what_another_wrote_and_members_take_back_only_their_own() {
    let world = World::new().await;
    let gid = InChat::Group(group_jid(1));
    world
        .tell([
            group(1, [by_lid(1), by_lid(2)], Origin::Live),
            in_group(1, by_lid(1), "A", 10),
        ])
        .await;
    let by_other = |act| deed(gid.clone(), by_lid(1), by_lid(2), "A", act, 20);
    world
        .tell([by_other(edit("forged")), by_other(Act::Revoked)])
        .await;
    let message = world.first(ChatJid::Group(group_jid(1))).await;
    assert_eq!(
        (message.body.as_str(), message.edited, message.deleted),
        ("body of A", false, false)
    );
    // As an edit of one's own message of that id it stays unknown.
    world
        .tell([deed(gid, by_lid(2), by_lid(2), "A", edit("forged"), 21)])
        .await;
    let message = world.first(ChatJid::Group(group_jid(1))).await;
    assert!(!message.edited);
}

#[tokio::test]
async fn two_rows_that_turn_out_to_be_one_person_have_one_reaction_and_one_vote() {
    let world = World::new().await;
    let gid = InChat::Group(group_jid(1));
    let poll = InMessage {
        kind: "poll".into(),
        extra: MessageExtra {
            poll: Some(
                serde_json::json!({"name": "q", "options": ["yes", "no"], "selectableCount": 0}),
            ),
            ..MessageExtra::default()
        },
        ..message(gid.clone(), by_lid(1), "A", 10)
    };
    world.tell([Inbound::Message(Box::new(poll))]).await;
    // SHA-256 of "yes" and of "no".
    let yes = "8a798890fe93817163b10b5f7bd2ca4d25d84c52739a645a889c173eee7d9d3d";
    let no = "9390298f3fb0c5b160498935d79cb139aef28e1c47358b4bbba61862b9c26e59";
    let ballot = |hash: &str| Act::Voted(Ballot::Open(vec![hash.into(), "ff".into()]));
    for (by, emoji, vote, at) in [
        (by_lid(2), "👍", ballot(yes), 20),
        (by_phone(2), "😂", ballot(no), 30),
    ] {
        let deed = |act| deed(gid.clone(), by_lid(1), by.clone(), "A", act, at);
        world.tell([deed(react(emoji)), deed(vote)]).await;
    }
    let shown = world.first(ChatJid::Group(group_jid(1))).await;
    assert_eq!(shown.reactions.len(), 2);
    world.tell([same(2, 2)]).await;
    let shown = world.first(ChatJid::Group(group_jid(1))).await;
    assert_eq!(shown.reactions.len(), 1);
    assert_eq!(shown.reactions[0]["emoji"], "😂");
    let options = &shown.poll.unwrap()["options"];
    assert_eq!(
        (&options[0]["voters"], &options[1]["voters"]),
        (&serde_json::json!([]), &serde_json::json!([phone(2).jid()]))
    );
    assert_eq!(world.told("poll.vote").await[0]["options"][0], "yes");
}
