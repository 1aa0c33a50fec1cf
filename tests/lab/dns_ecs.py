"""dns_ecs.pcap: EDNS Client Subnet, both families and many prefix lengths, alone and after other EDNS options.

BIND echoes the option with scope 0. dig writes NSID and the cookie before the subnet and padding after it, so the
subnet is the first, a middle or the last option.
"""

from __future__ import annotations

from netlab import Lab
from servers import start_named

SUBNETS = (
    "198.51.100.0/24",
    "198.51.100.77/32",
    "203.0.112.0/20",
    "192.0.2.128/25",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "2001:db8:aa00::/40",
    "2001:db8:1234::/48",
    "2001:db8:1234:5600::/56",
    "2001:db8:1234:5678::/64",
    "2001:db8::1234:5678:9abc:def0/128",
    "::/0",
)
OTHER_OPTIONS = (("+nocookie",), ("+cookie",), ("+nocookie", "+nsid"), ("+cookie", "+nsid", "+padding=128"))


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",), options='server-id "lab";')
        with lab.capture(client, "dns_ecs.pcap"):
            for number, subnet in enumerate(SUBNETS):
                for options in OTHER_OPTIONS:
                    client.dig("@10.9.0.2", *options, f"+subnet={subnet}", f"host{number}.wild.lab.test", "A")
                client.dig("@fd09::2", "+tcp", f"+subnet={subnet}", f"host{number}.wild.lab.test", "A")
            client.dig("@10.9.0.2", "+nocookie", "host.wild.lab.test", "A")


if __name__ == "__main__":
    main()
