//! Where requests may go.

use crate::{address::is_public, error::Refused};
use ipnet::IpNet;
use reqwest::Url;
use std::{net::IpAddr, str::FromStr};

/// A subnet such as `10.1.0.0/16`, `fd00::/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet(IpNet);

impl FromStr for Subnet {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let net = text.parse::<IpNet>().ok();
        net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
            .map(Self)
            .ok_or("is not an address or a subnet like 10.1.0.0/16")
    }
}

/// `[outbound]` of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Plain http as well.
    pub allow_http: bool,
    /// Exceptions from "public internet only".
    pub allow_subnets: Vec<Subnet>,
}

/// Above 1023 and yet never a web server: what the Fetch standard (§2.9, "port blocking") lists, so that nobody makes us
/// speak to another protocol's server.
const OTHER_PROTOCOLS: &[u16] = &[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
    6679, 6697, 10080,
];

impl Policy {
    /// Every address, http too: for a simulated network, and for addresses on the command line of whoever runs the program.
    pub fn everywhere() -> Self {
        let all = ["0.0.0.0/0", "::/0"].map(|net| net.parse().ok());
        Self {
            allow_http: true,
            allow_subnets: all.into_iter().flatten().collect(),
        }
    }

    /// Whether this address may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address)
            || self
                .allow_subnets
                .iter()
                .any(|subnet| subnet.0.contains(&address))
    }

    /// Reads a URL and judges all that can be judged without the DNS.
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::Malformed)?;
        self.check_url(&url)?;
        Ok(url)
    }

    pub(crate) fn check_url(&self, url: &Url) -> Result<(), Refused> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(Refused::PlainHttp),
            _ => return Err(Refused::Malformed),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !(matches!(port, 80 | 443) || port > 1023 && !OTHER_PROTOCOLS.contains(&port)) {
            return Err(Refused::Port(port));
        }
        // The parser has already turned 0x7f.1, 2130706433 and the like into an address.
        let host = url.host_str().ok_or(Refused::Malformed)?;
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.permits(address) => Err(Refused::Address(address)),
            _ => Ok(()),
        }
    }
}
