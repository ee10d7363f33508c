//! What the guard lets through, and what it does not.

use super::*;
use proptest::prelude::*;

fn opened(networks: &[&str]) -> Guard {
    Guard::new(networks.iter().map(|text| text.parse().unwrap()).collect())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn addresses_that_are_not_the_public_internet_are_refused_to_both_ends_of_their_range() {
    let closed = [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("168.63.129.16", "168.63.129.16"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
        ("::", "::1"),
        ("::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        ("::127.0.0.1", "::10.0.0.1"),
        ("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"),
        ("64:ff9b::7f00:1", "64:ff9b::10.1.2.3"),
        ("64:ff9b::", "64:ff9b::ffff:ffff"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:0:0:1::8.8.8.8"),
        ("100::", "100::ffff:ffff:ffff:ffff"),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:2::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002:7f00:1::", "2002:a01:203::1"),
        ("2002:c0a8::", "2002:c0a8:ffff::"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("4000::", "5f00::1"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fd00:ec2::254", "fe00::"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];
    for (first, last) in closed {
        for address in [first, last] {
            let judged = Guard::default().check_address(ip(address), Transport::Https);
            assert_eq!(judged, Err(Forbidden::Address), "{address}");
        }
    }
}

#[test]
fn public_addresses_are_permitted_up_to_the_closed_ones() {
    for address in [
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.17",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "3ffe:ffff::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ] {
        let judged = Guard::default().check_address(ip(address), Transport::Https);
        assert_eq!(judged, Ok(()), "{address}");
    }
}

#[test]
fn every_way_to_write_a_closed_address_in_a_url_is_refused() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0x7f.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "00000177.1",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "0",
        "0.0.0.0",
        "0x0",
        "2852039166",
        "169.254.169.254",
        "0xa9.0xfe.43518",
        "10.1",
        "192.168.257",
        "3232235777",
        "4294967295",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        for url in [
            format!("https://{host}/"),
            format!("https://{host}:8443/a?b"),
            format!("HTTPS:\\\\{host}"),
            format!("https:{host}"),
            format!("https://{host}/#c"),
        ] {
            let judged = Guard::default().check_url(&url);
            assert_eq!(judged.map(|_| ()), Err(Forbidden::Address), "{url}");
        }
    }
}

#[test]
fn a_url_is_https_to_a_host_without_credentials_and_not_longer_than_2048() {
    let guard = Guard::default();
    let exact = format!("https://example.com/{}", "a".repeat(MAX_URL - 20));
    assert_eq!(exact.len(), MAX_URL);
    for url in [
        "https://example.com",
        "https://example.com:1/hook?a=b",
        "https://8.8.8.8/",
        "https://[2606:4700::1]:444/",
        "https://127.0.0.1.example.com/",
        "https://xn--bcher-kva.example/",
        exact.as_str(),
    ] {
        let (_, transport) = guard.check_url(url).unwrap();
        assert_eq!(transport, Transport::Https, "{url}");
    }
    for (url, reason) in [
        (format!("{exact}a"), Forbidden::TooLong),
        (String::new(), Forbidden::NotAUrl),
        ("example.com/hook".to_owned(), Forbidden::NotAUrl),
        ("https://".to_owned(), Forbidden::NotAUrl),
        ("https://exa mple.com".to_owned(), Forbidden::NotAUrl),
        ("https://1.2.3.4.5/".to_owned(), Forbidden::NotAUrl),
        ("https://256.0.0.1/".to_owned(), Forbidden::NotAUrl),
        ("https://[fe80::1%25eth0]/".to_owned(), Forbidden::NotAUrl),
        ("https://a:99999/".to_owned(), Forbidden::NotAUrl),
        ("ftp://example.com/".to_owned(), Forbidden::Scheme),
        ("file:///etc/passwd".to_owned(), Forbidden::Scheme),
        ("data:text/plain,a".to_owned(), Forbidden::Scheme),
        ("unix:/run/a.sock".to_owned(), Forbidden::Scheme),
        ("http://example.com/".to_owned(), Forbidden::PlainText),
        ("http://8.8.8.8/".to_owned(), Forbidden::PlainText),
        ("http://127.0.0.1/".to_owned(), Forbidden::PlainText),
        ("https://a@example.com/".to_owned(), Forbidden::Credentials),
        ("https://:b@example.com/".to_owned(), Forbidden::Credentials),
        (
            "https://8.8.8.8@127.0.0.1/".to_owned(),
            Forbidden::Credentials,
        ),
    ] {
        assert_eq!(guard.check_url(&url).map(|_| ()), Err(reason), "{url}");
    }
}

#[test]
fn http_goes_to_opened_networks_alone() {
    let guard = opened(&["10.1.0.0/16", "fd00::/8"]);
    for url in [
        "http://10.1.2.3/",
        "http://10.66051/",
        "http://[fd00::1]:8080/",
        "http://[::ffff:10.1.2.3]/",
        "http://hooks.internal/",
    ] {
        let (_, transport) = guard.check_url(url).unwrap();
        assert_eq!(transport, Transport::Http, "{url}");
    }
    for (url, reason) in [
        ("http://8.8.8.8/", Forbidden::PlainText),
        ("http://10.2.0.0/", Forbidden::Address),
        ("http://127.0.0.1/", Forbidden::Address),
        ("http://[::10.1.2.3]/", Forbidden::Address),
        ("http://[64:ff9b::10.1.2.3]/", Forbidden::Address),
        ("http://[2002:a01:203::]/", Forbidden::Address),
    ] {
        assert_eq!(guard.check_url(url).map(|_| ()), Err(reason), "{url}");
    }
    assert!(guard.check_url("https://10.1.2.3/").is_ok());
    assert!(guard.check_url("https://10.2.0.0/").is_err());
}

#[test]
fn of_a_names_addresses_only_the_permitted_ones_are_answered() {
    let found = || {
        ["8.8.8.8:0", "127.0.0.1:0", "10.1.2.3:0", "[2606:4700::1]:0"]
            .into_iter()
            .map(|address| address.parse::<SocketAddr>().unwrap())
    };
    let shown = |guard: &Guard, transport, skip: usize, take: usize| {
        guard
            .permitted(found().skip(skip).take(take), transport)
            .map(|kept| kept.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>())
    };
    let closed = Guard::default();
    let all = shown(&closed, Transport::Https, 0, 4).unwrap();
    assert_eq!(all, ["8.8.8.8", "2606:4700::1"]);
    let inner = shown(&closed, Transport::Https, 1, 2);
    assert_eq!(inner, Err(Forbidden::Address));
    let none = shown(&closed, Transport::Https, 4, 0);
    assert_eq!(none, Err(Forbidden::Address));
    let guard = opened(&["10.1.0.0/16"]);
    let plain = shown(&guard, Transport::Http, 0, 4).unwrap();
    assert_eq!(plain, ["10.1.2.3"]);
    let public = shown(&guard, Transport::Http, 3, 1);
    assert_eq!(public, Err(Forbidden::PlainText));
}

#[test]
fn a_network_is_an_address_or_a_prefix_without_bits_behind_it() {
    for (text, inside, outside) in [
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("10.0.0.0/8", "10.9.9.9", "11.0.0.0"),
        ("0.0.0.0/0", "192.168.0.1", "::1"),
        ("fd00::/8", "fdff::1", "fc00::1"),
        ("::1", "::1", "127.0.0.1"),
    ] {
        let networks: AllowedNetworks = [text.parse().unwrap()].into_iter().collect();
        assert!(networks.contains(ip(inside)), "{text}");
        assert!(!networks.contains(ip(outside)), "{text}");
    }
    for text in [
        "",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.1.0.0/8",
        "fd00::1/8",
        "10.0/8",
        "localhost",
        "10.0.0.0/8,127.0.0.1",
    ] {
        assert_eq!(text.parse::<AllowedNetwork>(), Err(NotANetwork), "{text:?}");
    }
}

proptest! {
    /// Whatever form carries an IPv4 address, it is not judged better than the address itself.
    #[test]
    fn no_ipv6_form_makes_a_closed_ipv4_address_public(bits: u32) {
        let inner = Ipv4Addr::from(bits);
        let [a, b] = [bits >> 16, bits & 0xffff].map(|half| u16::try_from(half).unwrap());
        for form in [
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, a, b),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
            Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1),
        ] {
            prop_assert_eq!(is_public(form.into()), is_public(inner.into()), "{}", form);
        }
    }

    /// What the standard library says of an address agrees with the table.
    #[test]
    fn what_is_public_is_nothing_that_the_standard_library_knows_as_closed(bits: u128, low: u32) {
        let (v4, v6) = (Ipv4Addr::from(low), Ipv6Addr::from(bits));
        if is_public(v4.into()) {
            prop_assert!(!(v4.is_private() || v4.is_loopback() || v4.is_link_local()
                || v4.is_broadcast() || v4.is_multicast() || v4.is_documentation()
                || v4.is_unspecified()));
        }
        if is_public(v6.into()) {
            prop_assert!(!(v6.is_loopback() || v6.is_multicast() || v6.is_unspecified()
                || v6.is_unique_local() || v6.is_unicast_link_local()));
        }
    }

    #[test]
    fn no_text_upsets_the_guard(text: String) {
        if let Ok((url, _)) = Guard::default().check_url(&text) {
            prop_assert_eq!(url.scheme(), "https");
        }
    }
}
