//! Groups and memberships.

use super::session;
use wharf_domain::ports::store::*;

fn group(id: i64, jid: &str) -> GroupRow {
    GroupRow {
        id,
        jid: jid.parse().unwrap(),
        subject: "Книжный клуб".to_owned(),
        description: "каждую среду".to_owned(),
        created_at_wa: Some(4),
        owner_id: Some(3),
        announce: true,
        locked: true,
        joined: true,
        participant_count: 12,
        first_seen_at: 5,
        updated_at: 6,
    }
}

fn member(id: i64, group_id: i64, person_id: i64) -> MemberRow {
    MemberRow {
        id,
        group_id,
        person_id,
        role: "admin".to_owned(),
        tag: "Nick".to_owned(),
        present: true,
        first_seen_at: 7,
        last_seen_at: 8,
    }
}

pub async fn round_trip(store: &dyn Store) {
    let s = session(store).await.no;
    let mut rows = [
        group(1, "120363000000000000@g.us"),
        group(2, "15551230001-1400000000@g.us"),
    ];
    let put = rows.clone();
    store
        .write(move |tx| put.iter().try_for_each(|row| tx.put_group(s, row)))
        .await
        .unwrap();
    rows[1] = GroupRow {
        created_at_wa: None,
        owner_id: None,
        joined: false,
        subject: String::new(),
        ..rows[1].clone()
    };
    let put = rows[1].clone();
    store.write(move |tx| tx.put_group(s, &put)).await.unwrap();
    store
        .read(move |view| {
            for row in &rows {
                assert_eq!(view.group(s, &row.jid)?.as_ref(), Some(row));
                assert_eq!(view.group_by_id(s, row.id)?.as_ref(), Some(row));
            }
            assert_eq!(view.groups(s, 0, 10)?, rows);
            assert_eq!(view.groups(s, 1, 10)?, rows[1..]);
            assert_eq!(view.groups(s, 0, 1)?, rows[..1]);
            assert_eq!(
                view.group(s, &"120363000000000001@g.us".parse().unwrap())?,
                None
            );
            Ok(())
        })
        .await
        .unwrap();
    let twin = group(3, "120363000000000000@g.us");
    store
        .write(move |tx| tx.put_group(s, &twin))
        .await
        .unwrap_err();
}

pub async fn present_members_by_row(store: &dyn Store) {
    let s = session(store).await.no;
    store
        .write(move |tx| {
            for (id, group) in [(1, 1), (2, 2), (3, 1), (4, 1), (5, 1)] {
                let row = MemberRow {
                    present: id != 4,
                    ..member(id, group, 100 + id)
                };
                tx.put_member(s, &row)?;
            }
            tx.delete_member(s, 5)
        })
        .await
        .unwrap();
    store
        .read(move |view| {
            let ids = |rows: Vec<MemberRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
            assert_eq!(ids(view.members(s, 1, 0, 10)?), [1, 3]);
            assert_eq!(ids(view.members(s, 1, 1, 10)?), [3]);
            assert_eq!(ids(view.members(s, 1, 0, 1)?), [1]);
            assert_eq!(view.members(s, 1, 0, 1)?, [member(1, 1, 101)]);
            assert!(
                !view.member(s, 1, 104)?.unwrap().present,
                "past ones are kept"
            );
            assert_eq!(view.member(s, 1, 105)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn one_membership_a_person(store: &dyn Store) {
    let s = session(store).await.no;
    let put = |row: MemberRow| store.write(move |tx| tx.put_member(s, &row));
    put(member(1, 1, 7)).await.unwrap();
    put(member(2, 2, 7)).await.unwrap();
    put(member(3, 1, 7)).await.unwrap_err();
    let past = MemberRow {
        present: false,
        role: "member".to_owned(),
        ..member(1, 1, 7)
    };
    put(past.clone()).await.unwrap();
    let all = store.read(move |view| view.memberships(s, 7)).await;
    assert_eq!(all.unwrap(), [past, member(2, 2, 7)]);
}
