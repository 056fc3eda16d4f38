//! One webhook's task.

use crate::{book::Book, rest::Rest, share::Busy, steady::Steady};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, sleep_until},
};
use wharf_domain::{
    Domain, Error, Result,
    log::{Begin, Follower, Logged, Next, Told as Event},
    ports::{
        courier::Told,
        store::{DeliveryRow, OwedRow, Progress, StoreExt},
    },
    webhooks::{PATIENCE, WebhookRow, post},
};
use wharf_types::{DeliveryId, Millis, SessionId};

/// Events that may be read and under way: bounds the memory of a webhook that is behind.
const WINDOW: usize = 256;
/// Owed ones looked at together.
const HAND: usize = 64;
/// How long what was done may wait to be written down.
const LATER: Duration = Duration::from_millis(50);
/// A place that moved though nothing was attempted is written down so often.
const IDLE: Duration = Duration::from_secs(60);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);
/// Waits behind an earlier one of its session.
const HELD: Millis = Millis::MAX;
/// No timer is set for longer.
const LONGEST: Duration = Duration::from_secs(3_600);

/// An attempt about to be made or under way.
struct Job {
    event: Arc<Logged>,
    /// Attempts before.
    made: u32,
    /// It is among what is owed, with this due time.
    owed: Option<Millis>,
}

/// An attempt that ended.
struct Done {
    job: Job,
    at: Millis,
    told: Told,
}

/// A session's events in order: one under way, the others behind it.
#[derive(Default)]
struct Lane {
    busy: bool,
    queue: VecDeque<Job>,
}

/// Pages of the book on their way to the disk. Attempts go on meanwhile.
struct Writing {
    progress: Progress,
    task: JoinHandle<Result<bool>>,
}

impl Writing {
    /// Returns once it is durable or failed. Dropping the future loses nothing.
    async fn done(&mut self) -> Result<()> {
        match (&mut self.task).await {
            Ok(done) => done.map(|_| ()),
            Err(_) => Err(Error::Internal("a write of a webhook's was cut off".into())),
        }
    }
}

/// The pages that are being written, for as long as there are any.
async fn written(writing: &mut Option<Writing>) -> Result<()> {
    match writing {
        Some(writing) => writing.done().await,
        None => std::future::pending().await,
    }
}

/// Why a task ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Over {
    /// It was told to, or the webhook is no more.
    Stopped,
    /// The webhook is to be read anew.
    Again,
}

pub struct Runner {
    domain: Arc<Domain>,
    time: Steady,
    row: Arc<WebhookRow>,
    /// No wait of its policy is longer.
    longest: Millis,
    changes: watch::Receiver<Arc<WebhookRow>>,
    share: Busy,
    follower: Follower,
    lanes: HashMap<Option<SessionId>, Lane>,
    /// Lanes with something to start.
    ready: VecDeque<Option<SessionId>>,
    /// Of an ordered webhook: the owed one that holds its session back.
    heads: HashMap<Option<SessionId>, OwedRow>,
    /// Owed ones under way.
    again: HashSet<i64>,
    attempts: JoinSet<Result<Done>>,
    book: Book,
    failing: bool,
    rest: Rest,
    /// When the first owed one is due.
    due: Option<Millis>,
    write_at: Option<Instant>,
    writing: Option<Writing>,
}

impl Runner {
    pub async fn new(
        domain: Arc<Domain>,
        time: Steady,
        changes: watch::Receiver<Arc<WebhookRow>>,
        share: Busy,
    ) -> Result<Self> {
        let row = Arc::clone(&changes.borrow());
        // Nobody has been failing since a time that is still to come.
        let failing_since = row.failing_since.map(|since| since.min(time.lived()));
        let follower = domain
            .follow(row.org, row.filter(), Begin::Place(row.place), WINDOW)
            .await?;
        let mut runner = Self {
            book: Book::new(failing_since),
            failing: failing_since.is_some(),
            rest: Rest::default(),
            domain,
            time,
            longest: row.policy.longest(),
            row,
            changes,
            share,
            follower,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            heads: HashMap::new(),
            again: HashSet::new(),
            attempts: JoinSet::new(),
            due: None,
            write_at: None,
            writing: None,
        };
        runner.take_stock().await?;
        Ok(runner)
    }

    /// What is owed from before.
    async fn take_stock(&mut self) -> Result<()> {
        let (id, now) = (self.row.id, self.now());
        if self.row.ordered {
            let heads = self
                .domain
                .store
                .read(move |view| view.owed_heads(&id))
                .await?;
            self.heads = heads.into_iter().map(|row| (row.session, row)).collect();
        } else {
            self.domain
                .store
                .write(move |tx| tx.release_owed(&id, HELD, now))
                .await?;
        }
        self.due = Some(now);
        Ok(())
    }

    fn now(&self) -> Millis {
        self.time.now()
    }

    /// Until it is told to stop.
    pub async fn run(mut self) -> Over {
        let over = loop {
            match self.turn().await {
                Ok(None) => {}
                Ok(Some(over)) => break over,
                Err(error) => {
                    tracing::warn!(webhook = %self.row.id, %error, "a webhook waits for the store");
                    sleep(PAUSE).await;
                }
            }
        };
        // What is under way is waited for: it has its own deadline.
        while let Some(done) = self.attempts.join_next().await {
            if let Ok(Ok(done)) = done {
                let _ = self.settle(done).await;
            }
        }
        let _ = self.write_down().await;
        over
    }

    async fn turn(&mut self) -> Result<Option<Over>> {
        if self.book.full() {
            // One page at a time: whoever writes faster than the disk waits for it.
            self.written().await?;
            self.begin_to_write();
        }
        let now = self.now();
        let overdue = self.due.is_some_and(|due| self.due(due, now) <= now);
        if self.failing && overdue && self.attempts.len() < self.allowed() {
            // Who fails has few attempts: what waits longest comes first.
            self.take_owed().await?;
        }
        self.start().await?;
        let owed_in = self.due.map(|due| {
            let wait = u64::try_from(self.due(due, now).saturating_sub(now)).unwrap_or(0);
            Duration::from_millis(wait).min(LONGEST)
        });
        let full = self.attempts.len() >= self.allowed();
        let write_at = self.write_at.unwrap_or_else(|| Instant::now() + IDLE);
        let rested = self.rest.until(Instant::now());
        tokio::select! {
            changed = self.changes.changed() => {
                if changed.is_err() {
                    return Ok(Some(Over::Stopped));
                }
                return Ok(self.renew());
            }
            Some(done) = self.attempts.join_next(), if !self.attempts.is_empty() => match done {
                Ok(done) => return self.settle(done?).await,
                Err(_) => return Err(Error::Internal("an attempt panicked".into())),
            },
            next = self.follower.next(), if self.book.open() < WINDOW => {
                if let Next::Events(events) = next? {
                    for event in events {
                        self.take(event);
                    }
                }
            }
            () = sleep(owed_in.unwrap_or(LONGEST)), if owed_in.is_some() && !full => {
                self.take_owed().await?;
            }
            () = sleep_until(rested.unwrap_or_else(Instant::now)), if rested.is_some() => {}
            done = written(&mut self.writing) => self.wrote(done)?,
            () = sleep_until(write_at), if self.writing.is_none() => self.begin_to_write(),
        }
        Ok(None)
    }

    /// The webhook was changed, or something it owes.
    fn renew(&mut self) -> Option<Over> {
        let row = Arc::clone(&self.changes.borrow_and_update());
        let same = (row.session, &row.events, row.ordered)
            == (self.row.session, &self.row.events, self.row.ordered);
        if !same || row.ordered {
            // An ordered one has to learn anew what holds its sessions back.
            return Some(Over::Again);
        }
        self.longest = row.policy.longest();
        self.row = row;
        self.due = Some(self.now());
        None
    }

    fn allowed(&mut self) -> usize {
        let busy = !self.attempts.is_empty() || !self.ready.is_empty() || self.due.is_some();
        let allowed = self.share.allowed(busy, self.failing);
        match self.rest.until(Instant::now()) {
            Some(_) => 0,
            None => allowed,
        }
    }

    /// An event of the log.
    fn take(&mut self, event: Event) {
        let Event::Logged(event) = event else {
            return;
        };
        let session = event.session;
        if self.heads.contains_key(&session) {
            self.hold(event.place, session);
            return;
        }
        self.book.read(event.place);
        let lane = self.lanes.entry(session).or_default();
        lane.queue.push_back(Job {
            event,
            made: 0,
            owed: None,
        });
        if !lane.busy && lane.queue.len() == 1 {
            self.ready.push_back(session);
        }
    }

    fn hold(&mut self, place: i64, session: Option<SessionId>) {
        self.book.owe(OwedRow {
            place,
            session,
            attempts: 0,
            due: HELD,
        });
        self.soon();
    }

    /// Makes attempts while there is something to attempt and room.
    async fn start(&mut self) -> Result<()> {
        while self.attempts.len() < self.allowed() {
            let Some(session) = self.ready.pop_front() else {
                return Ok(());
            };
            let Some(lane) = self.lanes.get_mut(&session) else {
                continue;
            };
            if let Some(job) = lane.queue.pop_front() {
                lane.busy = true;
                self.attempt(job);
            }
        }
        Ok(())
    }

    fn attempt(&mut self, job: Job) {
        let (domain, row) = (Arc::clone(&self.domain), Arc::clone(&self.row));
        self.attempts.spawn(async move {
            let at = domain.clock.now();
            let event = &job.event;
            let post = post(&domain, &row, &event.id.to_string(), event.envelope.clone())?;
            let told = domain.hands.carry(post).await;
            Ok(Done { job, at, told })
        });
    }

    /// Owed ones that are due.
    async fn take_owed(&mut self) -> Result<()> {
        // What is settled must not be seen as owed.
        self.write_down().await?;
        let now = self.now();
        let rows = if self.row.ordered {
            let mut heads: Vec<OwedRow> = self.heads.values().cloned().collect();
            heads.sort_by_key(|row| (self.due(row.due, now), row.place));
            heads
        } else {
            let (id, limit) = (self.row.id, HAND + self.again.len());
            self.domain
                .store
                .read(move |view| view.owed(&id, limit))
                .await?
        };
        self.due = None;
        for row in rows {
            if self.again.contains(&row.place) {
                continue;
            }
            let due = self.due(row.due, now);
            if due > now || self.attempts.len() >= self.allowed() {
                self.due = Some(due.max(now));
                break;
            }
            let (org, place) = (self.row.org, row.place);
            let event = self
                .domain
                .store
                .read(move |view| view.event_at(&org, place))
                .await?;
            match event {
                Some(event) => {
                    self.again.insert(row.place);
                    self.attempt(Job {
                        event: Arc::new(event.into()),
                        made: row.attempts,
                        owed: Some(row.due),
                    });
                }
                // Taken out of the log meanwhile.
                None => {
                    self.book.settle(row.place, Some(row.due));
                    self.release(row.session).await?;
                }
            }
        }
        Ok(())
    }

    /// What is due later than the policy ever says waits for nothing: it is the head of a session that is held, or was
    /// made due by a clock that was set back since.
    fn due(&self, due: Millis, now: Millis) -> Millis {
        if due > now.saturating_add(self.longest) {
            now
        } else {
            due
        }
    }

    async fn settle(&mut self, done: Done) -> Result<Option<Over>> {
        let Done { job, at, told } = done;
        let (place, session, made) = (job.event.place, job.event.session, job.made + 1);
        self.again.remove(&place);
        metrics::histogram!("wharf_webhook_seconds").record(told.took);
        let taken = told.taken();
        metrics::counter!("wharf_webhook_attempts_total", "outcome" => if taken { "delivered" } else { "failed" })
            .increment(1);
        let now = self.now();
        self.failing = !taken;
        self.rest.note(taken, Instant::now());
        let mut over = None;
        let next_at = if taken {
            self.book.failing_since = None;
            None
        } else {
            let lived = self.time.lived();
            let since = *self.book.failing_since.get_or_insert(lived);
            if told.status == Some(410) {
                over = Some("gone");
            } else if lived - since >= PATIENCE {
                over = Some("failing");
            }
            let wait = self
                .row
                .policy
                .wait_after(made, told.retry_after, self.chance());
            wait.map(|wait| now + wait)
        };
        self.book.attempt(DeliveryRow {
            id: DeliveryId::new(self.domain.ids.ulid()),
            place,
            event: job.event.id,
            kind: job.event.kind.clone(),
            attempt: made,
            at,
            delivered: taken,
            status: told.status,
            latency_ms: u32::try_from(told.took.as_millis()).unwrap_or(u32::MAX),
            answer: told.answer,
            error: told.error,
            next_at,
        });
        self.soon();
        match next_at {
            None => self.book.settle(place, job.owed),
            Some(due) => {
                let row = OwedRow {
                    place,
                    session,
                    attempts: made,
                    due,
                };
                self.due = Some(self.due.map_or(due, |before| before.min(due)));
                if self.row.ordered {
                    self.heads.insert(session, row.clone());
                }
                self.book.owe(row);
            }
        }
        if let Some(reason) = over {
            self.write_down().await?;
            self.domain
                .disable_webhook(self.row.org, self.row.id, reason)
                .await?;
            return Ok(Some(Over::Stopped));
        }
        self.next_in(session, &job).await?;
        Ok(None)
    }

    /// What follows an attempt in its session.
    async fn next_in(&mut self, session: Option<SessionId>, job: &Job) -> Result<()> {
        let held = self.heads.get(&session).map(|head| head.place);
        if let Some(lane) = self.lanes.get_mut(&session)
            && job.owed.is_none()
        {
            lane.busy = false;
            if held == Some(job.event.place) {
                let behind = std::mem::take(&mut lane.queue);
                for job in behind {
                    self.hold(job.event.place, session);
                }
            } else if lane.queue.is_empty() {
                self.lanes.remove(&session);
            } else {
                self.ready.push_back(session);
            }
        }
        let still_owed = self
            .heads
            .get(&session)
            .is_some_and(|head| head.attempts > job.made);
        if job.owed.is_some() && !still_owed {
            self.release(session).await?;
        }
        Ok(())
    }

    /// Of an ordered webhook: the first of a session was delivered or given up, and the next one is to go.
    async fn release(&mut self, session: Option<SessionId>) -> Result<()> {
        if !self.row.ordered {
            return Ok(());
        }
        self.write_down().await?;
        let id = self.row.id;
        let next = self
            .domain
            .store
            .read(move |view| view.owed_head(&id, session.as_ref()))
            .await?;
        match next {
            Some(head) => {
                self.heads.insert(session, head);
                self.due = Some(self.now());
            }
            None => {
                self.heads.remove(&session);
            }
        }
        Ok(())
    }

    fn chance(&self) -> f64 {
        let mut byte = [0; 1];
        self.domain.ids.random(&mut byte);
        let [byte] = byte;
        f64::from(byte) / 255.0
    }

    fn soon(&mut self) {
        self.write_at.get_or_insert_with(|| Instant::now() + LATER);
    }

    /// Everything so far is on the disk when it returns.
    async fn write_down(&mut self) -> Result<()> {
        self.written().await?;
        self.begin_to_write();
        self.written().await
    }

    /// What is being written is on the disk when it returns.
    async fn written(&mut self) -> Result<()> {
        if self.writing.is_none() {
            return Ok(());
        }
        let done = written(&mut self.writing).await;
        self.wrote(done)
    }

    fn begin_to_write(&mut self) {
        self.write_at = None;
        let told_to = self.follower.told_to();
        if !self.book.dirty() && told_to <= self.row.place {
            return;
        }
        let (id, progress) = (self.row.id, self.book.close(told_to));
        let (domain, pages) = (Arc::clone(&self.domain), progress.clone());
        let task = tokio::spawn(async move {
            domain
                .store
                .write(move |tx| tx.progress_webhook(&id, &pages))
                .await
        });
        self.writing = Some(Writing { progress, task });
    }

    fn wrote(&mut self, done: Result<()>) -> Result<()> {
        let Some(Writing { progress, .. }) = self.writing.take() else {
            return done;
        };
        match done {
            Ok(()) => {
                if progress.place > self.row.place {
                    Arc::make_mut(&mut self.row).place = progress.place;
                }
                if self.book.dirty() {
                    self.soon();
                }
                Ok(())
            }
            Err(error) => {
                self.book.reopen(progress);
                self.soon();
                Err(error)
            }
        }
    }
}
