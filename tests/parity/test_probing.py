"""DNS known by its content (`dns_ports: any`) on captures of others, against what its ports say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pytest

from parity.answers import CAPTURES, WHY_SKIPPED
from pktvisor import _core
from pktvisor.config.ports import ANY_PORT, port_options

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason=WHY_SKIPPED)

USUAL = port_options()["dns"].usual
NOBODYS_PORT = 1
"""Beside any port: it stands instead of the usual ones, so that content alone tells."""


def messages(path: Path, ports: Sequence[int]) -> Counter[int]:
    """Readable DNS messages by the server's port."""
    reader = _core.BatchReader([str(path)], hosts=[], ports={"dns": ports})
    found: Counter[int] = Counter()
    while (batch := reader.next_batch()) is not None:
        table = pyarrow.table(batch.dns)
        rows = zip(table["dns.server_port"].to_pylist(), table["dns.parsed"].to_pylist(), strict=True)
        found.update(port for port, is_parsed in rows if is_parsed)
    return found


@pytest.mark.parametrize("name", ["dns_ipv4_udp", "dns_ipv4_tcp", "dns_udp_tcp_random", "ecs"])
def test_content_finds_nearly_all_that_ports_find(name: str) -> None:
    path = CAPTURES / f"{name}.pcap"
    by_port, by_content = messages(path, USUAL).total(), messages(path, [ANY_PORT, NOBODYS_PORT]).total()
    assert by_port > 0
    assert 0.95 * by_port <= by_content <= by_port


@pytest.mark.parametrize("path", sorted(CAPTURES.rglob("*.pcap")), ids=lambda path: path.stem)
def test_nothing_else_is_taken_for_dns(path: Path) -> None:
    strange = messages(path, [ANY_PORT, NOBODYS_PORT]).keys() - set(USUAL)
    assert not strange, f"DNS on ports {strange}"
