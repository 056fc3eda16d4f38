//! The clock is moved while deliveries wait.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use wharf_delivery::Deliveries;
use wharf_domain::{
    Domain,
    audit::By,
    master_key::MasterKey,
    ports::{
        clock::{Clock, SystemClock},
        courier::{Courier, Post, Told},
        ids::Ids,
        store::StoreExt,
    },
    sessions::{SessionScope, SessionSettings},
    system::SystemIds,
    webhooks::{RetryPolicy, WebhookChange, WebhookScope},
};
use wharf_store_sqlite::SqliteStore;
use wharf_types::{EventId, Millis, OrgId, WebhookId};

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;
/// For a condition to come true on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The machine's clock, moved.
#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Millis {
        SystemClock.now() + self.0.load(Ordering::SeqCst)
    }
}

/// A receiver that answers 500, and remembers the ids.
#[derive(Default)]
struct Failing(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Courier for Failing {
    async fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn carry(&self, post: Post) -> Told {
        let mut headers = post.headers.into_iter();
        let id = headers.find(|(name, _)| name == "webhook-id").unwrap().1;
        self.0.lock().unwrap().push(id);
        Told {
            status: Some(500),
            took: Duration::from_millis(1),
            answer: String::new(),
            error: String::new(),
            retry_after: None,
        }
    }
}

struct House {
    domain: Arc<Domain>,
    clock: Arc<Moved>,
    receiver: Arc<Failing>,
    org: OrgId,
    scope: SessionScope,
    webhook: WebhookId,
}

impl House {
    /// With a webhook that is tried again after a second.
    async fn new() -> Self {
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let key = MasterKey::new(zeroize::Zeroizing::new([7; 32]), Arc::clone(&ids));
        let (clock, receiver) = (Arc::new(Moved::default()), Arc::new(Failing::default()));
        let store = Arc::new(SqliteStore::temporary().unwrap());
        let domain = Domain::new(store, clock.clone(), ids, Arc::new(key));
        let domain = Arc::new(domain.with_courier(receiver.clone()));
        let org = domain.create_organization("first").await.unwrap().id;
        let by = By::program();
        let made = domain
            .create_session(org, SessionSettings::default(), false, &by)
            .await
            .unwrap();
        let scope = domain.session_scope(org, made.id).await.unwrap();
        let asked = WebhookScope {
            org,
            sessions: Vec::new(),
        };
        let change = WebhookChange {
            url: Some("https://example.com/".to_owned()),
            policy: Some(RetryPolicy::of(Some(30), Some(1), Some("constant")).unwrap()),
            ..WebhookChange::default()
        };
        let made = domain.create_webhook(&asked, change, &by).await.unwrap();
        Self {
            domain,
            clock,
            receiver,
            org,
            scope,
            webhook: made.webhook.id,
        }
    }

    async fn event(&self) {
        let (scope, id) = (self.scope, EventId::new(self.domain.ids.ulid()));
        let now = self.domain.clock.now();
        self.domain
            .store
            .write(move |tx| tx.append_event(&scope, id, "message", now, "{}"))
            .await
            .unwrap();
    }

    fn attempts(&self) -> usize {
        self.receiver.0.lock().unwrap().len()
    }

    async fn until_attempts(&self, enough: usize) {
        let waiting = async {
            while self.attempts() < enough {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{} of {enough}", self.attempts());
    }

    async fn is_active(&self) -> bool {
        let (org, id) = (self.org, self.webhook);
        let read = self
            .domain
            .store
            .read(move |view| view.webhook(&org, &id))
            .await;
        read.unwrap().unwrap().active
    }
}

#[tokio::test]
async fn a_clock_set_back_holds_nothing_up() {
    let house = House::new().await;
    let deliveries = Deliveries::start(Arc::clone(&house.domain));
    house.event().await;
    house.until_attempts(1).await;
    house.clock.0.store(-30 * DAY, Ordering::SeqCst);
    house.until_attempts(4).await;
    let ids = house.receiver.0.lock().unwrap().clone();
    assert!(ids.iter().all(|id| *id == ids[0]), "one id: {ids:?}");
    deliveries.stop(PATIENCE).await;

    // What was to wait by the clock as it was is not waited for by the clock as it is.
    let before = house.attempts();
    house.clock.0.store(-60 * DAY, Ordering::SeqCst);
    let deliveries = Deliveries::start(Arc::clone(&house.domain));
    house.until_attempts(before + 2).await;
    deliveries.stop(PATIENCE).await;
}

#[tokio::test]
async fn a_clock_set_forward_is_no_five_days_of_failing() {
    let house = House::new().await;
    let deliveries = Deliveries::start(Arc::clone(&house.domain));
    house.event().await;
    house.until_attempts(1).await;
    house.clock.0.store(6 * DAY, Ordering::SeqCst);
    house.until_attempts(3).await;
    // And back again: what was made due by the wrong clock is due within the policy's time all the same.
    house.clock.0.store(0, Ordering::SeqCst);
    house.until_attempts(5).await;
    assert!(house.is_active().await);
    deliveries.stop(PATIENCE).await;
}
