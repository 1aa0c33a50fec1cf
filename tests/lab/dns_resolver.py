"""dns_resolver.pcap: a recursive resolver seen on both of its links, with names that nobody answers.

client 10.9.0.1 - 10.9.0.2 unbound 10.8.0.1 - 10.8.0.2 BIND (root, test, lab.test). With host 10.9.0.2 and 10.8.0.1
(10.9.0.2/32,10.8.0.1/32) queries of the client come in and queries to BIND go out. silent.test is delegated to an
address that takes packets and never answers; broken.test to an NSD that refuses it.
"""

from __future__ import annotations

import subprocess

from netlab import CAPTURES, Host, Lab, keep
from servers import start_named, start_nsd, start_unbound

NAMES = ("www.lab.test", "mail.lab.test", "alias2.lab.test", "missing.lab.test", "only4.lab.test", "h.wild.lab.test")
BLACK_HOLE_MAC = "02:00:00:00:00:09"


def ask_everything(client: Host) -> None:
    """Ask names that resolve, fresh and from the cache, and names that cannot."""
    for name in NAMES:
        client.dig("@10.9.0.2", name, "A")
        client.dig("@10.9.0.2", name, "AAAA")
    client.dig("@10.9.0.2", "shop.west.example.co.uk", "A")
    client.dig("@10.9.0.2", "80.2.0.192.in-addr.arpa", "PTR")
    client.dig("@10.9.0.2", "big.lab.test", "TXT")
    for name in NAMES[:3]:
        client.dig("@10.9.0.2", name, "A")  # from the cache
        client.dig("+tcp", "@fd09::2", name, "A")
    client.dig("+time=5", "@10.9.0.2", "www.broken.test", "A")  # SERVFAIL
    client.dig("@10.9.0.2", "www.silent.test", "A")  # unbound is still trying when the client gives up
    client.dig("+time=1", "@10.9.0.77", "www.lab.test", "A")  # nobody there


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, resolver, server = lab.host("client"), lab.host("resolver"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", resolver, "10.9.0.2/24 fd09::2/64")
        lab.link(resolver, "10.8.0.1/24", server, "10.8.0.2/24 10.8.0.3/24")
        resolver.ip("neigh", "add", "10.8.0.9", "lladdr", BLACK_HOLE_MAC, "dev", "eth1")
        client.ip("neigh", "add", "10.9.0.77", "lladdr", BLACK_HOLE_MAC, "dev", "eth0")
        zones = ("root", "test", "lab.test", "example.co.uk", "2.0.192.in-addr.arpa")
        start_named(lab, server, ("10.8.0.2",), zones)
        start_nsd(lab, server, ("10.8.0.3",), ("lab.test",))
        start_unbound(lab, resolver, ("10.9.0.2", "fd09::2"), "10.8.0.2", options=("qname-minimisation: no",))
        with (
            lab.capture_raw(resolver, "inside.pcap") as inside,
            lab.capture_raw(resolver, "outside.pcap", interface="eth1") as outside,
        ):
            ask_everything(client)
        merged = lab.folder / "dns_resolver.pcap"
        subprocess.run(["mergecap", "-F", "pcap", "-w", merged, inside, outside], check=True)
        keep(merged, CAPTURES / merged.name)


if __name__ == "__main__":
    main()
