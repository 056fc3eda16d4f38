//! Organizations, issuer bindings, keys, settings.

use super::{org, ulid};
use wharf_domain::{Error, ports::store::*};
use wharf_types::{Capabilities, Capability, KeyId, OrgId, SessionId};

fn key(org: OrgId, hash: u8) -> KeyRow {
    KeyRow {
        id: KeyId::new(ulid()),
        org,
        name: "ci".to_owned(),
        hash: [hash; 32],
        capabilities: [Capability::Read, Capability::Manage].into_iter().collect(),
        sessions: vec![SessionId::new(ulid()), SessionId::new(ulid())],
        expires_at: Some(99),
        created_at: 7,
        revoked_at: None,
    }
}

pub async fn bound_by_issuer_and_claim(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let bind =
        |org: OrgId, issuer: &'static str| store.write(move |tx| tx.bind_org(&org, issuer, "acme"));
    bind(a, "https://one").await.unwrap();
    bind(b, "https://two").await.unwrap();
    let (one, two, none) = store
        .read(|view| {
            Ok((
                view.org_by_claim("https://one", "acme")?,
                view.org_by_claim("https://two", "acme")?,
                view.org_by_claim("https://one", "other")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((one, two, none), (Some(a), Some(b), None));
    bind(b, "https://one").await.unwrap_err();
    let (row, all) = store
        .read(move |view| Ok((view.org(&a)?, view.orgs()?)))
        .await
        .unwrap();
    assert_eq!(row.unwrap().name, "Acme");
    assert_eq!(all.iter().map(|row| row.id).collect::<Vec<_>>(), [a, b]);
}

pub async fn keys_are_found_by_hash_and_revoked_once(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let limited = key(a, 1);
    let mut unlimited = key(a, 2);
    unlimited.sessions = vec![];
    unlimited.capabilities = Capabilities::ALL;
    unlimited.expires_at = None;
    let rows = [limited, unlimited, key(b, 3)];
    let inserted = rows.clone();
    store
        .write(move |tx| inserted.iter().try_for_each(|row| tx.insert_key(row)))
        .await
        .unwrap();
    let (found, missing, of_a) = store
        .read(move |view| {
            Ok((
                view.key_by_hash(&[1; 32])?,
                view.key_by_hash(&[9; 32])?,
                view.keys(&a)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&rows[0]));
    assert_eq!(missing, None);
    assert_eq!(of_a, rows[..2]);
    let id = rows[0].id;
    let revoke = |org: OrgId, at| store.write(move |tx| tx.revoke_key(&org, &id, at));
    assert!(!revoke(b, 50).await.unwrap(), "another organization's");
    assert!(revoke(a, 51).await.unwrap());
    assert!(!revoke(a, 52).await.unwrap(), "a second time");
    let found = store.read(|view| view.key_by_hash(&[1; 32])).await.unwrap();
    assert_eq!(found.unwrap().revoked_at, Some(51));
    let twin = key(b, 3);
    store
        .write(move |tx| tx.insert_key(&twin))
        .await
        .unwrap_err();
}

pub async fn keys_in_force_by_id(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let rows = [key(a, 1), key(a, 2), key(b, 3), key(a, 4)];
    let inserted = rows.clone();
    store
        .write(move |tx| inserted.iter().try_for_each(|row| tx.insert_key(row)))
        .await
        .unwrap();
    let second = rows[1].id;
    let revoked = store.write(move |tx| tx.revoke_key(&a, &second, 9)).await;
    assert_eq!(revoked, Ok(true));
    let (first, rest, foreign) = store
        .read(move |view| {
            let first = view.keys_in_force(&a, None, 1)?;
            let rest = view.keys_in_force(&a, Some(first[0].id), 10)?;
            Ok((first, rest, view.key(&b, &second)?))
        })
        .await
        .unwrap();
    assert_eq!(
        (first, rest),
        (vec![rows[0].clone()], vec![rows[3].clone()])
    );
    assert_eq!(foreign, None);
    let own = store.read(move |view| view.key(&a, &second)).await.unwrap();
    assert_eq!(own.unwrap().revoked_at, Some(9));
}

pub async fn settings_are_replaced(store: &dyn Store) {
    for value in [&b"one"[..], b"", b"\x00\xff"] {
        store
            .write(move |tx| tx.put_setting("check", value))
            .await
            .unwrap();
        let read = store.read(|view| view.setting("check")).await.unwrap();
        assert_eq!(read.as_deref(), Some(value));
    }
    let none = store.read(|view| view.setting("other")).await.unwrap();
    assert_eq!(none, None);
}

pub async fn of_no_organization_is_not_found(store: &dyn Store) {
    let row = key(OrgId::new(ulid()), 1);
    let org = row.org;
    let missing = Err(Error::NotFound("organization"));
    assert_eq!(
        store.write(move |tx| tx.insert_key(&row)).await,
        missing.clone()
    );
    assert_eq!(
        store.write(move |tx| tx.bind_org(&org, "i", "v")).await,
        missing.clone()
    );
    let session = super::new_session(org);
    let inserted = store.write(move |tx| tx.insert_session(&session)).await;
    assert_eq!(inserted.map(|_| ()), missing);
}
