//! Where a request comes from, for the audit log and for limits on guessing.
//!
//! The caller's address is the socket's. Behind proxies of the operator's, whose addresses are configured, it is the last
//! one in `X-Forwarded-For` that is not such a proxy: whatever stands before it in that header was said by a stranger.

use crate::{
    auth::{Principal, Subject},
    edge::request_id::RequestId,
    error::ApiError,
    state::ApiState,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use wharf_domain::audit::{Actor, By};

/// The caller's address and the request's id.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `None` where no socket stands behind the request.
    pub address: Option<IpAddr>,
    request: String,
}

impl Origin {
    /// Of a principal's change.
    pub fn by(&self, principal: &Principal) -> By {
        self.of(match principal.subject {
            Subject::Key(id) => Actor::Key(id),
            Subject::Person(id) => Actor::Person(id),
        })
    }

    /// Of somebody who is not known yet.
    pub fn stranger(&self) -> By {
        self.of(Actor::Stranger)
    }

    fn of(&self, actor: Actor) -> By {
        By {
            actor,
            address: self
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            request: self.request.clone(),
        }
    }
}

impl FromRequestParts<ApiState> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let socket = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(at)| at.ip());
        let request = parts
            .extensions
            .get::<RequestId>()
            .and_then(|RequestId(id)| id.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            address: socket.map(|socket| caller(socket, &parts.headers, state.trusted_proxies())),
            request,
        })
    }
}

/// Who speaks through a chain of proxies.
fn caller(socket: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let socket = socket.to_canonical();
    let trusted = |at: &IpAddr| proxies.iter().any(|net| net.contains(at));
    if !trusted(&socket) {
        return socket;
    }
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    let mut nearest = socket;
    for text in said.iter().rev() {
        // What is no address ends what can be believed.
        let Ok(at) = text.trim().parse::<IpAddr>() else {
            break;
        };
        nearest = at.to_canonical();
        if !trusted(&nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_no_proxy_of_ours_has() {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "::1/128"]
            .iter()
            .map(|net| net.parse().unwrap())
            .collect();
        for (socket, said, found) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"][..], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"][..], "198.51.100.1"),
            (
                "10.0.0.1",
                &["1.1.1.1, 198.51.100.1, 10.0.0.2"][..],
                "198.51.100.1",
            ),
            ("::1", &["1.1.1.1", "198.51.100.1"][..], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, nonsense"][..], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, nonsense, 10.0.0.3"][..], "10.0.0.3"),
        ] {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let at = caller(socket.parse().unwrap(), &headers, &proxies);
            assert_eq!(at.to_string(), found, "{socket} {said:?}");
        }
    }
}
