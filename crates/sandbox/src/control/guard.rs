//! Who may call: a loopback `Host` (so no web page reaches it by a rebound name), and JSON on writes
//! (so no page sends a simple cross-origin form).

use axum::{
    extract::Request,
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::Refused;

pub async fn loopback_json(req: Request, next: Next) -> Response {
    let host = req
        .headers()
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    if !is_loopback(host) {
        return Refused::forbidden("the control API answers on a loopback Host only")
            .into_response();
    }
    let writes = matches!(*req.method(), Method::POST | Method::PUT | Method::PATCH);
    if writes && !is_json(&req) {
        return Refused::not_json().into_response();
    }
    next.run(req).await
}

fn is_json(req: &Request) -> bool {
    let t = req
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    t.split(';')
        .next()
        .is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json"))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(h, _)| h),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_loopback_names_pass() {
        for ok in [
            "localhost",
            "localhost:80",
            "127.0.0.1:9",
            "127.8.8.8",
            "[::1]:80",
        ] {
            assert!(is_loopback(ok), "{ok}");
        }
        for no in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_loopback(no), "{no}");
        }
    }
}
