"""flow_ovs_sflow.pcap, flow_ovs_netflow5.pcap and flow_ovs_ipfix.pcap: what Open vSwitch tells of the same traffic.

client 10.9.0.1 - switch - server 10.9.0.2, both families: DNS over UDP and TCP, pings. The switch forwards in user
space and exports to 10.4.0.2 over a link of its own: every second packet as a sample of sFlow 5 with counters of ports,
all flows as NetFlow 5, those of every third packet as IPFIX.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from netlab import Host, Lab, wait_until
from servers import start_named

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
COLLECTOR = "10.4.0.2"
PORTS = {"flow_ovs_sflow.pcap": 6343, "flow_ovs_netflow5.pcap": 2055, "flow_ovs_ipfix.pcap": 4739}
AGENT = "eth2"
EXPORTS = f"""
 -- set bridge br0 sflow=@sflow netflow=@netflow ipfix=@ipfix
 -- --id=@sflow create sflow agent={AGENT} target="{COLLECTOR}:6343" header=128 sampling=2 polling=3
 -- --id=@netflow create netflow target="{COLLECTOR}:2055" active-timeout=2
 -- --id=@ipfix create IPFIX target="{COLLECTOR}:4739" obs_domain_id=7 obs_point_id=8 cache_active_timeout=3 sampling=3
"""


def start_switch(lab: Lab, switch: Host) -> None:
    """Start Open vSwitch with a bridge of both links; it forwards by itself, without the kernel's help."""
    data, socket = lab.folder / "switch.db", lab.folder / "switch.sock"
    switch.run("ovsdb-tool", "create", str(data), SCHEMA)
    start(lab, switch, "ovsdb-server", str(data), f"--remote=punix:{socket}")
    wait_until(socket.exists, "the switch's database")
    set_up(switch, socket, "--no-wait init")
    start(lab, switch, "ovs-vswitchd", f"unix:{socket}")
    set_up(switch, socket, "add-br br0 -- set bridge br0 datapath_type=netdev")
    set_up(switch, socket, "add-port br0 eth0 -- add-port br0 eth1")
    set_up(switch, socket, EXPORTS)


def start(lab: Lab, switch: Host, program: str, *arguments: str) -> None:
    """Start a daemon of the switch, whose files lie in the lab's folder."""
    control = f"--unixctl={lab.folder / program}.ctl"
    lab.daemon(switch, program, *arguments, control, f"--pidfile={lab.folder / program}.pid")


def set_up(switch: Host, socket: Path, line: str) -> None:
    """Change the switch's configuration, and wait until it has done so."""
    switch.run("ovs-vsctl", f"--db=unix:{socket}", "--timeout=20", *line.split())


def main() -> None:
    """Record all three."""
    with Lab() as lab:
        client, switch, server, collector = (lab.host(name) for name in ("client", "switch", "server", "collector"))
        lab.link(switch, "", client, "10.9.0.1/24 fd09::1/64")
        lab.link(switch, "", server, "10.9.0.2/24 fd09::2/64")
        lab.link(switch, "10.4.0.1/24", collector, "10.4.0.2/24")
        start_switch(lab, switch)
        start_named(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",))
        with contextlib.ExitStack() as captures:
            for name, port in PORTS.items():
                captures.enter_context(lab.capture(collector, name, expression=f"udp port {port}"))
            for address in ("10.9.0.2", "fd09::2"):
                client.run("ping", "-c", "3", "-i", "0.2", address)
                for name in ("www.lab.test", "missing.lab.test"):
                    client.dig(f"@{address}", name, "A")
                    client.dig(f"@{address}", "+tcp", name, "AAAA")
            time.sleep(6)


if __name__ == "__main__":
    main()
