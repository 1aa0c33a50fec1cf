"""dns_dnssec.pcap: a signed zone asked with and without DO, directly and through a validating resolver.

BIND signs lab.test; unbound on the same machine holds its key as trust anchor and sets AD on validated answers.
"""

from __future__ import annotations

from netlab import Host, Lab, wait_until
from servers import start_named, start_unbound

QUESTIONS = (
    ("lab.test", "DNSKEY"),
    ("lab.test", "SOA"),
    ("www.lab.test", "A"),
    ("www.lab.test", "AAAA"),
    ("alias.lab.test", "A"),
    ("lab.test", "NS"),
    ("missing.lab.test", "A"),
    ("only4.lab.test", "AAAA"),
    ("x.wild.lab.test", "A"),
)


def trust_anchor(server: Host) -> str:
    """The zone's key-signing key as one line of unbound's configuration."""
    keys = server.dig("@10.9.0.2", "+short", "lab.test", "DNSKEY").splitlines()
    signing = next(key for key in keys if key.startswith("257 "))
    return f'trust-anchor: "lab.test. DNSKEY {signing}"'


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 10.9.0.4/24 fd09::2/64")
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",), signed=("lab.test",))
        wait_until(lambda: "RRSIG" in server.dig("@10.9.0.2", "+dnssec", "www.lab.test"), "the zone to be signed")
        stub = ("stub-zone:", '  name: "lab.test"', "  stub-addr: 10.9.0.2")
        start_unbound(lab, server, ("10.9.0.4",), "10.9.0.2", options=(trust_anchor(server), *stub))
        with lab.capture(client, "dns_dnssec.pcap"):
            for name, qtype in QUESTIONS:
                client.dig("@10.9.0.2", "+dnssec", name, qtype)
                client.dig("@10.9.0.4", "+dnssec", name, qtype)
            for name, qtype in QUESTIONS[::2]:
                client.dig("@10.9.0.2", name, qtype)
                client.dig("@fd09::2", "+dnssec", "+tcp", name, qtype)
                client.dig("@10.9.0.4", "+cdflag", "+dnssec", name, qtype)


if __name__ == "__main__":
    main()
