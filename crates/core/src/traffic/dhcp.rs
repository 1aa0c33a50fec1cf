//! Leases of IPv4 addresses (RFC 2131): the first four messages, or two to renew one.

use super::frames::Script;
use super::random::Random;
use super::site::{Client, DHCP_SERVER, Site};

const MAGIC: [u8; 4] = [99, 130, 83, 99];
const LEASE_SECONDS: u32 = 3600;
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACKNOWLEDGE: u8 = 5;

/// Writes the exchange by which a client gets, or keeps, its address.
pub fn lease(site: &Site, random: &mut Random, script: &mut Script) {
    let client = site.client(random);
    let identifier = random.number() as u32;
    let is_renewal = random.happens(0.7);
    let mut at_ns = 0;
    let steps: &[[u8; 2]] =
        if is_renewal { &[[REQUEST, ACKNOWLEDGE]] } else { &[[DISCOVER, OFFER], [REQUEST, ACKNOWLEDGE]] };
    for [asks, answers] in steps {
        let asked = message(client, identifier, *asks, is_renewal);
        script.push((at_ns, site.to_dhcp_server(client, is_renewal).udp(&asked)));
        at_ns += (random.log_normal(1.5, 0.6) * 1e6) as u64;
        script.push((at_ns, site.of_dhcp_server(client).udp(&message(client, identifier, *answers, is_renewal))));
        at_ns += (random.log_normal(4.0, 0.5) * 1e6) as u64;
    }
}

fn message(client: Client, identifier: u32, kind: u8, is_renewal: bool) -> Vec<u8> {
    let is_answer = matches!(kind, OFFER | ACKNOWLEDGE);
    let mut message = vec![if is_answer { 2 } else { 1 }, 1, 6, 0];
    message.extend(identifier.to_be_bytes());
    message.extend([0; 4]);
    message.extend(if is_renewal { client.octets() } else { [0; 4] });
    message.extend(if is_answer { client.octets() } else { [0; 4] });
    message.extend([0; 8]);
    message.extend(client.mac);
    message.resize(236, 0);
    message.extend(MAGIC);
    message.extend([53, 1, kind]);
    if is_answer {
        message.extend([&[54, 4][..], &DHCP_SERVER.octets(), &[51, 4], &LEASE_SECONDS.to_be_bytes()].concat());
    } else {
        let name = format!("host-{:02}", client.number);
        message.extend([&[12, name.len() as u8][..], name.as_bytes(), &[55, 3, 1, 3, 6]].concat());
        if kind == REQUEST && !is_renewal {
            message.extend([&[50, 4][..], &client.octets(), &[54, 4], &DHCP_SERVER.octets()].concat());
        }
    }
    message.push(255);
    message
}
