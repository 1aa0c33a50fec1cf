"""Databases that are replaced under live traffic: no packet is lost, and a bad one changes nothing."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

from fixtures.geo import make
from support.daemon import Daemon, ask, daemon, eventually, needs_rights, silent_resolver
from support.written import file, policy

EACH = 20
"""Packets between two replacements."""


def write(path: Path, organization: str) -> None:
    """Put a database that knows the loopback network in the place of another."""
    network: make.Value = {"autonomous_system_number": 64500, "autonomous_system_organization": organization}
    draft = path.with_suffix(".draft")
    draft.write_bytes(make.database("Example-ASN", 4, [("127.0.0.0/8", network)]))
    draft.replace(path)


def packets(running: Daemon) -> Any:
    return running.get("/api/v1/metrics/bucket/0")["1m"]["packets"]


@needs_rights
def test_a_database_is_replaced_without_losing_a_packet(tmp_path: Path) -> None:
    path = tmp_path / "asn.mmdb"
    write(path, "Before")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.2", 0))
        options = ("--geo-asn", str(path), "--periods", "1", "-H", "127.0.0.2/32")
        with daemon(*options, "-b", f"udp dst port {sink.getsockname()[1]}", "lo") as running:
            ask(sink, EACH)
            eventually(lambda: packets(running)["total"] == EACH)
            write(path, "After")
            running.wait_for("asn.mmdb has changed and was read again")
            ask(sink, EACH)
            eventually(lambda: packets(running)["total"] == 2 * EACH)
            path.write_bytes(b"no database")
            running.process.send_signal(signal.SIGHUP)
            running.wait_for("asn.mmdb has changed but can't be used; the old one stays in use")
            ask(sink, EACH)
            eventually(lambda: packets(running)["total"] == 3 * EACH)
            counted = {entry["name"]: entry["estimate"] for entry in packets(running)["top_ASN"]}
            assert counted == {"64500/Before": EACH, "64500/After": 2 * EACH}
            assert running.stop() == 0
    assert running.log.count("can't be used") == 1


@needs_rights
def test_a_list_of_suffixes_is_replaced_without_losing_a_query(tmp_path: Path) -> None:
    path, config = tmp_path / "suffixes.dat", tmp_path / "edge.yaml"
    path.write_text("test\n")
    with silent_resolver() as resolver:
        port = resolver.getsockname()[1]
        modules = f"{{dns: {{type: dns, config: {{public_suffix_list: true, dns_ports: [{port}]}}}}}}"
        config.write_text(
            file(
                policy(modules=modules, window="window_config: {num_periods: 1}"),
                taps=f"eth: {{input_type: pcap, config: {{iface: lo, bpf: udp dst port {port}}}}}",
                more=f", config: {{suffix_list: {path}}}",
            )
        )
        with daemon("--config", str(config)) as running:

            def counted() -> dict[str, int]:
                document = running.get("/api/v1/policies/edge/metrics/bucket/0")["edge"]["edge-eth-dns"]["dns"]
                return {entry["name"]: entry["estimate"] for entry in document["top_qname2"]}

            ask(resolver, EACH)
            eventually(lambda: counted() == {"example.com": EACH})
            path.write_text("com\nexample.com\n")
            running.wait_for("suffixes.dat has changed and was read again")
            ask(resolver, EACH)
            eventually(lambda: sum(counted().values()) == 2 * EACH)
            path.write_text("com\n..\n")
            running.process.send_signal(signal.SIGHUP)
            running.wait_for(r"suffixes.dat:2: '\.\.' is no rule of a suffix list: a label is empty")
            ask(resolver, EACH)
            eventually(lambda: sum(counted().values()) == 3 * EACH)
            assert running.stop() == 0
