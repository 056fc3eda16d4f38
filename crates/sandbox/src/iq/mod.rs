//! IQs: one handler for each (xmlns, type, child), one file for each subject.
//!
//! A handler gets the world (its transaction), who asks, and the stanza, and returns a [`Reply`]. The
//! dispatcher puts it into `<iq type=result|error>` with the request's id, after the commit. An IQ
//! nobody handles is recorded in the trace as an error and refused: a sandbox that nods at what it
//! does not know hides the client's mistakes.
//!
//! To add one: write `pub fn name(w, c, iq) -> IqResult` in a file here (or in your own module), list
//! it in a `pub const ROUTES: &[Route]`, and add that list to [`TABLES`].

use anyhow::Result;
use wacore_binary::{Node, NodeRef, builder::NodeBuilder};

use crate::{
    ids::{DeviceAddr, Phone},
    net::online::ConnId,
    node::{SERVER, attr, opt_attr},
    world::World,
};

pub mod blocklist;
pub mod picture;
pub mod prekeys;
pub mod privacy;
pub mod profile;
pub mod session;
pub mod usync;

/// Every module's routes.
const TABLES: &[&[Route]] = &[
    prekeys::ROUTES,
    session::ROUTES,
    usync::ROUTES,
    privacy::ROUTES,
    blocklist::ROUTES,
    profile::ROUTES,
    picture::ROUTES,
    crate::phone::linkcode::ROUTES,
    crate::phone::passkey::ROUTES,
    crate::phone::unlink::ROUTES,
    crate::groups::iq::ROUTES,
    crate::appstate::iq::ROUTES,
    crate::media::iq::ROUTES,
    crate::mex::ROUTES,
    crate::channels::ROUTES,
];

/// Who sent a stanza.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub conn: ConnId,
    /// None before pairing.
    pub device: Option<DeviceAddr>,
}

impl Caller {
    /// The paired device, or a refusal: nothing but pairing is open to others.
    pub fn device(&self) -> Result<DeviceAddr, Refusal> {
        self.device.ok_or(Refusal {
            code: 401,
            text: "not-authorized",
        })
    }
    pub fn phone(&self) -> Result<Phone, Refusal> {
        self.device().map(|d| d.phone)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Get,
    Set,
}

/// `child` "" fits any content. The table's first fitting line wins.
pub struct Route {
    pub xmlns: &'static str,
    pub kind: Kind,
    pub child: &'static str,
    pub handler: Handler,
}

pub type Handler = fn(&mut World<'_>, &Caller, &NodeRef<'_>) -> IqResult;
pub type IqResult = Result<Reply, IqError>;

pub enum Reply {
    /// `<iq type=result>` around these.
    Result(Vec<Node>),
    /// The handler sends its own answer later, or none is due.
    Silent,
}

impl Reply {
    pub fn empty() -> IqResult {
        Ok(Self::Result(Vec::new()))
    }
    pub fn one(n: Node) -> IqResult {
        Ok(Self::Result(vec![n]))
    }
}

/// `<error code text/>`, as WhatsApp words it: 400 bad-request, 401 not-authorized, 403 forbidden,
/// 404 item-not-found, 406 not-acceptable, 409 conflict, 501 feature-not-implemented.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{code} {text}")]
pub struct Refusal {
    pub code: u16,
    pub text: &'static str,
}

pub const BAD_REQUEST: Refusal = Refusal {
    code: 400,
    text: "bad-request",
};
pub const FORBIDDEN: Refusal = Refusal {
    code: 403,
    text: "forbidden",
};
pub const NOT_FOUND: Refusal = Refusal {
    code: 404,
    text: "item-not-found",
};
pub const NOT_ACCEPTABLE: Refusal = Refusal {
    code: 406,
    text: "not-acceptable",
};

/// A refusal is the network's considered answer and keeps nothing; anything else is a malformed
/// request (its reason goes to the trace as an error, the client is told 400).
#[derive(Debug, thiserror::Error)]
pub enum IqError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Malformed(#[from] anyhow::Error),
}

/// Answers one `<iq type=get|set>`. None: no answer is due.
pub fn dispatch(w: &mut World<'_>, c: &Caller, iq: &NodeRef<'_>) -> Result<Option<Node>, IqError> {
    let kind = match attr(iq, "type").as_str() {
        "get" => Kind::Get,
        "set" => Kind::Set,
        _ => return Err(BAD_REQUEST.into()),
    };
    let xmlns = attr(iq, "xmlns");
    let fits = |r: &&&Route| {
        r.xmlns == xmlns
            && r.kind == kind
            && (r.child.is_empty() || iq.get_optional_child(r.child).is_some())
    };
    let Some(route) = TABLES
        .iter()
        .flat_map(|t| t.iter())
        .collect::<Vec<_>>()
        .iter()
        .find(fits)
        .copied()
    else {
        return Err(IqError::Malformed(anyhow::anyhow!(
            "unknown iq: {}",
            summary(iq)
        )));
    };
    match (route.handler)(w, c, iq)? {
        Reply::Result(children) if children.is_empty() => Ok(Some(answer(iq, "result").build())),
        Reply::Result(children) => Ok(Some(answer(iq, "result").children(children).build())),
        Reply::Silent => Ok(None),
    }
}

/// The error stanza for a refused IQ.
pub fn refusal(iq: &NodeRef<'_>, r: Refusal) -> Node {
    answer(iq, "error")
        .children([NodeBuilder::new("error")
            .attr("code", r.code)
            .attr("text", r.text)
            .build()])
        .build()
}

/// `get w:g2 <query>` and the like, for trace lines.
pub fn summary(iq: &NodeRef<'_>) -> String {
    let children: Vec<String> = iq
        .children()
        .unwrap_or_default()
        .iter()
        .map(|c| format!("<{}>", c.tag))
        .collect();
    format!(
        "{} {} {}",
        attr(iq, "type"),
        attr(iq, "xmlns"),
        children.join("")
    )
}

fn answer(iq: &NodeRef<'_>, kind: &'static str) -> NodeBuilder {
    let from = opt_attr(iq, "to").unwrap_or_else(|| SERVER.into());
    NodeBuilder::new("iq")
        .attr("from", from)
        .attr("type", kind)
        .attr("id", attr(iq, "id"))
}
