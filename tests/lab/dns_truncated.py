"""dns_truncated.pcap: answers too big for UDP come with TC set, and the client asks again over TCP."""

from __future__ import annotations

from netlab import Lab
from servers import start_named


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",))
        with lab.capture(client, "dns_truncated.pcap"):
            for address in ("10.9.0.2", "fd09::2"):
                client.dig(f"@{address}", "big.lab.test", "TXT")  # TC, then TCP
                client.dig(f"@{address}", "+ignore", "big.lab.test", "TXT")  # TC and no second try
                client.dig(f"@{address}", "+noedns", "+ignore", "big.lab.test", "TXT")  # TC at 512 bytes
                client.dig(f"@{address}", "www.lab.test", "A")


if __name__ == "__main__":
    main()
