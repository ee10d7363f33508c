//! Where a request comes from when proxies stand before the server.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

use crate::deliver::guard::AllowedNetworks;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Addresses of `X-Forwarded-For` that are looked at, from the right: longer chains of proxies
/// there are not.
const MOST_HOPS: usize = 32;

/// The proxies whose `X-Forwarded-For` is believed; by default none. `Forwarded` never is.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(AllowedNetworks);

impl TrustedProxies {
    /// Proxies in these networks.
    #[must_use]
    pub fn new(networks: AllowedNetworks) -> Self {
        Self(networks)
    }

    /// The client's address: the peer's, unless it is a trusted proxy. Then each proxy put at
    /// the right end of the header whom it spoke with, so the first from there that is no trusted
    /// proxy is the client. Where something else than an address stands, what it would hide
    /// cannot be known: the nearest address before it counts.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.0.contains(peer) {
            return client;
        }
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        let said = lines
            .iter()
            .rev()
            .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for text in said.take(MOST_HOPS) {
            let Some(address) = address(text.trim()) else {
                return client;
            };
            client = address;
            if !self.0.contains(address) {
                return client;
            }
        }
        client
    }
}

/// An address, as proxies write it: bare, or with a port, IPv6 then in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|it| it.ip());
    let in_brackets = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse().ok().map(IpAddr::V6)
    };
    let address = bare.or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// The client's address, of a request whose header has these lines.
    fn client(peer: &str, lines: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"];
        let networks = networks.map(|network| network.parse().unwrap());
        let proxies = TrustedProxies::new(networks.into_iter().collect());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_first_from_the_right_that_is_no_trusted_proxy_is_the_client() {
        for (lines, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            (&["198.51.100.1", "203.0.113.7,10.1.2.3"], "203.0.113.7"),
            (&["203.0.113.7, 2001:db8::1 , 10.1.2.3"], "203.0.113.7"),
            (&["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
            (&["2a00::1"], "2a00::1"),
            (&["[2a00::1]"], "2a00::1"),
            (&["[2a00::1]:443"], "2a00::1"),
            (&["203.0.113.7:5000"], "203.0.113.7"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn who_is_no_trusted_proxy_is_the_client_whatever_they_say() {
        assert_eq!(client("192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        let nobody = TrustedProxies::default();
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(nobody.client(peer, &headers), peer);
    }

    #[test]
    fn what_is_no_address_ends_the_chain_at_who_said_it() {
        for (line, expected) in [
            ("203.0.113.7, unknown", "10.0.0.1"),
            ("203.0.113.7, , 10.1.2.3", "10.1.2.3"),
            ("203.0.113.7, 10.1.2.3.4, 10.1.2.3", "10.1.2.3"),
            ("", "10.0.0.1"),
            ("203.0.113.7,", "10.0.0.1"),
            ("fe80::1%eth0", "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[line]), expected, "{line}");
        }
    }

    #[test]
    fn a_chain_is_followed_so_far_and_no_further() {
        let trusted = vec!["10.1.2.3"; MOST_HOPS].join(", ");
        assert_eq!(client("10.0.0.1", &["203.0.113.7", &trusted]), "10.1.2.3");
        let trusted = vec!["10.1.2.3"; MOST_HOPS - 1].join(", ");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7", &trusted]),
            "203.0.113.7"
        );
    }
}
