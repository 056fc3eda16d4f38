//! Reading stanzas without ceremony. Missing attributes read as "", which no valid value equals.

use anyhow::{Result, anyhow};
use wacore_binary::{Jid, Node, NodeRef, builder::NodeBuilder};

pub const SERVER: &str = "s.whatsapp.net";

/// The attribute as text, "" when absent.
pub fn attr(n: &NodeRef<'_>, key: &str) -> String {
    n.get_attr(key)
        .map(|v| v.as_str().into_owned())
        .unwrap_or_default()
}

pub fn opt_attr(n: &NodeRef<'_>, key: &str) -> Option<String> {
    n.get_attr(key).map(|v| v.as_str().into_owned())
}

pub fn jid_attr(n: &NodeRef<'_>, key: &str) -> Option<Jid> {
    n.get_attr(key).and_then(|v| v.to_jid())
}

/// The bytes inside child `tag`, or an error naming it.
pub fn child_bytes(n: &NodeRef<'_>, tag: &str) -> Result<Vec<u8>> {
    let c = n
        .get_optional_child(tag)
        .ok_or_else(|| anyhow!("<{tag}> is missing"))?;
    c.content_bytes()
        .map(<[u8]>::to_vec)
        .ok_or_else(|| anyhow!("<{tag}> carries no bytes"))
}

/// `<tag>bytes</tag>`
pub fn leaf(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

/// `<tag/>`
pub fn empty(tag: &'static str) -> Node {
    NodeBuilder::new(tag).build()
}

/// A big-endian integer of any width up to 4 bytes, as key ids are written.
pub fn be_u32(b: &[u8]) -> Result<u32> {
    if b.is_empty() || b.len() > 4 {
        return Err(anyhow!("an id of {} bytes", b.len()));
    }
    Ok(b.iter().fold(0, |a, x| a << 8 | u32::from(*x)))
}

/// Three bytes, big-endian: key ids on the wire.
pub fn u24(id: u32) -> Vec<u8> {
    let [_, a, b, c] = id.to_be_bytes();
    vec![a, b, c]
}
