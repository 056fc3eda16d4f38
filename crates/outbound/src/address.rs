//! Which addresses belong to the public internet.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates). For IPv6 the
//! rule is turned around: only global unicast space (2000::/3) is public, less what carries an IPv4 address or a tunnel
//! inside, since where such a packet ends is not what it says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// (first address, bits of the prefix)
const REFUSED_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT; also 100.100.100.200, metadata of Alibaba Cloud
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // Azure's platform service, on an address that looks public
    ([169, 254, 0, 0], 16),   // link-local; also 169.254.169.254, metadata of most clouds
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; also 192.0.0.192, metadata of Oracle Cloud
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, and broadcast
];

/// Within 2000::/3; everything outside is refused anyway: ::, ::1, mapped and compatible IPv4, NAT64 (64:ff9b::/96 and
/// 64:ff9b:1::/48), discard, segment routing, unique local (also fd00:ec2::254, metadata of AWS), link-local, site-local,
/// multicast.
const REFUSED_V6: &[(u128, u32)] = &[
    (0x2001_0000 << 96, 23), // protocol assignments: Teredo, benchmarks, ORCHID
    (0x2001_0db8 << 96, 32), // documentation
    (0x2002_0000 << 96, 16), // 6to4
    (0x3fff_0000 << 96, 20), // documentation
];

/// Whether an address is one of the public internet, to which anybody may ask us to go.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !REFUSED_V4.iter().any(|(first, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == u32::from_be_bytes(*first)
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let global = bits >> 125 == 0b001;
    // ISATAP (RFC 5214): an IPv4 address behind the interface identifier 0:5efe or 200:5efe.
    let isatap = (bits >> 32) as u32 & 0xfdff_ffff == 0x0000_5efe;
    global
        && !isatap
        && !REFUSED_V6
            .iter()
            .any(|(first, length)| bits & (u128::MAX << (128 - length)) == *first)
}
