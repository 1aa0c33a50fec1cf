"""tunnel_vxlan.pcap: DNS between two hosts of a VXLAN, captured on the network between the tunnel's ends.

The tunnel is that of Linux, network 77 between 10.8.0.1 and 10.8.0.2; inside are client 10.9.0.1 / fd09::1 and server
10.9.0.2 / fd09::2, whose ARP and neighbour discovery go through it, too.
"""

from __future__ import annotations

from netlab import Host, Lab
from servers import start_named

NETWORK = "77"
ENDS = ("10.8.0.1", "10.8.0.2")
INSIDE = ("10.9.0.1/24 fd09::1/64", "10.9.0.2/24 fd09::2/64")


def join(host: Host, own_end: str, other_end: str, addresses: str) -> None:
    """Give a host its end of the tunnel."""
    ends = ("local", own_end, "remote", other_end, "dstport", "4789", "dev", "eth0")
    host.ip("link", "add", "vx0", "type", "vxlan", "id", NETWORK, *ends)
    host.ip("link", "set", "vx0", "up")
    for address in addresses.split():
        host.ip("addr", "add", address, "dev", "vx0", *(["nodad"] if ":" in address else []))


def main() -> None:
    """Record it."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, f"{ENDS[0]}/24", server, f"{ENDS[1]}/24")
        join(client, ENDS[0], ENDS[1], INSIDE[0])
        join(server, ENDS[1], ENDS[0], INSIDE[1])
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",))
        with lab.capture(server, "tunnel_vxlan.pcap", expression="udp port 4789"):
            for address in ("10.9.0.2", "fd09::2"):
                client.dig(f"@{address}", "www.lab.test", "A")
                client.dig(f"@{address}", "missing.lab.test", "AAAA")
                client.dig(f"@{address}", "+tcp", "www.lab.test", "MX")
            client.run("ping", "-c", "1", "10.9.0.2")


if __name__ == "__main__":
    main()
