//! Visits to web servers: some requests over one TCP connection.

use super::frames::Script;
use super::random::Random;
use super::site::Site;
use super::tcp::{Connection, Side};

const MILLISECOND_NS: f64 = 1e6;
const MOST_RESPONSE_BYTES: f64 = 60_000.0;
const PORT_TLS: u16 = 443;
/// The record type and the version of application data (RFC 8446 section 5.1).
const TLS_DATA: [u8; 3] = [23, 3, 3];

/// Writes a visit.
pub fn visit(site: &Site, random: &mut Random, script: &mut Script) {
    let (path, server) = site.to_server(random);
    // How far a server is does not change much.
    let round_trip_ms = 4.0 + (server * 7 % 60) as f64;
    let round_trip_ns = (random.log_normal(round_trip_ms, 0.15) * MILLISECOND_NS) as u64;
    if random.happens(0.004) {
        return Connection::try_in_vain(script, path, random);
    }
    if random.happens(0.01) {
        return Connection::refuse(script, path, round_trip_ns, random);
    }
    let mut connection = Connection::open(script, path, round_trip_ns, 0, random);
    for _ in 0..=random.below(4) {
        let request_bytes = random.log_normal(420.0, 0.5).min(MOST_RESPONSE_BYTES);
        let response_bytes = random.log_normal(9_000.0, 1.3).clamp(120.0, MOST_RESPONSE_BYTES);
        connection.send(Side::Client, &content(path.destination.port, Side::Client, request_bytes as usize));
        connection.wait((random.log_normal(18.0, 0.8) * MILLISECOND_NS) as u64);
        connection.send(Side::Server, &content(path.destination.port, Side::Server, response_bytes as usize));
        connection.wait((random.exponential(120.0) * MILLISECOND_NS) as u64);
    }
    connection.close(random.happens(0.04));
}

/// What is said: encrypted, or a request or response of HTTP.
fn content(port: u16, from: Side, bytes: usize) -> Vec<u8> {
    let head: Vec<u8> = match (port, from) {
        (PORT_TLS, _) => [&TLS_DATA[..], &(bytes.min(1 << 14) as u16).to_be_bytes()].concat(),
        (_, Side::Client) => b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n".to_vec(),
        (_, Side::Server) => format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes(),
    };
    let mut content = head;
    content.resize(content.len().max(bytes), b'.');
    content
}
