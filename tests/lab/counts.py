"""Count a capture with tshark, so that tests can compare pktvisor's own counts with an independent tool's.

    python3 tests/lab/counts.py [CAPTURE ...]      (all of tests/captures without arguments)

Writes NAME.counts.json beside each capture. Two passes: one without reassembly for everything up to the transport
layer (a fragment is then just a fragment), one with reassembly of fragments and TCP streams for messages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TypeAlias

CAPTURES = Path(__file__).resolve().parent.parent / "captures"
ENDINGS = (".pcap", ".pcapng", ".gz", ".zst", ".lz4")
DNS_RCODES = {"0": "NOERROR", "1": "FORMERR", "2": "SERVFAIL", "3": "NXDOMAIN", "4": "NOTIMP", "5": "REFUSED"}
DHCP_TYPES = ("", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")
DHCPV6_TYPES = ("", "SOLICIT", "ADVERTISE", "REQUEST", "CONFIRM", "RENEW", "REBIND", "REPLY", "RELEASE")
BGP_TYPES = ("", "OPEN", "UPDATE", "NOTIFICATION", "KEEPALIVE", "ROUTE-REFRESH")

Counts: TypeAlias = dict[str, object]
Row: TypeAlias = dict[str, str]

NO_REASSEMBLY = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE")
REASSEMBLY = ("tcp.reassemble_out_of_order:TRUE",)
CUT_FILE = "cut short in the middle of a packet"  # tshark still prints everything before the cut
FRAME_FIELDS = (
    "frame.len",
    "frame.time_epoch",
    "frame.protocols",
    "ip.flags.mf",
    "ip.frag_offset",
    "ipv6.fraghdr.nxt",
    "tcp.flags.syn",
    "tcp.flags.fin",
    "tcp.flags.reset",
)
DNS_FIELDS = (
    "frame.protocols",
    "dns.flags.response",
    "dns.flags.rcode",
    "dns.flags.truncated",
    "dns.flags.authoritative",
    "dns.flags.authenticated",
    "dns.qry.type",
    "dns.response_to",
    "dns.opt.client.addr4",
    "dns.opt.client.addr6",
)


def rows(capture: Path, preferences: tuple[str, ...], fields: tuple[str, ...], display_filter: str = "") -> list[Row]:
    """One dictionary per packet with the wanted fields; several values of one field are separated by commas."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]
    for preference in preferences:
        command += ["-o", preference]
    for field in fields:
        command += ["-e", field]
    if display_filter:
        command += ["-Y", display_filter]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 and CUT_FILE not in done.stderr:
        raise RuntimeError(f"tshark cannot read {capture}: {done.stderr.strip()}")
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in done.stdout.splitlines()]


def outer_layers(row: Row) -> set[str]:
    """Protocol names of a frame without what an ICMP error quotes or an sFlow sample carries."""
    layers: set[str] = set()
    for layer in row["frame.protocols"].split(":"):
        layers.add(layer)
        if layer in ("icmp", "icmpv6", "sflow"):
            break
    return layers


def frame_counts(capture: Path) -> Counts:
    """Packets, bytes, times and what each packet is, up to the transport layer."""
    packets = rows(capture, NO_REASSEMBLY, FRAME_FIELDS)
    counted: Counter[str] = Counter()
    for packet in packets:
        layers = outer_layers(packet)
        counted.update(layers & {"ip", "ipv6", "arp", "icmp", "icmpv6", "udp", "tcp", "vlan", "mpls", "pppoes"})
        counted["ip_fragments"] += "icmp" not in layers and is_ipv4_fragment(packet)
        counted["ipv6_fragments"] += packet["ipv6.fraghdr.nxt"] != ""
        for flag in ("syn", "fin", "reset"):
            counted[f"tcp_{flag}"] += "tcp" in layers and is_set(packet[f"tcp.flags.{flag}"])
    times = [packet["frame.time_epoch"] for packet in packets if packet["frame.time_epoch"]]
    return {
        "packets": len(packets),
        "wire_bytes": sum(int(packet["frame.len"]) for packet in packets),
        "first_time": min(times, key=float, default=""),
        "last_time": max(times, key=float, default=""),
        **{name: count for name, count in sorted(counted.items()) if count},
    }


def is_set(flag: str) -> bool:
    """Whether tshark printed a flag as set; its spelling changed between versions."""
    return flag.split(",")[0] in ("1", "True")


def is_ipv4_fragment(packet: Row) -> bool:
    """Whether the outermost IPv4 header is that of a fragment."""
    offset = packet["ip.frag_offset"].split(",")[0]
    return is_set(packet["ip.flags.mf"]) or offset not in ("", "0")


def dns_counts(capture: Path) -> Counts:
    """DNS messages (not packets): TCP streams and fragments are put together, quoted messages left out."""
    counted: Counter[str] = Counter()
    rcodes: Counter[str] = Counter()
    query_types: Counter[str] = Counter()
    for packet in rows(capture, REASSEMBLY, DNS_FIELDS, "dns and not icmp and not icmpv6 and not sflow"):
        responses = [is_set(value) for value in values(packet["dns.flags.response"])]
        counted["messages"] += len(responses)
        counted["queries"] += responses.count(False)
        counted["replies"] += responses.count(True)
        layers = outer_layers(packet)
        for layer in ("udp", "tcp", "ip", "ipv6"):
            counted[layer] += len(responses) if layer in layers else 0
        if all(responses):  # one packet goes one way, so its messages are all queries or all replies
            for flag in ("truncated", "authoritative", "authenticated"):
                counted[flag] += sum(is_set(value) for value in values(packet[f"dns.flags.{flag}"]))
        counted["answered_queries"] += len(values(packet["dns.response_to"]))
        for family in ("4", "6"):
            counted[f"ecs_ipv{family}"] += len(values(packet[f"dns.opt.client.addr{family}"]))
        rcodes.update(DNS_RCODES.get(value, value) for value in values(packet["dns.flags.rcode"]))
        query_types.update(values(packet["dns.qry.type"]))
    counts: Counts = {name: count for name, count in sorted(counted.items()) if count}
    if counts:
        counts |= {"reply_codes": dict(sorted(rcodes.items())), "types_asked": dict(sorted(query_types.items()))}
    return counts


def values(field: str) -> list[str]:
    """The values of one field of one packet."""
    return field.split(",") if field else []


def dhcp_counts(capture: Path) -> Counts:
    """DHCP messages by type, version 4 and 6."""
    version4 = rows(capture, REASSEMBLY, ("dhcp.option.dhcp",), "dhcp")
    version6 = rows(capture, REASSEMBLY, ("dhcpv6.msgtype",), "dhcpv6")
    counts: Counts = {}
    if version4:
        counts["dhcp"] = dict(sorted(Counter(DHCP_TYPES[int(row["dhcp.option.dhcp"])] for row in version4).items()))
    if version6:
        counts["dhcpv6"] = dict(sorted(Counter(DHCPV6_TYPES[int(row["dhcpv6.msgtype"])] for row in version6).items()))
    return counts


def bgp_counts(capture: Path) -> Counts:
    """BGP messages by type, several of which may come in one segment."""
    messages = rows(capture, REASSEMBLY, ("bgp.type",), "bgp")
    types = Counter(BGP_TYPES[int(value)] for row in messages for value in values(row["bgp.type"]))
    return {"bgp": dict(sorted(types.items()))} if types else {}


def flow_counts(capture: Path) -> Counts:
    """Flow records of NetFlow and IPFIX with the packets and bytes that they speak of; samples of sFlow."""
    records = rows(capture, (), ("cflow.version", "cflow.packets", "cflow.octets"), "cflow")
    samples = rows(capture, (), ("sflow_245.numsamples",), "sflow")
    counts: Counts = {}
    if records:
        packets = [int(value) for row in records for value in values(row["cflow.packets"])]
        octets = [int(value) for row in records for value in values(row["cflow.octets"])]
        version = int(records[0]["cflow.version"])
        counts["flow"] = {"version": version, "records": len(packets), "packets": sum(packets), "bytes": sum(octets)}
    if samples:
        counts["sflow_samples"] = sum(int(values(row["sflow_245.numsamples"])[0]) for row in samples)
    return counts


def count(capture: Path) -> Counts:
    """Everything that is counted of one capture."""
    counts = {"capture": capture.name, **frame_counts(capture)}
    for protocol_counts in (dhcp_counts, bgp_counts, flow_counts):
        counts |= protocol_counts(capture)
    dns = dns_counts(capture)
    return counts | ({"dns": dns} if dns else {})


def counts_path(capture: Path) -> Path:
    """Where the counts of `capture` are kept: NAME.counts.json, whatever endings the capture has."""
    return capture.with_name(capture.name.split(".")[0] + ".counts.json")


def main(arguments: list[str]) -> None:
    """Count the named captures, or all of them."""
    everything = sorted(path for path in CAPTURES.iterdir() if path.suffix in ENDINGS)
    for capture in [Path(argument) for argument in arguments] or everything:
        counts_path(capture).write_text(json.dumps(count(capture), indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
