//! People who log in here.

use super::{org, ulid};
use wharf_domain::{Error, ports::store::*};
use wharf_types::{InvitationId, LoginId, OrgId, Role, UserId};

fn user(name: &str) -> UserRow {
    UserRow {
        id: UserId::new(ulid()),
        email: format!("{name}@Example.org"),
        folded: format!("{name}@example.org"),
        name: name.to_owned(),
        password: "$argon2id$x".to_owned(),
        super_admin: false,
        created_at: 1,
        updated_at: 1,
    }
}

fn login(user: &UserRow, expires_at: i64) -> LoginRow {
    LoginRow {
        id: LoginId::new(ulid()),
        user: user.id,
        org: None,
        hash: [1; 32],
        address: "203.0.113.1".to_owned(),
        created_at: 1,
        used_at: 1,
        expires_at,
        ended_at: None,
    }
}

fn invitation(org: OrgId, hash: u8, expires_at: i64) -> InvitationRow {
    InvitationRow {
        id: InvitationId::new(ulid()),
        org,
        hash: [hash; 32],
        email: "bo@example.org".to_owned(),
        role: Role::Admin,
        created_by: Some(UserId::new(ulid())),
        created_at: 1,
        expires_at,
        used_at: None,
    }
}

async fn put(store: &dyn Store, rows: Vec<UserRow>) {
    store
        .write(move |tx| rows.iter().try_for_each(|row| tx.put_user(row)))
        .await
        .unwrap();
}

pub async fn people_are_found_by_address(store: &dyn Store) {
    let mut ann = user("ann");
    put(store, vec![ann.clone(), user("bo")]).await;
    ann.super_admin = true;
    ann.updated_at = 2;
    put(store, vec![ann.clone()]).await;
    let (by_id, id) = (ann.clone(), ann.id);
    let found = store
        .read(move |view| {
            let by_email = view.user_by_email("ann@example.org")?;
            Ok((
                view.user(&id)?,
                by_email,
                view.user_by_email("Ann@example.org")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(found, (Some(by_id.clone()), Some(by_id), None));
    let twin = user("ann");
    store.write(move |tx| tx.put_user(&twin)).await.unwrap_err();
}

pub async fn belonging_in_both_directions(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let people = vec![user("ann"), user("bo"), user("cy")];
    put(store, people.clone()).await;
    let (ann, bo, cy) = (people[0].id, people[1].id, people[2].id);
    let row = |org, user, role| MembershipRow {
        org,
        user,
        role,
        created_at: 1,
    };
    let rows = [
        row(a, ann, Role::Owner),
        row(b, ann, Role::Member),
        row(a, bo, Role::Owner),
        row(a, cy, Role::Admin),
    ];
    let inserted = rows.clone();
    store
        .write(move |tx| inserted.iter().try_for_each(|row| tx.put_membership(row)))
        .await
        .unwrap();
    let (of_ann, rest, of_a, owners) = store
        .read(move |view| {
            Ok((
                view.memberships_of(&ann, None, 10)?,
                view.memberships_of(&ann, Some(a), 10)?,
                view.org_members(&a, Some(ann), 10)?,
                view.owners(&a)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(of_ann, rows[..2]);
    assert_eq!(rest, rows[1..2]);
    assert_eq!(of_a, rows[2..]);
    assert_eq!(owners, 2);
    let demoted = row(a, bo, Role::Member);
    let (gone, again, owners, one) = store
        .write(move |tx| {
            tx.put_membership(&demoted)?;
            let gone = tx.delete_membership(&a, &cy)?;
            let again = tx.delete_membership(&a, &cy)?;
            Ok((gone, again, tx.owners(&a)?, tx.membership(&a, &bo)?))
        })
        .await
        .unwrap();
    assert_eq!((gone, again, owners), (true, false, 1));
    assert_eq!(one.unwrap().role, Role::Member);
}

pub async fn logins_end_and_are_trimmed(store: &dyn Store) {
    let (ann, bo) = (user("ann"), user("bo"));
    put(store, vec![ann.clone(), bo.clone()]).await;
    let rows = [login(&ann, 100), login(&ann, 200), login(&bo, 300)];
    let inserted = rows.clone();
    store
        .write(move |tx| inserted.iter().try_for_each(|row| tx.put_login(row)))
        .await
        .unwrap();
    let (user, but) = (ann.id, rows[0].id);
    let ended = store
        .write(move |tx| tx.end_logins(&user, Some(but), 50))
        .await;
    assert_eq!(ended, Ok(1));
    let all = store.write(move |tx| tx.end_logins(&user, None, 60)).await;
    assert_eq!(all, Ok(1), "one had ended");
    let ids = rows.clone().map(|row| row.id);
    let ends = store
        .read(move |view| {
            ids.iter()
                .map(|id| Ok(view.login(id)?.and_then(|row| row.ended_at)))
                .collect()
        })
        .await
        .unwrap();
    let ends: Vec<Option<i64>> = ends;
    assert_eq!(ends, [Some(60), Some(50), None]);
    let org = org(store).await;
    let (old, open) = (invitation(org, 1, 120), invitation(org, 2, 400));
    let kept = [old, open.clone()];
    store
        .write(move |tx| kept.iter().try_for_each(|row| tx.put_invitation(row)))
        .await
        .unwrap();
    for went in [2, 1, 0] {
        assert_eq!(store.write(|tx| tx.trim_accounts(250, 2)).await, Ok(went));
    }
    let left = store
        .read(move |view| view.invitations(&org, None, 10))
        .await;
    assert_eq!(left.unwrap(), [open]);
}

pub async fn invitations_are_found_by_hash_and_used_once(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let rows = [
        invitation(a, 1, 100),
        invitation(a, 2, 100),
        invitation(b, 3, 100),
    ];
    let inserted = rows.clone();
    store
        .write(move |tx| inserted.iter().try_for_each(|row| tx.put_invitation(row)))
        .await
        .unwrap();
    let mut used = rows[0].clone();
    used.used_at = Some(9);
    let (mark, second) = (used.clone(), rows[1].id);
    let (found, open, foreign, of_used, gone) = store
        .write(move |tx| {
            tx.put_invitation(&mark)?;
            Ok((
                tx.invitation_by_hash(&[1; 32])?,
                tx.invitations(&a, None, 10)?,
                tx.delete_invitation(&b, &second)?,
                tx.delete_invitation(&a, &mark.id)?,
                tx.delete_invitation(&a, &second)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(found, Some(used));
    assert_eq!(open, rows[1..2]);
    assert_eq!((foreign, of_used, gone), (false, false, true));
}

pub async fn a_deleted_organization_is_unknown_and_cleared_in_steps(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let ann = user("ann");
    put(store, vec![ann.clone()]).await;
    let scope = super::insert_session(store, super::new_session(a))
        .await
        .scope;
    let (belongs, asked) = (
        MembershipRow {
            org: a,
            user: ann.id,
            role: Role::Owner,
            created_at: 1,
        },
        invitation(a, 1, 100),
    );
    store
        .write(move |tx| {
            tx.put_membership(&belongs)?;
            tx.put_invitation(&asked)?;
            tx.bind_org(&a, "https://one", "acme")?;
            for _ in 0..3 {
                let id = wharf_types::EventId::new(ulid());
                tx.append_event(&scope, id, "x", 1, "{}")?;
            }
            tx.delete_org(&a, 50)
        })
        .await
        .unwrap();
    let again = store.write(move |tx| tx.delete_org(&a, 51)).await;
    assert_eq!(again, Err(Error::NotFound("organization")));
    let user = ann.id;
    let (org, orgs, deleted, claim, belongs, asked) = store
        .read(move |view| {
            Ok((
                view.org(&a)?,
                view.orgs()?,
                view.orgs_deleted()?,
                view.org_by_claim("https://one", "acme")?,
                view.memberships_of(&user, None, 10)?,
                view.invitation_by_hash(&[1; 32])?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((org, claim, asked), (None, None, None));
    assert_eq!(orgs.iter().map(|row| row.id).collect::<Vec<_>>(), [b]);
    assert_eq!(deleted, [a]);
    assert!(belongs.is_empty());
    let erase = || store.write(move |tx| tx.erase_org(&a, 2));
    assert_eq!(erase().await, Ok(false), "it has a session");
    store
        .write(move |tx| {
            tx.delete_session(&scope)?;
            while !tx.erase_session(&scope, 100)? {}
            Ok(())
        })
        .await
        .unwrap();
    let mut steps = 0;
    while !erase().await.unwrap() {
        steps += 1;
    }
    assert!(steps > 0, "all in one step");
    assert_eq!(store.read(|view| view.orgs_deleted()).await, Ok(vec![]));
    let live = store.write(move |tx| tx.erase_org(&b, 100)).await;
    assert_eq!(live, Ok(true));
    assert!(
        store
            .read(move |view| view.org(&b))
            .await
            .unwrap()
            .is_some()
    );
}
