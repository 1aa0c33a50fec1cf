"""dns_tcp.pcap: DNS over TCP with more than one message per connection, in order, pipelined, and a zone transfer."""

from __future__ import annotations

import sys
from pathlib import Path

from netlab import Lab
from servers import start_named

PIPELINED_CLIENT = str(Path(__file__).resolve().with_name("dns_message.py"))
NAMES = ("www.lab.test", "mail.lab.test", "missing.lab.test", "a.wild.lab.test", "alias.lab.test", "only4.lab.test")


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",))
        with lab.capture(client, "dns_tcp.pcap", "--nano"):
            for address in ("10.9.0.2", "fd09::2"):
                client.run(sys.executable, PIPELINED_CLIENT, address, *NAMES)
                client.dig("+tcp", "+keepopen", f"@{address}", *NAMES)  # one after the other on one connection
            client.dig("+tcp", "@10.9.0.2", "big.lab.test", "TXT")
            client.dig("@10.9.0.2", "lab.test", "AXFR")


if __name__ == "__main__":
    main()
