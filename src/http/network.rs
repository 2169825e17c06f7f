//! From which network a request comes: for rate limits only, in passing, never logged or stored.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::{Ipv4Net, Ipv6Net};

use crate::config::Web;
use crate::error::Error;

/// Addresses that one guesser can easily change between count as one: an IPv4 /24, an IPv6 /48.
const V4_PREFIX_BITS: u8 = 24;
/// What a provider hands one customer at the most.
const V6_PREFIX_BITS: u8 = 48;

/// A network's address. Not `Debug`, so that it does not slip into a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(Ipv4Net::new(v4, V4_PREFIX_BITS).map_or(v4, |net| net.network()).into()),
            IpAddr::V6(v6) => Self(Ipv6Net::new(v6, V6_PREFIX_BITS).map_or(v6, |net| net.network()).into()),
        }
    }
}

/// The network that a request comes from; none when it cannot be told.
#[derive(Clone, Copy)]
pub struct ClientNetwork(pub Option<Network>);

impl FromRequest for ClientNetwork {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let web = req.app_data::<web::Data<Web>>();
        let peer = req.peer_addr().map(|address| address.ip().to_canonical());
        let forwarded = req.headers().get_all("X-Forwarded-For").map(|value| String::from_utf8_lossy(value.as_bytes()));
        let hops: Vec<String> =
            forwarded.flat_map(|value| value.split(',').map(|hop| hop.trim().to_owned()).collect::<Vec<_>>()).collect();
        ready(Ok(Self(peer.map(|peer| Network::of(client(peer, &hops, |ip| web.is_some_and(|web| web.trusts(ip))))))))
    }
}

/// The last hop that none of our proxies vouches for. A client can write anything to the left of what a proxy appends.
fn client(peer: IpAddr, hops: &[String], trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer;
    for hop in hops.iter().rev() {
        if !trusted(address) {
            break;
        }
        let Ok(next) = hop.parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, hops: &[&str], expected: &str) {
        let trusted = |ip: IpAddr| ip == IpAddr::from([127, 0, 0, 1]);
        let hops = hops.iter().map(|hop| (*hop).to_owned()).collect::<Vec<_>>();
        assert_eq!(client(peer.parse().unwrap(), &hops, trusted), expected.parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        check("203.0.113.9", &["1.1.1.1"], "203.0.113.9");
        check("127.0.0.1", &["1.1.1.1"], "1.1.1.1");
        check("127.0.0.1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1");
        check("127.0.0.1", &["1.1.1.1", "nonsense"], "127.0.0.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }

    #[test]
    fn neighbours_are_one_network() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert!(network("203.0.113.1") == network("203.0.113.254"));
        assert!(network("203.0.113.1") != network("203.0.114.1"));
        assert!(network("2001:db8:1::1") == network("2001:db8:1:ffff::1"));
        assert!(network("::ffff:203.0.113.1") == network("203.0.113.1"));
    }
}
