//! The audit log.

use super::{org, ulid};
use wharf_domain::ports::store::*;
use wharf_types::{AuditId, Millis, OrgId};

fn entry(org: Option<OrgId>, at: Millis, actor: &str, action: &str) -> AuditRow {
    AuditRow {
        place: 0,
        id: AuditId::new(ulid()),
        at,
        org,
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: "thing".to_owned(),
        address: "203.0.113.1".to_owned(),
        request: "req_1".to_owned(),
        details: "{}".to_owned(),
    }
}

async fn times(store: &dyn Store, filter: AuditFilter) -> Vec<Millis> {
    let rows = store
        .read(move |view| view.audit(&filter, None, 100))
        .await
        .unwrap();
    rows.iter().map(|row| row.at).collect()
}

pub async fn newest_first_by_filter(store: &dyn Store) {
    let (a, b) = (org(store).await, org(store).await);
    let rows = [
        entry(Some(a), 1, "key_1", "x.make"),
        entry(Some(b), 2, "key_1", "x.drop"),
        entry(None, 3, "wharf", "x.make"),
        // A clock set back does not change the order.
        entry(Some(a), 2, "key_2", "x.drop"),
    ];
    let kept = rows.clone();
    store
        .write(move |tx| kept.iter().try_for_each(|row| tx.append_audit(row)))
        .await
        .unwrap();
    let all = AuditFilter::default;
    assert_eq!(times(store, all()).await, [2, 3, 2, 1]);
    let of_a = AuditFilter {
        org: Some(a),
        ..all()
    };
    assert_eq!(times(store, of_a.clone()).await, [2, 1]);
    let by = AuditFilter {
        actor: Some("key_1".into()),
        ..all()
    };
    assert_eq!(times(store, by).await, [2, 1]);
    let made = AuditFilter {
        action: Some("x.make".into()),
        ..of_a
    };
    assert_eq!(times(store, made).await, [1]);
    let between = AuditFilter {
        from: Some(2),
        to: Some(2),
        ..all()
    };
    assert_eq!(times(store, between).await, [2, 2]);
    let read = store
        .read(move |view| view.audit(&all(), None, 2))
        .await
        .unwrap();
    let after = read[1].place;
    let rest = store
        .read(move |view| view.audit(&AuditFilter::default(), Some(after), 100))
        .await
        .unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(
        AuditRow {
            place: 0,
            ..rest[1].clone()
        },
        rows[0]
    );
}

pub async fn trimmed_by_age_in_steps(store: &dyn Store) {
    let rows: Vec<_> = (0..5).map(|at| entry(None, at, "wharf", "x")).collect();
    store
        .write(move |tx| rows.iter().try_for_each(|row| tx.append_audit(row)))
        .await
        .unwrap();
    for (went, left) in [(2, 3), (1, 2), (0, 2)] {
        let gone = store.write(|tx| tx.trim_audit(3, 2)).await.unwrap();
        assert_eq!(gone, went);
        assert_eq!(times(store, AuditFilter::default()).await.len(), left);
    }
    assert_eq!(times(store, AuditFilter::default()).await, [4, 3]);
}
