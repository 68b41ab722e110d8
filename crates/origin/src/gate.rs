//! Which addresses an origin may have. A source's base, its redirects and whatever its names resolve to are chosen by
//! others, so they must not lead into the operator's own network.
//!
//! Ranges: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Anybody's.
    Public,
    /// Of this machine or its network: reached only where the source allows it.
    Private(&'static str),
    /// No place for pictures, whatever the source allows.
    Never(&'static str),
}

/// Decides by address. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    allow_private: bool,
    /// Let through whatever their class.
    allowed: Vec<IpAddr>,
}

/// An address that the gate keeps shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusedAddress {
    pub address: IpAddr,
    pub why: &'static str,
    /// Whether it would be open with `allow_private`.
    pub private: bool,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address {} is refused: {}", self.address, self.why)
    }
}

impl std::error::Error for RefusedAddress {}

impl Gate {
    pub(crate) fn new(allow_private: bool) -> Self {
        Gate { allow_private, allowed: Vec::new() }
    }

    /// Public addresses and the given ones.
    #[cfg(test)]
    pub(crate) fn only(allowed: &[IpAddr]) -> Self {
        Gate { allow_private: false, allowed: allowed.to_vec() }
    }

    pub(crate) fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        if self.allowed.contains(&address) {
            return Ok(());
        }
        match class(address) {
            Class::Public => Ok(()),
            Class::Private(_) if self.allow_private => Ok(()),
            Class::Private(why) => Err(RefusedAddress { address, why, private: true }),
            Class::Never(why) => Err(RefusedAddress { address, why, private: false }),
        }
    }

    /// Checks a URL whose host is an address. The resolver is never asked for those. The URL parser has turned every
    /// spelling (`0x7f000001`, `2130706433`, `127.1`) into the one address by now.
    pub(crate) fn check_literal(&self, url: &Url) -> Result<(), RefusedAddress> {
        match url.host() {
            Some(Host::Ipv4(v4)) => self.check(v4.into()),
            Some(Host::Ipv6(v6)) => self.check(v6.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }
}

/// Resolving and dialling are one step: the connector dials only what this returns, so an answer cannot change between.
impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let mut refused = None;
            let mut open = Vec::with_capacity(found.len());
            for address in found {
                match gate.check(address.ip()) {
                    Ok(()) => open.push(address),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if open.is_empty() => Err(why.into()),
                _ => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}

fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [0, ..] => Class::Never("this network"),
        // Alibaba Cloud's metadata service lies within the range of carrier-grade NAT.
        [100, 100, 100, 200] => Class::Never("cloud metadata"),
        [169, 254, ..] => Class::Never("link-local"),
        [192, 0, 0, _] => Class::Never("protocol assignments"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Never("documentation"),
        [192, 88, 99, _] => Class::Never("6to4 relay"),
        [198, 18 | 19, ..] => Class::Never("benchmarking"),
        [224..=239, ..] => Class::Never("multicast"),
        [240..=255, ..] => Class::Never("reserved"),
        [127, ..] => Class::Private("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private("private"),
        [100, 64..=127, ..] => Class::Private("carrier-grade NAT"),
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    let v4 = |high: u16, low: u16| class_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Private("loopback"),
        [0, 0, 0, 0, 0, 0xffff, a, b] => v4(a, b),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056): a gateway on the way unwraps them.
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => v4(a, b),
        [0x2002, a, b, ..] => v4(a, b),
        // The metadata services of AWS and Google Cloud.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Class::Never("cloud metadata"),
        [0xfc00..=0xfdff, ..] => Class::Private("unique local"),
        [0xfe80..=0xfebf, ..] => Class::Never("link-local"),
        [0xff00..=0xffff, ..] => Class::Never("multicast"),
        // 2001::/23 holds Teredo (2001::/32), ORCHID and other protocol assignments, none of them a web server's.
        [0x2001, 0..=0x1ff, ..] => Class::Never("protocol assignments"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Never("documentation"),
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Never("not global unicast"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn every_special_range_is_shut_and_its_neighbours_are_open() {
        let (public, private, never) = ("public", "private", "never");
        for (address, want) in [
            ("1.1.1.1", public),
            ("0.0.0.0", never),
            ("0.255.255.255", never),
            ("1.0.0.0", public),
            ("9.255.255.255", public),
            ("10.0.0.0", private),
            ("10.255.255.255", private),
            ("11.0.0.0", public),
            ("100.63.255.255", public),
            ("100.64.0.0", private),
            ("100.127.255.255", private),
            ("100.128.0.0", public),
            ("100.100.100.200", never),
            ("126.255.255.255", public),
            ("127.0.0.1", private),
            ("127.255.255.255", private),
            ("128.0.0.0", public),
            ("169.253.255.255", public),
            ("169.254.169.254", never),
            ("169.255.0.0", public),
            ("172.15.255.255", public),
            ("172.16.0.0", private),
            ("172.31.255.255", private),
            ("172.32.0.0", public),
            ("192.0.0.192", never),
            ("192.0.1.0", public),
            ("192.0.2.1", never),
            ("192.88.99.1", never),
            ("192.167.255.255", public),
            ("192.168.0.1", private),
            ("192.169.0.0", public),
            ("198.17.255.255", public),
            ("198.18.0.0", never),
            ("198.19.255.255", never),
            ("198.20.0.0", public),
            ("198.51.100.7", never),
            ("203.0.113.7", never),
            ("223.255.255.255", public),
            ("224.0.0.1", never),
            ("239.255.255.255", never),
            ("240.0.0.1", never),
            ("255.255.255.255", never),
            ("::", never),
            ("::1", private),
            ("::2", never),
            ("::7f00:1", never),
            ("::ffff:127.0.0.1", private),
            ("::ffff:8.8.8.8", public),
            ("::ffff:169.254.169.254", never),
            ("64:ff9b::10.0.0.1", private),
            ("64:ff9b::169.254.169.254", never),
            ("64:ff9b::8.8.8.8", public),
            ("64:ff9b:1::1", never),
            ("100::1", never),
            ("1fff:ffff::", never),
            ("2000::1", public),
            ("2001::1", never),
            ("2001:0:7f00:1::", never),
            ("2001:1ff:ffff::", never),
            ("2001:200::1", public),
            ("2001:db8::1", never),
            ("2001:4860:4860::8888", public),
            ("2002:7f00:1::", private),
            ("2002:a9fe:a9fe::", never),
            ("2002:808:808::", public),
            ("3fff:fff::1", never),
            ("3fff:1000::1", public),
            ("4000::", never),
            ("5f00::1", never),
            ("fc00::1", private),
            ("fd00:ec2::254", never),
            ("fd20:ce::254", never),
            ("fdff::1", private),
            ("fe80::1", never),
            ("fec0::1", never),
            ("ff02::1", never),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(Gate::new(false).check(ip).is_ok(), want == public, "{address} from outside");
            assert_eq!(Gate::new(true).check(ip).is_ok(), want != never, "{address} with private allowed");
        }
    }

    #[test]
    fn every_spelling_of_a_literal_is_seen() {
        let gate = Gate::new(false);
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::a00:1]",
            "[2002:7f00:1::]",
            "169.254.169.254",
            "１２７.0.0.1",
            "127。0。0。1",
        ] {
            let url = Url::parse(&format!("http://{host}/a.jpg")).unwrap();
            assert!(gate.check_literal(&url).is_err(), "{host}");
        }
        for host in ["example.com", "1.1.1.1", "[2606:4700::1111]"] {
            let url = Url::parse(&format!("http://{host}/a.jpg")).unwrap();
            assert_eq!(gate.check_literal(&url), Ok(()), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_resolves_to_open_addresses_only() {
        let resolve = async |gate: Gate| gate.resolve("localhost".parse().unwrap()).await;
        let Err(error) = resolve(Gate::new(false)).await else { panic!("localhost must be refused") };
        assert_eq!(error.downcast_ref::<RefusedAddress>().unwrap().why, "loopback");
        assert!(resolve(Gate::new(true)).await.unwrap().count() > 0);
    }
}
