//! Groups in a world of their own: two linked accounts, one hidden member, one outsider.

use std::sync::Arc;

use wacore_binary::{Jid, Node, builder::NodeBuilder, marshal::unmarshal_ref};

use super::{
    change::{NewGroup, NewMember, parse_gid},
    model::{Group, Role, Shown, View},
    nodes,
    tell::News,
};
use crate::{
    ids::{DeviceAddr, Phone},
    iq::{Caller, IqError, Reply, Route},
    keys::Seed,
    net::online::ConnId,
    store,
    world::{Sim, World, account::NewAccount},
};

const ANNA: &str = "4915112345678";
const BOB: &str = "5511912345678";
const HIDDEN: &str = "79161234567";
const OUTSIDER: &str = "821012345678";

fn phone(digits: &str) -> Phone {
    digits.parse().unwrap()
}

/// Anna and Bob have a companion each; Anna's group has Bob and somebody who hides their number.
fn world() -> (Arc<Sim>, Group) {
    let sim = Arc::new(Sim::new(store::open(None).unwrap(), Seed::from_u64(1)).unwrap());
    let group = sim
        .act(|w| {
            for (n, digits) in [ANNA, BOB, HIDDEN, OUTSIDER].into_iter().enumerate() {
                w.add_account(NewAccount::new(phone(digits), format!("Person {n}")))?;
            }
            for (n, digits) in [(1, ANNA), (2, BOB)] {
                let d = w.add_device(phone(digits), [n; 32], [n; 32], "test")?;
                w.set_adv(d.addr, b"signed")?;
            }
            let hidden = NewMember {
                number: Shown::Never,
                ..NewMember::plain(phone(HIDDEN))
            };
            let members = vec![
                NewMember::plain(phone(ANNA)),
                NewMember::plain(phone(BOB)),
                hidden,
            ];
            w.create_group(NewGroup::plain(phone(ANNA), "Équipe".into(), members))
        })
        .unwrap();
    (sim, group)
}

fn device(digits: &str) -> DeviceAddr {
    phone(digits).device(1)
}

/// What waits for a device, taken.
fn told(w: &mut World<'_>, digits: &str) -> Vec<Node> {
    let waiting = w.waiting(device(digits), 0, 100).unwrap();
    w.db()
        .execute("DELETE FROM queue WHERE phone = ?1", [phone(digits).row()])
        .unwrap();
    waiting
        .iter()
        .map(|x| unmarshal_ref(x.node.get(1..).unwrap()).unwrap().to_owned())
        .collect()
}

fn attr(n: &Node, key: &str) -> Option<String> {
    n.attrs.get(key).map(|v| v.as_str().into_owned())
}

fn children(n: &Node) -> Vec<Node> {
    n.children().unwrap_or_default().to_vec()
}

fn only(w: &mut World<'_>, digits: &str) -> Node {
    let mut all = told(w, digits);
    assert_eq!(all.len(), 1, "{all:?}");
    let n = all.remove(0);
    assert_eq!(attr(&n, "type").as_deref(), Some("w:gp2"));
    n
}

fn lid(w: &World<'_>, digits: &str) -> Jid {
    w.account(phone(digits)).unwrap().unwrap().lid_jid()
}

fn code<T>(r: Result<T, IqError>) -> u16 {
    match r {
        Err(IqError::Refused(r)) => r.code,
        Err(e) => panic!("{e}"),
        Ok(_) => 200,
    }
}

#[test]
fn a_new_group_is_told_whole_to_every_linked_member_and_hides_the_hidden() {
    let (sim, g) = world();
    sim.act(|w| {
        let n = only(w, BOB);
        assert_eq!(attr(&n, "from"), Some(g.gid.clone()));
        assert_eq!(attr(&n, "participant"), Some(lid(w, ANNA).to_string()));
        assert_eq!(
            attr(&n, "participant_pn"),
            Some(format!("{ANNA}@s.whatsapp.net"))
        );
        let create = &children(&n)[0];
        assert_eq!(
            (create.tag.as_ref(), attr(create, "type").as_deref()),
            ("create", Some("new"))
        );
        let group = &children(create)[0];
        assert_eq!(attr(group, "id"), Some(g.user().to_owned()));
        assert_eq!(attr(group, "addressing_mode").as_deref(), Some("lid"));
        let people: Vec<Node> = children(group)
            .into_iter()
            .filter(|c| c.tag == "participant")
            .collect();
        assert_eq!(people.len(), 3);
        assert_eq!(attr(&people[0], "type").as_deref(), Some("superadmin"));
        let hidden = people
            .iter()
            .find(|p| attr(p, "jid") == Some(lid(w, HIDDEN).to_string()))
            .unwrap();
        assert_eq!(attr(hidden, "phone_number"), None);
        assert_eq!(
            attr(hidden, "display_name").as_deref(),
            Some("+79∙∙∙∙∙∙∙67")
        );
        let bob = people
            .iter()
            .find(|p| attr(p, "jid") == Some(lid(w, BOB).to_string()))
            .unwrap();
        assert_eq!(
            attr(bob, "phone_number"),
            Some(format!("{BOB}@s.whatsapp.net"))
        );
        assert_eq!(
            told(w, ANNA).len(),
            1,
            "the creator's own device is told too"
        );
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn everybody_sees_their_own_number_and_nobody_sees_any_when_all_are_hidden() {
    let (sim, mut g) = world();
    g.hide_numbers = true;
    sim.act(|w| {
        let bob = w.group_member(&g.gid, phone(BOB))?.unwrap();
        let seen = |viewer| {
            nodes::participant(
                View {
                    group: &g,
                    viewer: phone(viewer),
                },
                &bob.who,
                bob.role,
            )
        };
        assert!(attr(&seen(BOB), "phone_number").is_some());
        assert_eq!(attr(&seen(ANNA), "phone_number"), None);
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

#[test]
fn a_group_addressed_by_number_shows_lids_beside() {
    let (sim, mut g) = world();
    g.by_lid = false;
    sim.act(|w| {
        let bob = w.group_member(&g.gid, phone(BOB))?.unwrap();
        let n = nodes::participant(
            View {
                group: &g,
                viewer: phone(ANNA),
            },
            &bob.who,
            bob.role,
        );
        assert_eq!(attr(&n, "jid"), Some(format!("{BOB}@s.whatsapp.net")));
        assert_eq!(attr(&n, "lid"), Some(lid(w, BOB).to_string()));
        assert_eq!(attr(&n, "phone_number"), None);
        Ok::<_, anyhow::Error>(())
    })
    .unwrap();
}

/// Whoever joins gets the whole group, the others who joined; versions follow on each other.
#[test]
fn added_and_adding_are_told_different_things() {
    let (sim, g) = world();
    sim.act(|w| {
        w.remove_from_group(&g.gid, phone(ANNA), &[phone(BOB)])?;
        told(w, ANNA);
        told(w, BOB);
        let before = w.group(&g.gid)?.unwrap().version;
        let outcomes = w.add_to_group(
            &g.gid,
            phone(ANNA),
            &[phone(BOB), phone(HIDDEN), phone("62899000000")],
        )?;
        assert_eq!(outcomes, [None, Some(409), Some(404)]);
        let add = children(&only(w, ANNA)).remove(0);
        assert_eq!(add.tag, "add");
        assert_eq!(attr(&add, "prev_v_id"), Some(before.to_string()));
        assert_eq!(
            attr(&add, "v_id"),
            Some(w.group(&g.gid)?.unwrap().version.to_string())
        );
        assert_eq!(children(&add).len(), 1);
        let joined = children(&only(w, BOB)).remove(0);
        assert_eq!(
            (joined.tag.as_ref(), attr(&joined, "type")),
            ("create", None)
        );
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn who_leaves_is_removed_by_themselves_and_their_key_is_dropped() {
    let (sim, g) = world();
    sim.act(|w| {
        told(w, ANNA);
        w.sender_key_distribution(phone(HIDDEN), &g.gid)?;
        w.note_sender_key_told(phone(HIDDEN), &g.gid, device(ANNA))?;
        w.leave_group(&g.gid, phone(BOB))?;
        let n = only(w, ANNA);
        let remove = children(&n).remove(0);
        assert_eq!(remove.tag, "remove");
        assert_eq!(attr(&children(&remove)[0], "jid"), attr(&n, "participant"));
        assert!(!w.was_told_sender_key(phone(HIDDEN), &g.gid, device(ANNA))?);
        assert!(
            w.group_encrypt(phone(HIDDEN), &g.gid, b"x").is_err(),
            "the old key is gone"
        );
        assert_eq!(code(w.leave_group(&g.gid, phone(BOB))), 403);
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn when_the_last_admin_leaves_somebody_is_promoted() {
    let (sim, g) = world();
    sim.act(|w| {
        told(w, BOB);
        w.leave_group(&g.gid, phone(ANNA))?;
        let tags: Vec<String> = told(w, BOB)
            .iter()
            .map(|n| children(n)[0].tag.to_string())
            .collect();
        assert_eq!(tags, ["remove", "promote"]);
        assert_eq!(
            w.group_members(&g.gid)?
                .iter()
                .filter(|m| m.role.is_admin())
                .count(),
            1
        );
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn rights_are_checked_and_refused_as_whatsapp_words_it() {
    let (sim, g) = world();
    let gid = g.gid.as_str();
    let (anna, bob, outsider) = (phone(ANNA), phone(BOB), phone(OUTSIDER));
    let refused = |f: &dyn Fn(&mut World<'_>) -> Result<(), IqError>| code(sim.act(f));
    assert_eq!(
        refused(&|w| w.group_for("120363000000000000@g.us", anna).map(drop)),
        404
    );
    assert_eq!(refused(&|w| w.group_for(gid, outsider).map(drop)), 403);
    assert_eq!(
        refused(&|w| w.remove_from_group(gid, bob, &[anna]).map(drop)),
        401
    );
    assert_eq!(
        refused(&|w| w.set_group_role(gid, bob, &[bob], Role::Admin).map(drop)),
        401
    );
    assert_eq!(refused(&|w| w.group_invite(gid, bob, false).map(drop)), 401);
    assert_eq!(
        refused(&|w| w.set_group_subject(gid, bob, &"x".repeat(101))),
        406
    );
    assert_eq!(
        refused(&|w| w.set_group_description(gid, bob, None, Some("not it"), Some("x".into()))),
        409
    );
    assert_eq!(
        refused(&|w| w.set_group_subject(gid, bob, "open to all")),
        200
    );
    assert_eq!(
        refused(&|w| w.change_group(gid, anna, &News::Switch("locked"), |g| g.locked = true)),
        200
    );
    assert_eq!(
        refused(&|w| w.set_group_subject(gid, bob, "not any more")),
        401
    );
    let subject = sim.act(|w| w.group(gid)).unwrap().unwrap().subject;
    assert_eq!(subject, "open to all");
}

#[test]
fn promoting_twice_tells_once_and_spares_the_superadmin() {
    let (sim, g) = world();
    sim.act(|w| {
        told(w, BOB);
        let both = [phone(BOB), phone(ANNA)];
        assert_eq!(
            w.set_group_role(&g.gid, phone(ANNA), &both, Role::Admin)?,
            [None, Some(403)]
        );
        let promote = children(&only(w, BOB)).remove(0);
        assert_eq!(promote.tag, "promote");
        assert_eq!(
            attr(&children(&promote)[0], "type").as_deref(),
            Some("admin")
        );
        w.set_group_role(&g.gid, phone(ANNA), &[phone(BOB)], Role::Admin)?;
        assert!(told(w, BOB).is_empty(), "nothing changed");
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn subject_description_and_settings_are_told() {
    let (sim, g) = world();
    sim.act(|w| {
        told(w, BOB);
        w.set_group_subject(&g.gid, phone(ANNA), "Neu 🎉")?;
        let subject = children(&only(w, BOB)).remove(0);
        assert_eq!(attr(&subject, "subject").as_deref(), Some("Neu 🎉"));
        assert_eq!(attr(&subject, "s_o"), Some(lid(w, ANNA).to_string()));
        w.set_group_description(
            &g.gid,
            phone(ANNA),
            Some("D1".into()),
            None,
            Some("What for".into()),
        )?;
        let description = children(&only(w, BOB)).remove(0);
        assert_eq!(attr(&description, "id").as_deref(), Some("D1"));
        assert_eq!(children(&description)[0].tag, "body");
        w.set_group_description(&g.gid, phone(ANNA), None, Some("D1"), None)?;
        assert_eq!(children(&children(&only(w, BOB))[0])[0].tag, "delete");
        w.change_group(&g.gid, phone(ANNA), &News::Switch("announcement"), |g| {
            g.announce = true
        })?;
        assert_eq!(children(&only(w, BOB))[0].tag, "announcement");
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn an_invite_link_lets_in_once_and_an_old_one_not_at_all() {
    let (sim, g) = world();
    sim.act(|w| {
        let old = w.group_invite(&g.gid, phone(ANNA), false)?;
        assert_eq!(old, w.group_invite(&g.gid, phone(ANNA), false)?);
        let new = w.group_invite(&g.gid, phone(ANNA), true)?;
        assert_eq!(code(w.join_group(&old, phone(OUTSIDER))), 410);
        told(w, BOB);
        w.join_group(&new, phone(OUTSIDER))?;
        let add = children(&only(w, BOB)).remove(0);
        assert_eq!(
            (add.tag.as_ref(), attr(&add, "reason").as_deref()),
            ("add", Some("invite"))
        );
        assert_eq!(code(w.join_group(&new, phone(OUTSIDER))), 409);
        Ok::<_, IqError>(())
    })
    .unwrap();
}

/// Puts an IQ of Bob's device to the handler the table gives it.
fn ask(
    w: &mut World<'_>,
    who: &str,
    kind: &'static str,
    to: &str,
    child: Node,
) -> Result<Vec<Node>, IqError> {
    let iq = NodeBuilder::new("iq")
        .attr("type", kind)
        .attr("xmlns", "w:g2")
        .attr("to", to)
        .attr("id", "1")
        .children([child])
        .build();
    let iq = iq.as_node_ref();
    let tag = iq.children().unwrap()[0].tag.to_string();
    let wanted = if kind == "get" {
        crate::iq::Kind::Get
    } else {
        crate::iq::Kind::Set
    };
    let route: &Route = super::iq::ROUTES
        .iter()
        .find(|r| r.kind == wanted && r.child == tag)
        .expect("a route");
    match (route.handler)(
        w,
        &Caller {
            conn: ConnId(1),
            device: Some(device(who)),
        },
        &iq,
    )? {
        Reply::Result(nodes) => Ok(nodes),
        Reply::Silent => panic!("an answer is due"),
    }
}

#[test]
fn a_client_asks_makes_changes_and_leaves() {
    let (sim, g) = world();
    sim.act(|w| {
        let all = || {
            NodeBuilder::new("participating")
                .children([crate::node::empty("participants")])
                .build()
        };
        let mine = ask(w, BOB, "get", "@g.us", all())?;
        assert_eq!(children(&mine[0]).len(), 1);
        let query = || {
            NodeBuilder::new("query")
                .attr("request", "interactive")
                .build()
        };
        let full = ask(w, BOB, "get", &g.gid, query())?;
        assert_eq!(attr(&full[0], "size").as_deref(), Some("3"));

        let person = |jid: &str| {
            NodeBuilder::new("participant")
                .attr("jid", jid.to_owned())
                .build()
        };
        let known = lid(w, OUTSIDER).to_string();
        let create = NodeBuilder::new("create")
            .attr("subject", "Bob's")
            .attr("key", "K1");
        let made = ask(
            w,
            BOB,
            "set",
            "@g.us",
            create
                .children([person(&known), person("99999999999@lid")])
                .build(),
        )?;
        let people: Vec<Node> = children(&made[0])
            .into_iter()
            .filter(|c| c.tag == "participant")
            .collect();
        assert_eq!(people.len(), 3);
        assert_eq!(attr(&people[2], "error").as_deref(), Some("404"));

        let leave = NodeBuilder::new("leave")
            .children([NodeBuilder::new("group").attr("id", g.gid.clone()).build()])
            .build();
        ask(w, BOB, "set", "@g.us", leave)?;
        assert_eq!(code(ask(w, BOB, "get", &g.gid, query())), 403);
        Ok::<_, IqError>(())
    })
    .unwrap();
}

#[test]
fn group_jids_are_read_strictly() {
    for good in ["120363012345678901@g.us", "4915112345678-1454953696@g.us"] {
        assert_eq!(parse_gid(good).unwrap(), good);
    }
    for bad in [
        "",
        "@g.us",
        "g.us",
        "12a@g.us",
        "1-2-3@g.us",
        "-1@g.us",
        "1@s.whatsapp.net",
        "1@g.us ",
    ] {
        assert!(parse_gid(bad).is_err(), "{bad}");
    }
}

#[test]
fn with_approval_the_link_leads_to_a_request_that_an_admin_grants() {
    let (sim, g) = world();
    sim.act(|w| {
        let link = w.group_invite(&g.gid, phone(ANNA), false)?;
        let mode = nodes::approval(true);
        ask(w, ANNA, "set", &g.gid, mode)?;
        assert_eq!(
            children(&told(w, BOB)[1])[0].tag,
            "membership_approval_mode"
        );
        told(w, ANNA);
        let joined = w.join_group(&link, phone(OUTSIDER))?;
        assert!(matches!(joined, super::members::Joined::Asked(_)));
        w.join_group(&link, phone(OUTSIDER))?;
        let asked = children(&only(w, ANNA)).remove(0);
        assert_eq!(asked.tag, "created_membership_requests");
        assert_eq!(
            attr(&children(&asked)[0], "jid"),
            Some(lid(w, OUTSIDER).to_string())
        );
        assert!(told(w, BOB).is_empty(), "not an admin");

        let list = ask(
            w,
            ANNA,
            "get",
            &g.gid,
            crate::node::empty("membership_approval_requests"),
        )?;
        assert_eq!(children(&list[0]).len(), 1);
        let person = |who: Jid| NodeBuilder::new("participant").attr("jid", who).build();
        let approve = |w: &World<'_>| {
            let people = [person(lid(w, OUTSIDER)), person(lid(w, HIDDEN))];
            NodeBuilder::new("membership_requests_action")
                .children([NodeBuilder::new("approve").children(people).build()])
                .build()
        };
        let action = approve(w);
        let answer = ask(w, ANNA, "set", &g.gid, action)?;
        let outcomes: Vec<Option<String>> = children(&children(&answer[0])[0])
            .iter()
            .map(|p| attr(p, "error"))
            .collect();
        assert_eq!(outcomes, [None, Some("404".into())]);
        assert!(w.group_member(&g.gid, phone(OUTSIDER))?.is_some());
        assert_eq!(children(&only(w, BOB))[0].tag, "add");
        let action = approve(w);
        assert_eq!(code(ask(w, BOB, "set", &g.gid, action)), 401);
        Ok::<_, IqError>(())
    })
    .unwrap();
}
