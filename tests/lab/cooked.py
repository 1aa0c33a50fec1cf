"""cooked_sll.pcap, cooked_sll2.pcap and cooked_ethernet.pcap: one exchange, captured three ways on a router.

The first two are captured on the pseudo-interface "any" as Linux cooked v1 and v2: every forwarded packet is there
twice, coming in and going out, as are packets on loopback. The third is the Ethernet interface towards the client.
"""

from __future__ import annotations

from netlab import Lab
from servers import start_named

FILTER = "ip or ip6"


def main() -> None:
    """Record the three captures at once."""
    with Lab() as lab:
        client, router, server = lab.host("client"), lab.host("router"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", router, "10.9.0.2/24 fd09::2/64")
        lab.link(router, "10.8.0.1/24 fd08::1/64", server, "10.8.0.2/24 fd08::2/64")
        router.run("sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for family, near, far in (("-4", "10.9.0.2", "10.8.0.1"), ("-6", "fd09::2", "fd08::1")):
            client.ip(family, "route", "add", "default", "via", near)
            server.ip(family, "route", "add", "default", "via", far)
        start_named(lab, server, ("10.8.0.2", "fd08::2"), ("lab.test",))
        with (
            lab.capture(router, "cooked_sll.pcap", "-y", "LINUX_SLL", interface="any", expression=FILTER),
            lab.capture(router, "cooked_sll2.pcap", "-y", "LINUX_SLL2", interface="any", expression=FILTER),
            lab.capture(router, "cooked_ethernet.pcap", expression=FILTER),
        ):
            for address in ("10.8.0.2", "fd08::2"):
                client.dig(f"@{address}", "www.lab.test", "A")
                client.dig(f"@{address}", "+tcp", "missing.lab.test", "AAAA")
            router.run("ping", "-c", "1", "127.0.0.1")


if __name__ == "__main__":
    main()
