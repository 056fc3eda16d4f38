//! `w:mex`: the network's GraphQL door. A query is a persisted document, named by its id, with variables as
//! JSON; the answer is JSON too, `{"data": …}` or `{"errors": […]}`.
//!
//! The ids belong to one release of WhatsApp Web; those here are of the one that wacore 0.7.0 was made from
//! (`iq/mex_operations.rs`). An id nobody here knows is an unknown IQ.

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use wacore_binary::{NodeRef, builder::NodeBuilder};

use crate::{
    ids::DeviceAddr,
    iq::{Caller, IqError, IqResult, Kind, Reply, Route},
    node::attr,
    world::World,
};

mod timelock;

pub const ROUTES: &[Route] = &[Route {
    xmlns: "w:mex",
    kind: Kind::Get,
    child: "query",
    handler: query,
}];

/// A document and who answers it.
pub struct Document {
    pub id: &'static str,
    pub handler: fn(&mut World<'_>, DeviceAddr, &Value) -> Answer,
}

pub type Answer = Result<Value, MexError>;

/// Why a query has no data: the network's considered answer, or a client's mistake.
#[derive(Debug, thiserror::Error)]
pub enum MexError {
    #[error("{0} {1}")]
    Refused(u16, &'static str),
    #[error(transparent)]
    Malformed(#[from] anyhow::Error),
}

const TABLES: &[&[Document]] = &[timelock::DOCUMENTS, crate::channels::DOCUMENTS];

fn query(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> IqResult {
    let device = c.device()?;
    let q = iq.get_optional_child("query").context("<query>")?;
    let id = attr(q, "query_id");
    let body: Value = serde_json::from_slice(q.content_bytes().context("a query without bytes")?)
        .context("a query that is not JSON")?;
    let variables = body.get("variables").context("a query without variables")?;
    let document = TABLES
        .iter()
        .flat_map(|t| t.iter())
        .find(|d| d.id == id)
        .ok_or_else(|| anyhow!("unknown query {id}"))?;
    let out = match (document.handler)(w, device, variables) {
        Ok(data) => json!({ "data": data }),
        Err(MexError::Malformed(e)) => {
            return Err(IqError::Malformed(e.context(format!("query {id}"))));
        }
        Err(MexError::Refused(code, text)) => {
            w.note(device, format!("query {id} refused: {code} {text}"));
            let extensions =
                json!({"error_code": code, "is_retryable": false, "severity": "CRITICAL"});
            json!({"data": null, "errors": [{"message": text, "extensions": extensions}]})
        }
    };
    let result =
        NodeBuilder::new("result").bytes(serde_json::to_vec(&out).map_err(anyhow::Error::from)?);
    Reply::one(result.build())
}

/// A text variable, which must be there.
pub fn text<'v>(v: &'v Value, key: &str) -> Result<&'v str, MexError> {
    let found = v.get(key).and_then(Value::as_str);
    Ok(found.with_context(|| format!("variable {key}"))?)
}
