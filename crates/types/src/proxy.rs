//! A proxy that a session dials through.

use std::{fmt, net::IpAddr, str::FromStr};
use url::Url;

/// Longer is no address anybody types.
const LONGEST: usize = 1_024;
/// SOCKS5 counts user and password in one byte each (RFC 1929).
const LONGEST_CREDENTIAL: usize = 255;

/// `socks5://[user:password@]host:port` or `http://[user:password@]host:port`. Names are resolved by the proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProxyUrl(Url);

/// What is wrong with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(&'static str);

impl FromStr for ProxyUrl {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        const FORM: ProxyError = ProxyError(
            "must be socks5://[user:password@]host:port or http://[user:password@]host:port",
        );
        // A URL parser drops tabs and line ends in silence.
        if text.len() > LONGEST || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(FORM);
        }
        let url = Url::parse(text).map_err(|_| FORM)?;
        if !matches!(url.scheme(), "socks5" | "socks5h" | "http")
            || url.host_str().is_none_or(str::is_empty)
            || url.port_or_known_default().is_none_or(|port| port == 0)
            || !matches!(url.path(), "" | "/")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(FORM);
        }
        let proxy = Self(url);
        match proxy.credentials() {
            Some((user, password))
                if user.len() > LONGEST_CREDENTIAL || password.len() > LONGEST_CREDENTIAL =>
            {
                Err(ProxyError("user and password are at most 255 bytes each"))
            }
            None if proxy.0.password().is_some() => Err(ProxyError("a password needs a user")),
            _ => Ok(proxy),
        }
    }
}

impl ProxyUrl {
    /// Whether it speaks HTTP CONNECT; SOCKS5 otherwise.
    pub fn is_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Name or address, without brackets.
    pub fn host(&self) -> &str {
        self.0
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
    }

    /// Its port; 80 for `http` without one.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// The same proxy by the address its name led to.
    pub fn at(&self, address: IpAddr) -> Self {
        let mut url = self.0.clone();
        // Refused only by URLs without a host, which none of these is.
        let _ = url.set_ip_host(address);
        Self(url)
    }

    /// User and password, percent-decoded.
    pub fn credentials(&self) -> Option<(String, String)> {
        let user = self.0.username();
        (!user.is_empty()).then(|| {
            let password = self.0.password().unwrap_or_default();
            (percent_decoded(user), percent_decoded(password))
        })
    }

    /// All of it. A secret where it has credentials.
    pub fn with_credentials(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ProxyUrl {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(f, "{}://{host}:{}", self.0.scheme(), self.port())
    }
}

impl fmt::Debug for ProxyUrl {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_is() {
        for (text, shown) in [
            (
                "socks5://us%40er:p%3Ass@proxy.example:1080",
                "socks5://proxy.example:1080",
            ),
            ("socks5h://10.0.0.1:9050", "socks5h://10.0.0.1:9050"),
            ("http://proxy.example", "http://proxy.example:80"),
            ("http://u@[::1]:3128/", "http://[::1]:3128"),
        ] {
            let proxy: ProxyUrl = text.parse().unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(format!("{proxy:?}"), shown);
        }
        let proxy: ProxyUrl = "socks5://us%40er:p%3Ass@proxy.example:1080"
            .parse()
            .unwrap();
        assert_eq!(proxy.credentials(), Some(("us@er".into(), "p:ss".into())));
        for (address, shown) in [
            ("192.0.2.7", "socks5://192.0.2.7:1080"),
            ("2001:db8::7", "socks5://[2001:db8::7]:1080"),
        ] {
            let there = proxy.at(address.parse().unwrap());
            assert_eq!(there.to_string(), shown);
            assert_eq!(there.host(), address);
            assert_eq!(there.credentials(), proxy.credentials());
        }
        let proxy: ProxyUrl = "http://[::1]:3128".parse().unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("::1", 3128));
        assert_eq!(proxy.credentials(), None);
    }

    #[test]
    fn what_it_is_not() {
        for text in [
            "",
            "proxy.example:1080",
            "socks5://",
            "socks5://proxy.example",
            "socks4://proxy.example:1080",
            "https://proxy.example:443",
            "socks5://proxy.example:0",
            "socks5://proxy.example:99999",
            "http://proxy.example/path",
            "http://proxy.example?q=1",
            "http://proxy.example#here",
            "http://proxy\n.example:80",
            "http://proxy.example:80 ",
            "http://:secret@proxy.example:80",
        ] {
            assert!(text.parse::<ProxyUrl>().is_err(), "{text}");
        }
        let long = format!("socks5://{}@proxy.example:1080", "u".repeat(256));
        assert!(long.parse::<ProxyUrl>().is_err());
    }
}
