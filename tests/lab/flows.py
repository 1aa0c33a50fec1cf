"""flow_netflow5.pcap, flow_netflow9.pcap, flow_ipfix.pcap and flow_sflow.pcap: flow records on their way.

softflowd reads tcp_web.pcap, dns_authoritative.pcap and icmp_errors.pcap and exports their flows as NetFlow 5, NetFlow
9 and IPFIX; pmacctd's sfprobe samples live DNS queries as sFlow 5. All go to a port of 10.9.0.2 that nobody listens
on, and are captured there.
"""

from __future__ import annotations

import time

from netlab import CAPTURES, Host, Lab, wait_until
from servers import start_named

SOURCES = ("tcp_web.pcap", "dns_authoritative.pcap", "icmp_errors.pcap")
VERSIONS = {"flow_netflow5.pcap": "5", "flow_netflow9.pcap": "9", "flow_ipfix.pcap": "10"}
PORTS = {"flow_netflow5.pcap": 2055, "flow_netflow9.pcap": 2055, "flow_ipfix.pcap": 4739}
SFLOW = """
daemonize: false
pcap_interface: eth0
pcap_filter: not udp port 6343
aggregate: src_host, dst_host, src_port, dst_port, proto
plugins: sfprobe[s]
sfprobe_receiver[s]: 10.9.0.2:6343
sfprobe_agentip[s]: 10.9.0.1
sampling_rate[s]: 2
"""


def export(exporter: Host, version: str, port: int) -> None:
    """Let softflowd export the flows of each source file."""
    for source in SOURCES:
        exporter.run("softflowd", "-d", "-r", str(CAPTURES / source), "-n", f"10.9.0.2:{port}", "-v", version)


def record_sflow(lab: Lab, exporter: Host, collector: Host) -> None:
    """Let pmacctd sample real traffic while it is made."""
    start_named(lab, collector, ("10.9.0.2", "fd09::2"), ("lab.test",))
    with lab.capture(collector, "flow_sflow.pcap", expression="udp port 6343"):
        lab.daemon(exporter, "pmacctd", "-f", str(lab.write("sflow.conf", SFLOW)))
        wait_until(lambda: "sFlow Probe" in exporter.run("ps", "-e", "-o", "args"), "pmacctd to start")
        time.sleep(1)
        for _ in range(12):
            exporter.dig("@10.9.0.2", "www.lab.test", "A")
            exporter.dig("@fd09::2", "+tcp", "www.lab.test", "AAAA")
        time.sleep(3)


def main() -> None:
    """Record all four."""
    with Lab() as lab:
        exporter, collector = lab.host("exporter"), lab.host("collector")
        lab.link(exporter, "10.9.0.1/24 fd09::1/64", collector, "10.9.0.2/24 fd09::2/64")
        for name, version in VERSIONS.items():
            with lab.capture(collector, name, expression=f"udp port {PORTS[name]}"):
                export(exporter, version, PORTS[name])
        record_sflow(lab, exporter, collector)


if __name__ == "__main__":
    main()
