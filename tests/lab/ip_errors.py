"""icmp_errors.pcap and fragments.pcap: what the network does to DNS packets on their way.

icmp_errors: queries to a closed port, to an address that the router has no route to, and with a hop limit of one, over
both families, so that ICMP errors come back with the query quoted. fragments: NSD answers with 1.9 KB over links whose
MTU is 1280 bytes, so that each answer is two fragments; recorded where they arrive.
"""

from __future__ import annotations

import sys
from pathlib import Path

from netlab import Lab
from servers import start_nsd

DNS_CLIENT = str(Path(__file__).resolve().with_name("dns_message.py"))


def record_errors(lab: Lab) -> None:
    """Record ICMP and ICMPv6 errors."""
    client, router, server = lab.host("client"), lab.host("router"), lab.host("server")
    lab.link(client, "10.9.0.1/24 fd09::1/64", router, "10.9.0.2/24 fd09::2/64")
    lab.link(router, "10.8.0.1/24 fd08::1/64", server, "10.8.0.2/24 fd08::2/64")
    router.run("sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    for family, near, far in (("-4", "10.9.0.2", "10.8.0.1"), ("-6", "fd09::2", "fd08::1")):
        client.ip(family, "route", "add", "default", "via", near)
        server.ip(family, "route", "add", "default", "via", far)
    with lab.capture(client, "icmp_errors.pcap"):
        for address in ("10.8.0.2", "fd08::2", "203.0.113.5", "2001:db8:dead::5"):  # closed, closed, no route, no route
            client.dig("+time=1", f"@{address}", "www.lab.test", "A")
        for address in ("10.8.0.2", "fd08::2"):
            client.run(sys.executable, DNS_CLIENT, "--hop-limit", "1", address, "www.lab.test")
            client.run("ping", "-c", "2", "-i", "0.2", address)


def record_fragments(lab: Lab) -> None:
    """Record fragmented answers of both families."""
    client, server = lab.host("client2"), lab.host("server2")
    lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64", mtu=1280)
    start_nsd(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",))
    with lab.capture(client, "fragments.pcap"):
        for address in ("10.9.0.2", "fd09::2", "10.9.0.2", "fd09::2"):
            client.dig("+bufsize=4096", f"@{address}", "big.lab.test", "TXT")
            client.dig(f"@{address}", "www.lab.test", "A")


def main() -> None:
    """Record both captures."""
    with Lab() as lab:
        record_errors(lab)
    with Lab() as lab:
        record_fragments(lab)


if __name__ == "__main__":
    main()
