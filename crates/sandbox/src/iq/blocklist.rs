//! `blocklist`: whom an account blocked. Kept by LID, shown by LID.

use anyhow::Context;
use rusqlite::params;
use sha2::{Digest, Sha256};
use wacore_binary::{NodeRef, builder::NodeBuilder};

use super::{BAD_REQUEST, Caller, IqResult, Kind, Reply, Route};
use crate::{
    ids::{Lid, Phone},
    node::{SERVER, attr, jid_attr},
    world::World,
};

pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS blocked(phone INTEGER NOT NULL, lid INTEGER NOT NULL, PRIMARY KEY(phone, lid)) WITHOUT ROWID;";

pub const ROUTES: &[Route] = &[
    Route {
        xmlns: "blocklist",
        kind: Kind::Get,
        child: "",
        handler: get,
    },
    Route {
        xmlns: "blocklist",
        kind: Kind::Set,
        child: "item",
        handler: set,
    },
];

fn get(w: &mut World<'_>, c: &Caller, _: &NodeRef<'_>) -> IqResult {
    let me = c.phone()?;
    let all = w.blocked(me)?;
    let items = all
        .iter()
        .map(|l| NodeBuilder::new("item").attr("jid", l.jid()).build());
    let list = NodeBuilder::new("list")
        .attr("dhash", dhash(&all))
        .attr("addressing_mode", "lid");
    Reply::one(list.children(items).build())
}

fn set(w: &mut World<'_>, c: &Caller, n: &NodeRef<'_>) -> IqResult {
    let me = c.device()?;
    let item = n.get_optional_child("item").ok_or(BAD_REQUEST)?;
    let who = w
        .account_of(&jid_attr(item, "jid").ok_or(BAD_REQUEST)?)?
        .ok_or(BAD_REQUEST)?;
    let action = attr(item, "action");
    let before = dhash(&w.blocked(me.phone)?);
    let sql = match action.as_str() {
        "block" => "INSERT OR IGNORE INTO blocked(phone, lid) VALUES(?1, ?2)",
        "unblock" => "DELETE FROM blocked WHERE phone = ?1 AND lid = ?2",
        _ => return Err(BAD_REQUEST.into()),
    };
    w.db()
        .execute(sql, params![me.phone.row(), who.lid.row()])
        .context("blocklist")?;
    let after = w.blocked(me.phone)?;
    let item = NodeBuilder::new("item")
        .attr("jid", who.lid_jid())
        .attr("action", action)
        .build();
    let list = NodeBuilder::new("blocklist")
        .attr("action", "modify")
        .attr("dhash", dhash(&after))
        .attr("prev_dhash", before);
    let told = NodeBuilder::new("notification")
        .attr("from", SERVER)
        .attr("type", "account_sync")
        .attr("id", w.stanza_id())
        .attr("t", w.now())
        .children([list.children([item]).build()])
        .build();
    w.deliver_to_companions(me.phone, Some(me), &told)?;
    Reply::empty()
}

fn dhash(all: &[Lid]) -> String {
    let mut h = Sha256::new();
    for l in all {
        h.update(l.to_string());
    }
    h.finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect()
}

impl World<'_> {
    /// Whether an account blocked somebody.
    pub fn blocks(&self, who: Phone, other: Lid) -> anyhow::Result<bool> {
        Ok(self.blocked(who)?.contains(&other))
    }

    pub fn blocked(&self, phone: Phone) -> anyhow::Result<Vec<Lid>> {
        let mut q = self
            .db()
            .prepare_cached("SELECT lid FROM blocked WHERE phone = ?1 ORDER BY lid")?;
        let rows = q
            .query_map([phone.row()], |r| Ok(Lid::from_row(r.get(0)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
