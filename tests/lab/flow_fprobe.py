"""flow_netflow1.pcap and flow_netflow7.pcap: fprobe exports what it sees, in the versions that others have left.

Pings and DNS over UDP and TCP go from 10.9.0.1 to 10.9.0.2; fprobe on 10.9.0.1 sees them, numbers its interfaces 3 and
4, and exports to a port of 10.9.0.2 that nobody listens on.
"""

from __future__ import annotations

import time
from pathlib import Path

from netlab import Host, Lab, stop, wait_until
from servers import start_named

VERSIONS = {"flow_netflow1.pcap": "1", "flow_netflow7.pcap": "7"}
RECEIVER = "10.9.0.2:2055"
SEEN = "ip and host 10.9.0.1 and not udp port 2055"
TIMERS = ("-s", "1", "-g", "1", "-d", "2", "-e", "3")
LARGEST_EMPTY_BYTES = 24
"""Of a capture without packets."""


def make_traffic(client: Host) -> None:
    """Pings, questions by UDP and by TCP."""
    client.run("ping", "-c", "3", "-i", "0.2", "10.9.0.2")
    for name in ("www.lab.test", "mail.lab.test", "missing.lab.test"):
        client.dig("@10.9.0.2", name, "A")
        client.dig("@10.9.0.2", "+tcp", name, "AAAA")


def record(lab: Lab, exporter: Host, collector: Host, name: str) -> None:
    """Capture what one fprobe exports; it does not fork while it logs to standard output."""
    options = ("-l", "2", "-i", "eth0", "-f", SEEN, "-x", "3:4", "-n", VERSIONS[name])
    with lab.capture(collector, name, expression="udp port 2055") as path:
        probe = lab.daemon(exporter, "fprobe", *options, *TIMERS, RECEIVER)
        time.sleep(2)
        make_traffic(exporter)
        wait_until(lambda: has_packets(path), "fprobe to export")
        time.sleep(2)
        stop(probe)


def has_packets(capture: Path) -> bool:
    """Whether there is anything behind the header of a capture."""
    return capture.stat().st_size > LARGEST_EMPTY_BYTES


def main() -> None:
    """Record both."""
    with Lab() as lab:
        exporter, collector = lab.host("exporter"), lab.host("collector")
        lab.link(exporter, "10.9.0.1/24", collector, "10.9.0.2/24")
        start_named(lab, collector, ("10.9.0.2",), ("lab.test",))
        for name in VERSIONS:
            record(lab, exporter, collector, name)


if __name__ == "__main__":
    main()
