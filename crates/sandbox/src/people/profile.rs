//! A changed profile: who has a conversation with a person is told of another picture or about text, and so are the
//! person's own companions.
//!
//! Sources: whatsmeow `notification.go` (`type="picture"` with `<set>` or `<delete>`, `type="status"`), wacore
//! `handlers/notification/profile.rs`.

use anyhow::Result;
use rusqlite::params;
use wacore_binary::{Node, builder::NodeBuilder};

use crate::{
    ids::Phone,
    world::{World, account::Account},
};

impl World<'_> {
    /// Another picture, or none.
    pub fn tell_picture(&mut self, who: &Account, id: Option<&str>) -> Result<()> {
        let word = match id {
            Some(id) => NodeBuilder::new("set").attr("id", id),
            None => NodeBuilder::new("delete"),
        };
        self.tell_acquaintances(who, "picture", word.attr("jid", who.wire_jid()).build())
    }

    /// Another about text.
    pub fn tell_about(&mut self, who: &Account) -> Result<()> {
        let word = NodeBuilder::new("set").string_content(who.about.as_str());
        self.tell_acquaintances(who, "status", word.build())
    }

    fn tell_acquaintances(&mut self, who: &Account, kind: &'static str, word: Node) -> Result<()> {
        let told = NodeBuilder::new("notification")
            .attr("from", who.wire_jid())
            .attr("type", kind)
            .attr("id", self.stanza_id())
            .attr("t", self.now())
            .attr("notify", who.name.as_str())
            .children([word])
            .build();
        for acquaintance in self.acquaintances(who.phone)? {
            self.deliver_to_companions(acquaintance, None, &told)?;
        }
        Ok(())
    }

    /// Whom the person wrote to, who remember a chat with them, and the person; without those they block.
    fn acquaintances(&self, who: Phone) -> Result<Vec<Phone>> {
        let mut asked = self.db().prepare_cached(
            "SELECT DISTINCT owner FROM inbox WHERE sender = ?1 AND chat = ?1
             UNION SELECT owner FROM history_chats WHERE chat = ?1 UNION SELECT ?2
             EXCEPT SELECT a.phone FROM blocked b JOIN accounts a ON a.lid = b.lid WHERE b.phone = ?2",
        )?;
        let rows = asked
            .query_map(params![who.jid().to_string(), who.row()], |row| {
                Ok(Phone::from_row(row.get(0)?))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}
