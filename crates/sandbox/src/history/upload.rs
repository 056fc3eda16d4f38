//! Sending the parts: one worker beside the connections.
//!
//! A part is read in one transaction, compressed, encrypted and stored without holding the world, and
//! announced in a second one that also keeps the place. A kill in between leaves a blob nobody names and
//! the part is made again: the companion gets every part, and none twice from one transfer.

use anyhow::{Context, Result};
use buffa::Message as _;
use flate2::{Compression, write::ZlibEncoder};
use std::{io::Write, sync::Arc};
use waproto::whatsapp::{self as wa, message::HistorySyncNotification, message::HistorySyncType};

use super::parts::Part;
use crate::{
    ids::DeviceAddr,
    media::{Media, MediaKind},
    world::{Sim, World},
};

/// The longest payload that travels inside its notification, in bytes.
const INLINE: usize = 64 << 10;

/// Serves transfers as they are begun; ends with the runtime.
pub async fn run(sim: Arc<Sim>) {
    loop {
        let working = Arc::clone(&sim);
        match tokio::task::spawn_blocking(move || drain(&working)).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => failed(&sim, &format!("{e:#}")),
            Err(e) => failed(&sim, &e.to_string()),
        }
        sim.history.notified().await;
    }
}

/// Whoever waits for a part that does not come looks into the trace.
fn failed(sim: &Sim, why: &str) {
    sim.trace.add(
        sim.clock.now_ms(),
        None,
        "error",
        format!("history stopped: {why}"),
    );
}

/// Sends every part that is due.
pub(super) fn drain(sim: &Arc<Sim>) -> Result<()> {
    while let Some(mut plan) = sim.act(|w| w.next_plan())? {
        let owner = plan.device.phone;
        if plan.is_new() {
            while sim.act(|w| w.fill_archive(owner))? {}
            plan.total = sim.act(|w| w.archive_count(owner))?;
        }
        let part = sim.act(|w| w.history_part(&plan))?;
        let notice = notification(&sim.media, &part, inline_welcome(&plan.props))?;
        sim.act(|w| {
            if w.keep_plan(&part.after)? {
                w.send_history(plan.device, notice)?;
            }
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

/// The companion said that the bootstrap may come inside the message.
fn inline_welcome(props: &[u8]) -> bool {
    let props = wa::DeviceProps::decode_from_slice(props).unwrap_or_default();
    props
        .history_sync_config
        .into_option()
        .and_then(|c| c.inline_initial_payload_in_e2_ee_msg)
        .unwrap_or(false)
}

/// Compresses a part and puts it where the companion finds it.
pub(super) fn notification(
    media: &Media,
    part: &Part,
    inline: bool,
) -> Result<HistorySyncNotification> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&part.sync.encode_to_vec())?;
    let compressed = zlib.finish().context("compress history")?;
    let mut notice = HistorySyncNotification {
        sync_type: Some(kind(part.sync.sync_type)),
        chunk_order: part.sync.chunk_order,
        progress: part.sync.progress,
        oldest_msg_in_chunk_timestamp_sec: part.oldest,
        ..Default::default()
    };
    if inline
        && notice.sync_type == Some(HistorySyncType::INITIAL_BOOTSTRAP)
        && compressed.len() <= INLINE
    {
        notice.initial_hist_bootstrap_inline_payload = Some(compressed);
        return Ok(notice);
    }
    let (sealed, direct_path) = media.upload(MediaKind::History, &compressed)?;
    notice.file_sha256 = Some(sealed.file_sha256.to_vec());
    notice.file_enc_sha256 = Some(sealed.file_enc_sha256.to_vec());
    notice.file_length = Some(sealed.file_length);
    notice.media_key = Some(sealed.media_key.to_vec());
    notice.direct_path = Some(direct_path);
    Ok(notice)
}

/// The same list stands twice in the protocol: in the blob and in what names it.
fn kind(of: wa::history_sync::HistorySyncType) -> HistorySyncType {
    use wa::history_sync::HistorySyncType as Blob;
    match of {
        Blob::INITIAL_BOOTSTRAP => HistorySyncType::INITIAL_BOOTSTRAP,
        Blob::INITIAL_STATUS_V3 => HistorySyncType::INITIAL_STATUS_V3,
        Blob::FULL => HistorySyncType::FULL,
        Blob::RECENT => HistorySyncType::RECENT,
        Blob::PUSH_NAME => HistorySyncType::PUSH_NAME,
        Blob::NON_BLOCKING_DATA => HistorySyncType::NON_BLOCKING_DATA,
        Blob::ON_DEMAND => HistorySyncType::ON_DEMAND,
    }
}

impl World<'_> {
    /// Names a part to the companion, in a peer message from the phone; gives the message's id.
    pub(super) fn send_history(
        &mut self,
        to: DeviceAddr,
        notice: HistorySyncNotification,
    ) -> Result<String> {
        self.peer_message(
            to,
            wa::message::ProtocolMessage {
                r#type: Some(wa::message::protocol_message::Type::HISTORY_SYNC_NOTIFICATION),
                history_sync_notification: buffa::MessageField::some(notice),
                ..Default::default()
            },
        )
    }
}
