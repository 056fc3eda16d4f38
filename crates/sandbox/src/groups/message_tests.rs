//! Messages of a group: Bob's companion and three scripted phones.

use std::sync::Arc;

use wacore::messages::MessageUtils;
use wacore_binary::{Jid, Node, builder::NodeBuilder, marshal::unmarshal_ref};

use super::{
    change::{NewGroup, NewMember},
    inbound,
    model::{Group, Role, Shown},
    test_client::{Client, attr, text},
};
use crate::{
    ids::Phone,
    iq::IqError,
    keys::Seed,
    net::online::ConnId,
    people::{absorb::Place, act, write::Writing},
    store,
    world::{Effect, Sim, World, account::NewAccount},
};

const ANNA: &str = "4915112345678";
const BOB: &str = "5511912345678";
const HIDDEN: &str = "79161234567";

fn phone(digits: &str) -> Phone {
    digits.parse().unwrap()
}

fn world() -> (Arc<Sim>, Group, Client) {
    let sim = Arc::new(Sim::new(store::open(None).unwrap(), Seed::from_u64(1)).unwrap());
    let (group, client) = sim
        .act(|w| {
            for digits in [ANNA, BOB, HIDDEN] {
                w.add_account(NewAccount::new(phone(digits), format!("Person {digits}")))?;
            }
            let client = Client::link(w, phone(BOB), 2);
            let hidden = NewMember {
                number: Shown::Never,
                ..NewMember::plain(phone(HIDDEN))
            };
            let group = NewGroup::plain(
                phone(ANNA),
                "G".into(),
                vec![NewMember::plain(phone(BOB)), hidden],
            );
            let group = w.create_group(group)?;
            told(w);
            Ok::<_, IqError>((group, client))
        })
        .unwrap();
    (sim, group, client)
}

/// What waits for Bob's companion, taken.
fn told(w: &mut World<'_>) -> Vec<Node> {
    let waiting = w.waiting(phone(BOB).device(1), 0, 100).unwrap();
    w.db().execute("DELETE FROM queue", []).unwrap();
    waiting
        .iter()
        .map(|x| unmarshal_ref(x.node.get(1..).unwrap()).unwrap().to_owned())
        .collect()
}

/// The one message among it; a client without prekeys is also told that they run low.
fn message(w: &mut World<'_>) -> Node {
    let mut all = told(w);
    all.retain(|n| n.tag == "message");
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn encs(n: &Node) -> Vec<Node> {
    n.children()
        .unwrap_or_default()
        .iter()
        .filter(|c| c.tag == "enc")
        .cloned()
        .collect()
}

fn kinds(n: &Node) -> Vec<String> {
    encs(n).iter().map(|e| attr(e, "type")).collect()
}

fn says(w: &mut World<'_>, who: &str, gid: &str, body: &str) -> (String, Node) {
    let from = w.account(phone(who)).unwrap().unwrap();
    let msg = text(body);
    let what = Writing {
        msg: &msg,
        hide_number: false,
    };
    let id = w.person_writes_to_group(&from, gid, &what).unwrap();
    (id, message(w))
}

fn lid(w: &World<'_>, who: &str) -> Jid {
    w.account(phone(who)).unwrap().unwrap().lid_jid()
}

/// Bob's companion sends a stanza; the answer.
fn sends(
    w: &mut World<'_>,
    gid: &str,
    id: &str,
    more: &[(&'static str, String)],
    children: Vec<Node>,
) -> Node {
    let mut n = NodeBuilder::new("message")
        .attr("to", gid)
        .attr("id", id)
        .attr("type", "text");
    for (key, value) in more {
        n = n.attr(key, value.clone());
    }
    let (n, to): (Node, Jid) = (n.children(children).build(), gid.parse().unwrap());
    inbound::from_client(
        w,
        phone(BOB).device(1),
        ConnId(1),
        &n.as_node_ref(),
        id,
        &to,
    )
    .unwrap()
    .replies
    .remove(0)
}

fn participants(w: &World<'_>, parts: Vec<(&str, Node)>) -> Node {
    let parts = parts.into_iter().map(|(who, enc)| {
        NodeBuilder::new("to")
            .attr("jid", lid(w, who))
            .children([enc])
            .build()
    });
    NodeBuilder::new("participants")
        .children(parts.collect::<Vec<_>>())
        .build()
}

fn bodies(w: &World<'_>, who: &str) -> Vec<String> {
    w.inbox(phone(who))
        .unwrap()
        .into_iter()
        .map(|e| e.body)
        .collect()
}

fn violations(w: &World<'_>) -> Vec<String> {
    let mut q = w
        .db()
        .prepare("SELECT kind || ': ' || detail FROM ledger_violations")
        .unwrap();
    q.query_map([], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn a_person_tells_the_key_once_and_writes_with_it() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        let (_, first) = says(w, ANNA, &g.gid, "first");
        assert_eq!(kinds(&first), ["pkmsg", "skmsg"]);
        assert_eq!(attr(&first, "from"), g.gid);
        assert_eq!(attr(&first, "participant"), lid(w, ANNA).to_string());
        assert_eq!(
            attr(&first, "participant_pn"),
            format!("{ANNA}@s.whatsapp.net")
        );
        bob.read(phone(ANNA), &encs(&first)[0]);
        let read = bob.read_group(phone(ANNA), &encs(&first)[1]).unwrap();
        assert_eq!(read.conversation.as_deref(), Some("first"));
        let (_, second) = says(w, ANNA, &g.gid, "second");
        assert_eq!(kinds(&second), ["skmsg"]);
        let read = bob.read_group(phone(ANNA), &encs(&second)[0]).unwrap();
        assert_eq!(read.conversation.as_deref(), Some("second"));
        assert_eq!(bodies(w, HIDDEN), ["first", "second"]);
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn who_hides_their_number_writes_without_it() {
    let (sim, g, _) = world();
    sim.act(|w| {
        let (_, n) = says(w, HIDDEN, &g.gid, "psst");
        assert_eq!(attr(&n, "participant"), lid(w, HIDDEN).to_string());
        assert_eq!(attr(&n, "participant_pn"), "");
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn after_somebody_left_the_key_is_told_anew() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        let (_, first) = says(w, ANNA, &g.gid, "first");
        bob.read(phone(ANNA), &encs(&first)[0]);
        w.leave_group(&g.gid, phone(HIDDEN))?;
        told(w);
        let (_, second) = says(w, ANNA, &g.gid, "second");
        assert_eq!(kinds(&second), ["pkmsg", "skmsg"]);
        assert!(
            bob.read_group(phone(ANNA), &encs(&second)[1]).is_none(),
            "another key"
        );
        bob.read(phone(ANNA), &encs(&second)[0]);
        assert!(bob.read_group(phone(ANNA), &encs(&second)[1]).is_some());
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn who_lacks_the_key_asks_and_gets_message_and_key_pairwise() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        let (id, _) = says(w, ANNA, &g.gid, "lost");
        let retry = NodeBuilder::new("retry")
            .attr("count", "1")
            .attr("id", id.clone())
            .build();
        let receipt = NodeBuilder::new("receipt")
            .attr("to", g.jid())
            .attr("participant", lid(w, ANNA))
            .attr("id", id.clone())
            .attr("type", "retry")
            .children([retry])
            .build();
        w.group_retry_asked(bob.addr, &receipt.as_node_ref(), &id)?;
        let again = message(w);
        assert_eq!(
            (attr(&again, "id"), kinds(&again)),
            (id, vec!["pkmsg".to_owned()])
        );
        assert_eq!(attr(&encs(&again)[0], "count"), "1");
        let read = bob.read(phone(ANNA), &encs(&again)[0]);
        assert_eq!(read.conversation.as_deref(), Some("lost"));
        let (_, next) = says(w, ANNA, &g.gid, "next");
        assert!(
            bob.read_group(phone(ANNA), &encs(&next)[0]).is_some(),
            "with the key from the second copy"
        );
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn a_client_writes_and_every_member_reads_and_says_so() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        let parts: Vec<(&str, Node)> = [ANNA, BOB, HIDDEN]
            .map(|who| (who, bob.tell_key(w, phone(who), &g.gid)))
            .into_iter()
            .collect();
        let skmsg = bob.write_group(&text("to all"));
        let devices = [
            lid(w, ANNA),
            lid(w, BOB),
            lid(w, HIDDEN),
            lid(w, BOB).with_device(1),
        ];
        let hash = MessageUtils::participant_list_hash(devices.iter())?;
        let more = [("phash", hash), ("addressing_mode", "lid".to_owned())];
        let ack = sends(w, &g.gid, "M1", &more, vec![participants(w, parts), skmsg]);
        assert_eq!(
            (
                attr(&ack, "class"),
                attr(&ack, "error"),
                attr(&ack, "phash")
            ),
            ("message".into(), "".into(), "".into())
        );
        for who in [ANNA, BOB, HIDDEN] {
            assert_eq!(bodies(w, who), ["to all"], "{who}");
        }
        let receipts: Vec<(String, String)> = told(w)
            .iter()
            .map(|r| (attr(r, "from"), attr(r, "participant")))
            .collect();
        let expected = [ANNA, HIDDEN].map(|who| (g.gid.clone(), lid(w, who).to_string()));
        assert_eq!(receipts.len(), 2);
        assert!(
            expected.iter().all(|e| receipts.contains(e)),
            "{receipts:?}"
        );

        let again = bob.write_group(&text("again"));
        let ack = sends(
            w,
            &g.gid,
            "M2",
            &[("phash", "2:AAAAAAAA".into())],
            vec![again],
        );
        assert!(
            attr(&ack, "phash").starts_with("2:"),
            "another list of devices: {ack:?}"
        );
        assert_eq!(bodies(w, ANNA), ["to all", "again"]);
        assert_eq!(violations(w), Vec::<String>::new());
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn a_member_without_the_key_asks_for_a_second_copy_and_reads_it() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        bob.draw_key();
        let skmsg = bob.write_group(&text("who reads this"));
        sends(w, &g.gid, "M1", &[], vec![skmsg]);
        let asked = told(w);
        let anna = asked
            .iter()
            .find(|r| attr(r, "participant") == lid(w, ANNA).to_string())
            .expect("Anna asks");
        assert_eq!(
            (attr(anna, "type"), attr(anna, "from"), attr(anna, "id")),
            ("retry".into(), g.gid.clone(), "M1".into())
        );
        assert!(bodies(w, ANNA).is_empty());

        let copy = bob.write(w, phone(ANNA), &text("who reads this"));
        let to = [("participant", lid(w, ANNA).to_string())];
        sends(w, &g.gid, "M1", &to, vec![copy]);
        assert_eq!(bodies(w, ANNA), ["who reads this"]);
        assert!(bodies(w, HIDDEN).is_empty(), "the copy was for Anna alone");
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn what_the_network_does_not_take_is_refused_in_the_ack() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        bob.draw_key();
        let skmsg = bob.write_group(&text("x"));
        let error = |w: &mut World<'_>, gid: &str, mode: &str| {
            attr(
                &sends(
                    w,
                    gid,
                    "M1",
                    &[("addressing_mode", mode.into())],
                    vec![skmsg.clone()],
                ),
                "error",
            )
        };
        assert_eq!(error(w, "120363000000000000@g.us", "lid"), "404");
        assert_eq!(error(w, &g.gid, "pn"), "421");
        w.change_group(
            &g.gid,
            phone(ANNA),
            &super::tell::News::Switch("announcement"),
            |g| g.announce = true,
        )?;
        assert_eq!(error(w, &g.gid, "lid"), "403");
        w.remove_from_group(&g.gid, phone(ANNA), &[phone(BOB)])?;
        assert_eq!(error(w, &g.gid, "lid"), "403");
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn a_message_key_used_for_two_texts_is_reported_and_a_resend_is_not() {
    let (sim, g, mut bob) = world();
    sim.act(|w| {
        let parts = vec![(ANNA, bob.tell_key(w, phone(ANNA), &g.gid))];
        let before = bob.saved_key();
        let first = bob.write_group(&text("first"));
        sends(
            w,
            &g.gid,
            "M1",
            &[],
            vec![participants(w, parts), first.clone()],
        );
        sends(w, &g.gid, "M1", &[], vec![first]);
        assert_eq!(bodies(w, ANNA), ["first"], "shown once");
        assert_eq!(violations(w), Vec::<String>::new());
        bob.restore_key(before);
        let second = bob.write_group(&text("second"));
        sends(w, &g.gid, "M2", &[], vec![second]);
        assert!(
            violations(w).iter().any(|v| v.starts_with("reused_key")),
            "{:?}",
            violations(w)
        );
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn members_say_that_they_read_and_that_they_type() {
    let (sim, g, _) = world();
    sim.act(|w| {
        w.person_read_in_group(
            phone(ANNA),
            &g.gid,
            phone(BOB),
            &["M1".into(), "M2".into()],
            "read",
        )?;
        let receipt = told(w).remove(0);
        assert_eq!(
            (attr(&receipt, "from"), attr(&receipt, "type")),
            (g.gid.clone(), "read".into())
        );
        assert_eq!(
            (attr(&receipt, "participant"), attr(&receipt, "id")),
            (lid(w, ANNA).to_string(), "M1".into())
        );
        let list = receipt.children().unwrap()[0].children().unwrap();
        assert_eq!(
            list.iter().map(|i| attr(i, "id")).collect::<Vec<_>>(),
            ["M2"]
        );

        w.sim.online.set_available(phone(BOB).device(1), true);
        w.group_chatstate(
            phone(ANNA).device(0),
            &g.gid,
            &NodeBuilder::new("composing").build(),
        )?;
        w.group_chatstate(
            phone(BOB).device(1),
            &g.gid,
            &NodeBuilder::new("composing").build(),
        )?;
        let pushed: Vec<&Node> = w
            .effects
            .iter()
            .filter_map(|e| {
                if let Effect::Push(_, n) = e {
                    Some(n)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(
            pushed.len(),
            1,
            "Bob, who is there, sees Anna; nobody else has a client"
        );
        assert_eq!(
            (attr(pushed[0], "from"), attr(pushed[0], "participant")),
            (g.gid.clone(), lid(w, ANNA).to_string())
        );
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn a_client_s_receipt_reaches_the_author_as_coming_from_the_group() {
    let (sim, g, _) = world();
    sim.act(|w| {
        let anna = Client::link(w, phone(ANNA), 3);
        let receipt = NodeBuilder::new("receipt")
            .attr("to", g.jid())
            .attr("id", "M1")
            .attr("participant", lid(w, ANNA))
            .build();
        w.group_receipt(phone(BOB).device(1), &receipt.as_node_ref(), "")?;
        let waiting = w.waiting(anna.addr, 0, 10)?;
        let n = unmarshal_ref(waiting.last().unwrap().node.get(1..).unwrap())
            .unwrap()
            .to_owned();
        assert_eq!(
            (attr(&n, "from"), attr(&n, "participant")),
            (g.gid.clone(), lid(w, BOB).with_device(1).to_string())
        );
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn a_client_takes_back_what_others_wrote_once_it_is_an_admin() {
    let (sim, g, _) = world();
    sim.act(|w| {
        let (id, _) = says(w, ANNA, &g.gid, "weeds");
        let revoke = |named: Option<String>| {
            act::revoke(act::key(&g.gid.parse().unwrap(), false, &id, named))
        };
        let (anna, hidden) = (lid(w, ANNA).to_string(), lid(w, HIDDEN).to_string());
        let at = Place {
            owner: phone(HIDDEN),
            chat: &g.gid,
            from: phone(BOB).device(1),
            id: "R1",
        };
        w.absorb(at, &revoke(Some(anna.clone())), None)?;
        w.set_group_role(&g.gid, phone(ANNA), &[phone(BOB)], Role::Admin)?;
        for wrong in [None, Some(hidden)] {
            w.absorb(at, &revoke(wrong), None)?;
        }
        assert_eq!(bodies(w, HIDDEN), ["weeds"]);
        let wrong = violations(w);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        for (what, words) in wrong
            .iter()
            .zip(["no admin", "without participant", "did not write"])
        {
            assert!(what.contains(words), "{what}");
        }
        w.absorb(at, &revoke(Some(anna)), None)?;
        assert_eq!(bodies(w, HIDDEN), [""]);
        assert_eq!(violations(w).len(), 3);
        Ok::<_, IqError>(())
    })
    .unwrap();
}
