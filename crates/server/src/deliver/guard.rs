//! Where a request that others chose the address of may go: to the public internet, and to the
//! networks that the operator opened.
//!
//! A literal address is judged when its URL is read, a name's addresses when it is resolved for
//! the connection, so that what was judged is what is connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest URL that is looked at, in bytes.
pub const MAX_URL: usize = 2_048;

/// IPv4 that is not the public internet: IANA's special-purpose registry and multicast.
const CLOSED_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carriers' NAT
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's platform, a public address that only its machines reach
    v4(169, 254, 0, 0, 16),   // link-local, where clouds keep credentials
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // relays from 6to4, given up
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarking
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

/// The only IPv6 that is given out as public; loopback, unique-local, link-local, site-local,
/// multicast, discard and the local translation prefix lie outside of it.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
/// What in it is not public.
const CLOSED_V6: [Ipv6Net; 3] = [
    v6(0x2001, 0, 0, 23),     // protocol assignments: Teredo, benchmarking, ORCHID
    v6(0x2001, 0xdb8, 0, 32), // documentation
    v6(0x3fff, 0, 0, 20),     // documentation
];
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);
const IPV4_COMPATIBLE: Ipv6Net = v6(0, 0, 0, 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// A network that the operator opened, as `10.1.0.0/16`, `fd00::/8` or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedNetwork(IpNet);

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a network is ADDRESS/BITS, such as 10.1.0.0/16 or fd00::/8, with no bit set behind those")]
pub struct NotANetwork;

impl FromStr for AllowedNetwork {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(address)));
        }
        let network: IpNet = text.parse().map_err(|_| NotANetwork)?;
        if network.addr() == network.network() {
            Ok(Self(network))
        } else {
            Err(NotANetwork)
        }
    }
}

/// The networks that the operator opened; by default none.
#[derive(Clone, Debug, Default)]
pub struct AllowedNetworks(Arc<[AllowedNetwork]>);

impl FromIterator<AllowedNetwork> for AllowedNetworks {
    fn from_iter<T: IntoIterator<Item = AllowedNetwork>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl AllowedNetworks {
    /// Whether nothing was opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address lies in one of them. IPv4 written as IPv6 (`::ffff:…`) is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }
}

/// Whether an address is the public internet's. One that carries an IPv4 address for a translator
/// or a tunnel (mapped, compatible, NAT64's well-known prefix, 6to4) is judged by that.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|closed| closed.contains(&address)),
        IpAddr::V6(address) => match carried(address) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => {
                PUBLIC_V6.contains(&address)
                    && !CLOSED_V6.iter().any(|closed| closed.contains(&address))
            }
        },
    }
}

/// The IPv4 address that an IPv6 one stands for.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., g, h] = address.segments();
    let [_, b, c, ..] = address.segments();
    if SIX_TO_FOUR.contains(&address) {
        return Some(joined(b, c));
    }
    let low = NAT64.contains(&address)
        || IPV4_COMPATIBLE.contains(&address)
        || address.to_ipv4_mapped().is_some();
    low.then(|| joined(g, h))
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// Why an address is not called. No text tells which address a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Longer than [`MAX_URL`].
    #[error("the URL is longer than 2048 bytes")]
    TooLong,
    /// No URL, or none with a host, or a text with what a URL does not hold.
    #[error("the URL is not valid")]
    NotAUrl,
    /// Neither `https` nor `http`.
    #[error("the URL is not https")]
    Scheme,
    /// `http` to a place that the operator did not open.
    #[error("the URL is http, which is for networks that the operator allowed")]
    PlainText,
    /// A user name or password in it.
    #[error("the URL holds credentials")]
    Credentials,
    /// The address, or every address of the name, is not public and not opened.
    #[error("the host's address is not a public one")]
    Address,
}

/// How a permitted URL is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS: to public addresses and opened networks.
    Https,
    /// Plain text: to opened networks alone.
    Http,
}

/// Judges URLs and addresses.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: AllowedNetworks,
}

impl Guard {
    /// A guard that also lets through what lies in these networks.
    #[must_use]
    pub fn new(allowed: AllowedNetworks) -> Self {
        Self { allowed }
    }

    /// Reads a URL, and judges all of it that needs no name resolved: for when it is stored, and
    /// again at every attempt.
    ///
    /// # Errors
    /// [`Forbidden`] with the first reason that was found.
    pub fn check_url(&self, text: &str) -> Result<(Url, Transport), Forbidden> {
        if text.len() > MAX_URL {
            return Err(Forbidden::TooLong);
        }
        // The parser drops or encodes them: what is stored would not be what is called.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Forbidden::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| Forbidden::NotAUrl)?;
        let transport = match url.scheme() {
            "https" => Transport::Https,
            "http" if self.allowed.is_empty() => return Err(Forbidden::PlainText),
            "http" => Transport::Http,
            _ => return Err(Forbidden::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        // The parser reads every way to write an IPv4 address, so a domain here is a name.
        let literal = match url.host().ok_or(Forbidden::NotAUrl)? {
            Host::Domain(_) => return Ok((url, transport)),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        self.check_address(literal, transport)?;
        Ok((url, transport))
    }

    /// Judges one address.
    ///
    /// # Errors
    /// [`Forbidden::Address`], or [`Forbidden::PlainText`] for a public address without TLS.
    pub fn check_address(&self, address: IpAddr, transport: Transport) -> Result<(), Forbidden> {
        if self.allowed.contains(address) {
            return Ok(());
        }
        match (is_public(address), transport) {
            (true, Transport::Https) => Ok(()),
            (true, Transport::Http) => Err(Forbidden::PlainText),
            (false, Transport::Https | Transport::Http) => Err(Forbidden::Address),
        }
    }

    /// Those of a name's addresses that may be connected to.
    fn permitted(
        &self,
        found: impl Iterator<Item = SocketAddr>,
        transport: Transport,
    ) -> Result<Vec<SocketAddr>, Forbidden> {
        let mut reason = Forbidden::Address;
        let mut permitted = Vec::new();
        for address in found {
            match self.check_address(address.ip(), transport) {
                Ok(()) => permitted.push(address),
                Err(refused) => reason = refused,
            }
        }
        if permitted.is_empty() {
            Err(reason)
        } else {
            Ok(permitted)
        }
    }
}

/// A name that has no address, or that could not be asked for.
#[derive(Debug, thiserror::Error)]
#[error("the name of the host cannot be resolved")]
pub struct Unresolved(#[from] io::Error);

/// Resolves names to addresses that the guard permits, for connections of one transport.
#[derive(Debug)]
pub struct GuardedResolver {
    guard: Guard,
    transport: Transport,
}

impl GuardedResolver {
    /// A resolver for connections of this transport.
    #[must_use]
    pub fn new(guard: Guard, transport: Transport) -> Self {
        Self { guard, transport }
    }
}

impl Resolve for GuardedResolver {
    /// Fails with [`Forbidden`] or [`Unresolved`].
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, transport) = (self.guard.clone(), self.transport);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(Unresolved)?;
            let permitted = guard.permitted(found, transport)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
