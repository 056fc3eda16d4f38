//! A companion met 410 and asks the phone to upload a file again.
//!
//! `<receipt type="server-error">` to the own account carries a `ServerErrorReceipt` sealed under a key of the
//! file's own media key, and in `<rmr>` which message it is about. The phone answers with the notification
//! `mediaretry`: sealed likewise the new direct path, or `<error code="2"/>` when it has the file no more, 3 when
//! the request does not open. Nothing else of the message changes.
//!
//! Sources: whatsmeow `mediaretry.go`, wacore `media_retry.rs` (WAWebCryptoMediaRetry).

use anyhow::{Context, Result, bail, ensure};
use buffa::Message as _;
use hkdf::Hkdf;
use sha2::Sha256;
use wacore::libsignal::crypto::{aes_256_gcm_decrypt, aes_256_gcm_encrypt};
use wacore_binary::{Jid, JidExt as _, Node, NodeRef, builder::NodeBuilder};
use waproto::whatsapp::{self as wa, media_retry_notification::ResultType};

use crate::{
    ids::DeviceAddr,
    node::{attr, child_bytes, jid_attr, leaf, opt_attr},
    people::{
        attached::{self, Attached},
        content::{self, Content},
    },
    world::World,
};

const GONE: u8 = 2;
const UNREADABLE: u8 = 3;

fn key(media_key: &[u8]) -> Result<[u8; 32]> {
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(None, media_key)
        .expand(b"WhatsApp Media Retry Notification", &mut out)
        .ok()
        .context("media retry key")?;
    Ok(out)
}

/// Opens a request; the id inside must be the message's.
fn open(media_key: &[u8], id: &str, iv: &[u8], sealed: &[u8]) -> Result<()> {
    let mut plain = Vec::new();
    aes_256_gcm_decrypt(
        &key(media_key)?,
        iv.try_into()?,
        id.as_bytes(),
        sealed,
        &mut plain,
    )
    .ok()
    .context("not sealed with the media key")?;
    let receipt = wa::ServerErrorReceipt::decode_from_slice(&plain)?;
    ensure!(
        receipt.stanza_id.as_deref() == Some(id),
        "it speaks of another message"
    );
    Ok(())
}

fn answer(media_key: &[u8], id: &str, direct_path: String) -> Result<Node> {
    let notification = wa::MediaRetryNotification {
        stanza_id: Some(id.to_owned()),
        direct_path: Some(direct_path),
        result: Some(ResultType::SUCCESS),
        ..Default::default()
    };
    let iv: [u8; 12] = rand::random();
    let mut sealed = Vec::new();
    let plain = notification.encode_to_vec();
    aes_256_gcm_encrypt(&key(media_key)?, &iv, id.as_bytes(), &plain, &mut sealed)
        .ok()
        .context("sealing")?;
    Ok(NodeBuilder::new("encrypt")
        .children([leaf("enc_p", sealed), leaf("enc_iv", iv)])
        .build())
}

impl World<'_> {
    /// The phone of `d` is asked; it answers that device alone.
    pub fn media_retry_asked(&mut self, d: DeviceAddr, n: &NodeRef<'_>, id: &str) -> Result<()> {
        let to = jid_attr(n, "to").context("to")?;
        if self.account_of(&to.to_non_ad())?.map(|a| a.phone) != Some(d.phone) {
            bail!("a server-error receipt to another account");
        }
        if opt_attr(n, "category").as_deref() == Some("peer") {
            self.note(d, format!("{d} could not fetch a history blob of {id}"));
            return Ok(());
        }
        let rmr = n.get_optional_child("rmr").context("<rmr> is missing")?;
        let chat = self.chat_named(rmr)?;
        let encrypt = n
            .get_optional_child("encrypt")
            .context("<encrypt> is missing")?;
        let (sealed, iv) = (
            child_bytes(encrypt, "enc_p")?,
            child_bytes(encrypt, "enc_iv")?,
        );
        let file = self.file_of(d.phone, &chat, id)?;
        let body = match file {
            None => error(GONE),
            Some(a) => match open(&a.claim.key, id, &iv, &sealed) {
                Err(e) => {
                    let what = format!("a request to upload {id} again: {e:#}");
                    self.violation(crate::ledger::Violation::Protocol, d, what)?;
                    error(UNREADABLE)
                }
                Ok(()) => match self
                    .sim
                    .media
                    .blobs()
                    .again(a.kind.mms_type(), &a.direct_path)?
                {
                    None => error(GONE),
                    Some(path) => {
                        self.moved(&a.direct_path, &path)?;
                        answer(&a.claim.key, id, path)?
                    }
                },
            },
        };
        let notification = NodeBuilder::new("notification")
            .attr("from", to)
            .attr("type", "mediaretry")
            .attr("id", id)
            .attr("t", self.now())
            .children([rmr.to_owned(), body]);
        self.deliver(d, &notification.build())
    }

    /// `jid` of `<rmr>`, as the inbox names the chat. In a group it says who wrote the message.
    fn chat_named(&self, rmr: &NodeRef<'_>) -> Result<String> {
        let jid: Jid = jid_attr(rmr, "jid").context("<rmr> without jid")?;
        ensure!(
            matches!(attr(rmr, "from_me").as_str(), "true" | "false"),
            "<rmr> without from_me"
        );
        if jid.is_group() {
            jid_attr(rmr, "participant").context("<rmr> of a group without participant")?;
            return Ok(jid.to_string());
        }
        let a = self.account_of(&jid)?.context("<rmr> names nobody")?;
        Ok(a.pn_jid().to_string())
    }

    /// The file of a message that the owner sees, at its newest path.
    pub fn file_of(
        &self,
        owner: crate::ids::Phone,
        chat: &str,
        id: &str,
    ) -> Result<Option<Attached>> {
        let Some(line) = self.shown(owner, chat, id)? else {
            return Ok(None);
        };
        let Some(msg) = self.message_shown(line.seq)? else {
            return Ok(None);
        };
        let Content::Shown(s) = content::of(&msg) else {
            return Ok(None);
        };
        let Some(mut a) = attached::of(s.inner) else {
            return Ok(None);
        };
        let sql = "SELECT new FROM media_moved WHERE old = ?1";
        while let Some(new) = rusqlite::OptionalExtension::optional(self.db().query_row(
            sql,
            [&a.direct_path],
            |r| r.get(0),
        ))? {
            a.direct_path = new;
        }
        Ok(Some(a))
    }

    fn moved(&mut self, old: &str, new: &str) -> Result<()> {
        self.db().execute(
            "INSERT OR REPLACE INTO media_moved(old, new) VALUES(?1, ?2)",
            [old, new],
        )?;
        Ok(())
    }
}

/// Where files are that were uploaded again.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS media_moved(old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;";

fn error(code: u8) -> Node {
    NodeBuilder::new("error")
        .attr("code", code.to_string())
        .build()
}
