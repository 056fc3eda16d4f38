//! A group's picture: set and taken away by whoever may change the group's name, shown to its members.
//!
//! Sources: whatsmeow `group.go` (SetGroupPhoto: a JPEG, `target` the group) and `notification.go` (handlePictureNotification).

use anyhow::Result;
use rusqlite::{OptionalExtension, params};
use wacore_binary::builder::NodeBuilder;

use super::model::View;
use crate::{
    ids::Phone,
    iq::{BAD_REQUEST, IqError, NOT_ACCEPTABLE},
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS group_pictures(
  gid TEXT PRIMARY KEY REFERENCES groups(gid), id TEXT NOT NULL, jpeg BLOB NOT NULL) WITHOUT ROWID;";

/// More is no profile picture.
const LARGEST: usize = 512 << 10;

impl World<'_> {
    /// The new picture's id; None: there is none now.
    pub fn set_group_picture(
        &mut self,
        gid: &str,
        by: Phone,
        jpeg: Option<&[u8]>,
    ) -> Result<Option<String>, IqError> {
        let group = self.group_for_editor(gid, by)?;
        if let Some(jpeg) = jpeg {
            if !jpeg.starts_with(&[0xff, 0xd8, 0xff]) {
                return Err(BAD_REQUEST.into());
            }
            if jpeg.len() > LARGEST {
                return Err(NOT_ACCEPTABLE.into());
            }
        }
        let id = jpeg.map(|_| self.now_ms().to_string());
        let forget = "DELETE FROM group_pictures WHERE gid = ?1";
        let there = self
            .db()
            .execute(forget, [gid])
            .map_err(anyhow::Error::from)?
            > 0;
        if let (Some(id), Some(jpeg)) = (&id, jpeg) {
            let keep = "INSERT INTO group_pictures(gid, id, jpeg) VALUES(?1,?2,?3)";
            self.db()
                .execute(keep, params![gid, id, jpeg])
                .map_err(anyhow::Error::from)?;
        } else if !there {
            return Ok(None);
        }
        let stanza = self.stanza_id();
        for viewer in self.group_viewers(gid)? {
            let view = View {
                group: &group,
                viewer,
            };
            let mut word = NodeBuilder::new(if id.is_some() { "set" } else { "delete" })
                .attr("jid", group.jid());
            if let Some(id) = &id {
                word = word.attr("id", id.as_str());
            }
            if let Some(author) = self.identity(gid, by)? {
                word = word.attr("author", view.jid(&author));
            }
            let told = NodeBuilder::new("notification")
                .attr("from", group.jid())
                .attr("type", "picture")
                .attr("id", stanza.as_str())
                .attr("t", self.now())
                .children([word.build()])
                .build();
            self.deliver_to_companions(viewer, None, &told)?;
        }
        Ok(id)
    }

    /// A group's picture and its id.
    pub fn group_picture(&self, gid: &str) -> Result<Option<(String, Vec<u8>)>> {
        let sql = "SELECT id, jpeg FROM group_pictures WHERE gid = ?1";
        Ok(self
            .db()
            .query_row(sql, [gid], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?)
    }
}
