"""dns_authoritative.pcap: every common record type and response code from authoritative servers.

BIND answers on port 53 over IPv4 and IPv6, UDP and TCP; NSD answers on a second address and refuses foreign names.
"""

from __future__ import annotations

from netlab import Host, Lab
from servers import start_named, start_nsd

ZONES = ("lab.test", "example.co.uk", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
QUESTIONS = (
    ("www.lab.test", "A"),
    ("www.lab.test", "AAAA"),
    ("lab.test", "MX"),
    ("lab.test", "TXT"),
    ("lab.test", "NS"),
    ("lab.test", "SOA"),
    ("lab.test", "HTTPS"),
    ("alias2.lab.test", "A"),
    ("alias.lab.test", "CNAME"),
    ("_sip._udp.lab.test", "SRV"),
    ("caa.lab.test", "CAA"),
    ("naptr.lab.test", "NAPTR"),
    ("80.2.0.192.in-addr.arpa", "PTR"),
    ("0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR"),
    ("host1.wild.lab.test", "A"),
    ("a.very.deep.name.with.many.labels.in.it.lab.test", "A"),
    ("shop.west.example.co.uk", "A"),
    ("WwW.lAb.TeSt", "A"),
    ("MAIL.LAB.TEST", "AAAA"),
    ("only4.lab.test", "AAAA"),  # exists, but not with this type
    ("missing.lab.test", "A"),
    ("Missing.Deeper.LAB.test", "MX"),
    ("ns.dead.lab.test", "TXT"),  # below a delegation: a referral, no answer
)


def ask_everything(client: Host) -> None:
    """Ask all over IPv4, and part of it over IPv6, over TCP, without EDNS, and of the server that refuses."""
    for name, qtype in QUESTIONS:
        client.dig("@10.9.0.2", name, qtype)
    for name, qtype in QUESTIONS[::2]:
        client.dig("@fd09::2", name, qtype)
    for name, qtype in QUESTIONS[::3]:
        client.dig("+tcp", "@10.9.0.2", name, qtype)
        client.dig("+tcp", "@fd09::2", name, qtype)
    for name, qtype in QUESTIONS[:4]:
        client.dig("+noedns", "+norecurse", "@10.9.0.2", name, qtype)
    for name in ("www.example.org", "api.service.example.net"):
        client.dig("@10.9.0.3", name, "A")
        client.dig("@fd09::3", name, "AAAA")
    client.dig("@10.9.0.3", "www.lab.test", "A")
    client.dig("+edns=1", "+noednsneg", "@10.9.0.2", "www.lab.test", "A")  # BADVERS
    client.dig("+opcode=status", "@10.9.0.2", "lab.test", "SOA")  # NOTIMP
    client.dig("@10.9.0.2", "version.bind", "TXT", "CH")


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 10.9.0.3/24 fd09::2/64 fd09::3/64")
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ZONES)
        start_nsd(lab, server, ("10.9.0.3", "fd09::3"), ("lab.test",))
        with lab.capture(client, "dns_authoritative.pcap"):
            ask_everything(client)


if __name__ == "__main__":
    main()
