//! The decoded stanzas of late, for people who look for a fault. A bounded ring in memory.
//!
//! Secrets do not enter: byte contents are shown as their length, and text contents of elements that
//! carry refs or codes likewise. Violations (`error` lines) also live here; the ledger has those that
//! a test must find after a restart.

use std::{collections::VecDeque, sync::Mutex};

use wacore_binary::{NodeContentRef, NodeRef};

use crate::{ids::DeviceAddr, world::lock};

const KEPT: usize = 10_000;

#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub seq: u64,
    pub at: i64,
    /// `<phone>:<n>`, "" before pairing.
    pub device: String,
    /// `in` from the client, `out` to it, `error` a violation, `note` else.
    pub direction: &'static str,
    pub text: String,
}

#[derive(Default)]
struct Ring {
    next: u64,
    lines: VecDeque<Line>,
}

#[derive(Default)]
pub struct Trace(Mutex<Ring>);

impl Trace {
    pub fn add(&self, at: i64, device: Option<DeviceAddr>, direction: &'static str, text: String) {
        if direction == "error" {
            tracing::warn!(target: "sandbox", "{text}");
        }
        let mut r = lock(&self.0);
        r.next += 1;
        let seq = r.next;
        if r.lines.len() == KEPT {
            r.lines.pop_front();
        }
        r.lines.push_back(Line {
            seq,
            at,
            device: device.map(|d| d.to_string()).unwrap_or_default(),
            direction,
            text,
        });
    }

    /// The last `limit` lines, oldest first, of one phone's devices or of all.
    pub fn last(&self, phone: Option<&str>, limit: usize) -> Vec<Line> {
        let r = lock(&self.0);
        let of = |l: &&Line| phone.is_none_or(|p| l.device.split(':').next() == Some(p));
        let mut out: Vec<Line> = r
            .lines
            .iter()
            .rev()
            .filter(of)
            .take(limit)
            .cloned()
            .collect();
        out.reverse();
        out
    }

    pub fn errors(&self) -> Vec<Line> {
        lock(&self.0)
            .lines
            .iter()
            .filter(|l| l.direction == "error")
            .cloned()
            .collect()
    }
}

/// A stanza as XML without its secrets. Long lists show their first children.
pub fn render(n: &NodeRef<'_>) -> String {
    let mut s = String::new();
    write(n, &mut s);
    s
}

/// Attributes that let their reader act as the account.
const SECRET: &[&str] = &["auth", "token"];
const SHOWN: usize = 8;

fn write(n: &NodeRef<'_>, s: &mut String) {
    s.push('<');
    s.push_str(&n.tag);
    for (k, v) in n.attrs_iter() {
        let v = v.as_str();
        let v = if SECRET.contains(&k.as_ref()) {
            "(secret)"
        } else {
            &v
        };
        s.push_str(&format!(" {k}=\"{v}\""));
    }
    match &n.content {
        None => s.push_str("/>"),
        Some(NodeContentRef::Nodes(kids)) => {
            s.push('>');
            for k in kids.iter().take(SHOWN) {
                write(k, s);
            }
            if kids.len() > SHOWN {
                s.push_str(&format!("(and {} more)", kids.len() - SHOWN));
            }
            s.push_str(&format!("</{}>", n.tag));
        }
        Some(NodeContentRef::Bytes(b)) => s.push_str(&format!(">({} bytes)</{}>", b.len(), n.tag)),
        Some(NodeContentRef::String(t)) => {
            s.push_str(&format!(">({} characters)</{}>", t.len(), n.tag));
        }
    }
}
