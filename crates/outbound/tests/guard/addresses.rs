//! Which addresses and URLs are permitted, as properties.

use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wharf_outbound::{Policy, Refused, address::is_public};

/// The registries in the form the RFCs print, independent of the program's table.
const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

fn nets() -> Vec<ipnet::IpNet> {
    NOT_PUBLIC.iter().map(|net| net.parse().unwrap()).collect()
}

/// An address somewhere in one of the nets, by random host bits.
fn within() -> impl Strategy<Value = IpAddr> {
    (0..NOT_PUBLIC.len(), any::<u128>()).prop_map(|(which, random)| match nets()[which] {
        ipnet::IpNet::V4(net) => {
            let host = random as u32 & u32::from(net.hostmask());
            IpAddr::V4((u32::from(net.network()) | host).into())
        }
        ipnet::IpNet::V6(net) => {
            let host = random & u128::from(net.hostmask());
            IpAddr::V6((u128::from(net.network()) | host).into())
        }
    })
}

fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn nothing_in_a_special_range_is_public(address in within()) {
        prop_assert!(!is_public(address));
        let judged = Policy::default().check(&format!("https://{}/x", literal(address)));
        prop_assert_eq!(judged, Err(Refused::Address(address)));
    }

    #[test]
    fn v4_outside_the_ranges_is_public(bits: u32) {
        let address = IpAddr::V4(bits.into());
        prop_assert_eq!(is_public(address), !nets().iter().any(|net| net.contains(&address)));
    }

    #[test]
    fn v6_is_public_only_as_global_unicast_outside_the_ranges(bits: u128) {
        let global = Ipv6Addr::from((bits & (u128::MAX >> 3)) | (1 << 125));
        let isatap = global.segments()[4] & 0xfdff == 0 && global.segments()[5] == 0x5efe;
        let special = nets().iter().any(|net| net.contains(&IpAddr::V6(global)));
        // The whole of 2001::/23 is kept back, some assignments in it are reachable.
        let assignments = "2001::/23".parse::<ipnet::IpNet>().unwrap().contains(&IpAddr::V6(global));
        prop_assert_eq!(is_public(global.into()), !isatap && !special && !assignments);
        let any = Ipv6Addr::from(bits);
        if any.segments()[0] >> 13 != 1 {
            prop_assert!(!is_public(any.into()));
        }
    }

    #[test]
    fn every_form_that_carries_a_private_v4_is_refused(private in "10\\.[0-9]\\.[0-9]\\.[0-9]") {
        let v4: Ipv4Addr = private.parse().unwrap();
        let low = u128::from(v4.to_bits());
        let forms = [
            (0xffff << 32) | low,                               // mapped
            low,                                                // compatible
            (0x0064_ff9b << 96) | low,                          // NAT64
            (0x2002 << 112) | (low << 80) | 1,                  // 6to4
            (0x2001_0000 << 96) | (!low & 0xffff_ffff),         // Teredo
            (0x2a00_1234 << 96) | (0x5efe << 32) | low,         // ISATAP, private
            (0x2a00_1234 << 96) | (0x0200_5efe << 32) | low,    // ISATAP, global
        ];
        for form in forms {
            prop_assert!(!is_public(Ipv6Addr::from(form).into()), "{}", Ipv6Addr::from(form));
        }
    }

    #[test]
    fn an_allowed_subnet_permits_its_own_and_nothing_else(a: u32, b: u32, length in 0u8..=32) {
        let subnet = format!("{}/{length}", Ipv4Addr::from(a)).parse().unwrap();
        let policy = Policy { allow_subnets: vec![subnet], ..Policy::default() };
        prop_assert!(policy.permits(Ipv4Addr::from(a).into()));
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        let other = IpAddr::from(Ipv4Addr::from(b));
        prop_assert_eq!(policy.permits(other), a & mask == b & mask || is_public(other));
    }

    #[test]
    fn ports_below_1024_other_than_the_webs_are_refused(port in 1u16..1024) {
        let judged = Policy::default().check(&format!("https://example.com:{port}/"));
        prop_assert_eq!(judged.is_ok(), port == 80 || port == 443);
    }

    #[test]
    fn no_text_makes_the_check_fail_otherwise_than_by_refusing(text in ".{0,80}") {
        let _ = Policy::default().check(&text);
        let _ = Policy::default().check(&format!("https://{text}"));
    }
}

#[test]
fn addresses_in_disguise_are_seen_through() {
    for host in [
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0",
        "localhost.:0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "１２７.0.0.1",
        "127。0。0。1",
    ] {
        let judged = Policy::default().check(&format!("https://{host}/"));
        assert!(judged.is_err(), "{host}: {judged:?}");
    }
}

#[test]
fn what_a_url_may_look_like() {
    let strict = Policy::default();
    let refused = |url: &str| strict.check(url).unwrap_err();
    assert_eq!(refused("http://example.com/"), Refused::PlainHttp);
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https:///",
        "/x",
    ] {
        assert_eq!(refused(url), Refused::Malformed, "{url}");
    }
    assert_eq!(refused("https://user@example.com/"), Refused::UserInfo);
    assert_eq!(refused("https://:secret@example.com/"), Refused::UserInfo);
    assert_eq!(refused("https://example.com:0/"), Refused::Port(0));
    assert_eq!(refused("https://example.com:6667/"), Refused::Port(6667));
    assert_eq!(refused("https://example.com:22/"), Refused::Port(22));
    for url in [
        "https://example.com",
        "https://example.com:8443/hook?x=1",
        "https://[2a00:1450::1]/",
    ] {
        assert!(strict.check(url).is_ok(), "{url}");
    }
    let trial = Policy {
        allow_http: true,
        ..Policy::default()
    };
    assert!(trial.check("http://example.com:3000/hook").is_ok());
    assert!(trial.check("http://127.0.0.1:3000/hook").is_err());
}

#[test]
fn a_subnet_is_an_address_or_a_prefix() {
    for good in ["10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8"] {
        assert!(good.parse::<wharf_outbound::Subnet>().is_ok(), "{good}");
    }
    for bad in ["", "10.0.0.0/33", "localhost", "10.0.0"] {
        assert!(bad.parse::<wharf_outbound::Subnet>().is_err(), "{bad}");
    }
}
