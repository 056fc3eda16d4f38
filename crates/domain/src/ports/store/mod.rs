//! The store, by noun. Rules live in the domain and run as closures over these small, dumb verbs, so that
//! one rule serves every store.
//!
//! - [`View`] reads one consistent snapshot. [`Tx`] also writes; a job either commits whole or leaves no trace.
//! - Jobs of one store run one after another (SQLite: one writer thread; several jobs share a commit).
//! - A write returns after the commit is durable.
//! - Calls inside a closure are synchronous: a job must not wait for anything else.
//! - Session data is always asked for with its [`SessionNo`], which only a [`SessionScope`] look-up gives.

mod accounts;
mod audit;
mod channels;
mod chats;
mod device;
mod erasure;
mod events;
mod groups;
mod imports;
mod jobs;
mod messages;
mod organizations;
mod outbox;
mod people;
mod search;
mod sessions;
mod webhooks;

pub use accounts::*;
pub use audit::*;
pub use channels::*;
pub use chats::*;
pub use device::*;
pub use erasure::*;
pub use events::*;
pub use groups::*;
pub use imports::*;
pub use jobs::*;
pub use messages::*;
pub use organizations::*;
pub use outbox::*;
pub use people::*;
pub use search::*;
pub use sessions::*;
pub use webhooks::*;

use crate::Result;
use async_trait::async_trait;
use tokio::sync::watch;

/// A job that writes.
pub type WriteJob = Box<dyn FnOnce(&mut dyn Tx) -> Result<()> + Send>;
/// A job that reads.
pub type ReadJob = Box<dyn FnOnce(&dyn View) -> Result<()> + Send>;

/// The door to the store. Use [`StoreExt`] for jobs that return something.
#[async_trait]
pub trait Store: Send + Sync {
    /// Runs a job in a transaction; returns after it is durable.
    async fn submit(&self, job: WriteJob) -> Result<()>;
    /// Runs a job on a snapshot.
    async fn query(&self, job: ReadJob) -> Result<()>;
    /// Whether the store answers and can write (readiness), in words when not.
    async fn health(&self) -> Result<()>;
    /// Changes after each commit that appended events: the place of the newest one committed.
    fn appended(&self) -> watch::Receiver<i64>;
}

/// Jobs that return something.
pub trait StoreExt: Store {
    /// Runs a writing job and returns what it returns.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Tx) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        async move {
            let (give, take) = tokio::sync::oneshot::channel();
            self.submit(Box::new(move |tx| {
                let value = job(tx)?;
                let _ = give.send(value);
                Ok(())
            }))
            .await?;
            take.await
                .map_err(|_| crate::Error::Internal("write job gave no value".into()))
        }
    }
    /// Runs a reading job and returns what it returns.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&dyn View) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        async move {
            let (give, take) = tokio::sync::oneshot::channel();
            self.query(Box::new(move |view| {
                let value = job(view)?;
                let _ = give.send(value);
                Ok(())
            }))
            .await?;
            take.await
                .map_err(|_| crate::Error::Internal("read job gave no value".into()))
        }
    }
}
impl<S: Store + ?Sized> StoreExt for S {}

/// Everything that can be read.
pub trait View:
    OrganizationsView
    + SessionsView
    + PeopleView
    + ChatsView
    + ChannelsView
    + MessagesView
    + GroupsView
    + OutboxView
    + EventsView
    + DeviceView
    + SearchView
    + WebhooksView
    + AuditView
    + AccountsView
    + JobsView
    + ErasureView
    + ImportsView
{
}
impl<
    T: OrganizationsView
        + SessionsView
        + PeopleView
        + ChatsView
        + ChannelsView
        + MessagesView
        + GroupsView
        + OutboxView
        + EventsView
        + DeviceView
        + SearchView
        + AuditView
        + AccountsView
        + JobsView
        + ErasureView
        + ImportsView
        + WebhooksView,
> View for T
{
}

/// Everything that can be written, and read back within the same transaction.
pub trait Tx:
    View
    + OrganizationsTx
    + SessionsTx
    + PeopleTx
    + ChatsTx
    + ChannelsTx
    + MessagesTx
    + GroupsTx
    + OutboxTx
    + EventsTx
    + DeviceTx
    + SearchTx
    + WebhooksTx
    + AuditTx
    + AccountsTx
    + JobsTx
    + ErasureTx
    + ImportsTx
{
    /// The same transaction as a view.
    fn view(&self) -> &dyn View;
}
