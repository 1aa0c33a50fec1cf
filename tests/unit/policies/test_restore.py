"""Windows that one process saves read the same in another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.handlers import handler
from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import encode, policy_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import open_databases, run_file
from support.captures import FOLDER
from support.saved_windows import PACKETS, every_kind, fed

GEO = FOLDER.parent / "fixtures" / "geo"

WINDOWS = FOLDER.parent / "fixtures" / "windows"
VERSION_1 = WINDOWS / "version1"
"""Windows as the first version of the format wrote them, with what they showed; `every_kind` is their policy."""
VERSION_2 = WINDOWS / "version2"
"""The same as version 2 wrote them while groups counted ports exactly."""

OTHER: dict[str, Any] = {"names": {"cardinality": "dns.qname", "where": "dns.qtype == 1"}}


def document(snapshots: list[HandlerSnapshot]) -> Any:
    return policy_document(snapshots)


def make(groups: str = "all", periods: int = 5) -> Policy:
    """A policy of all handlers of both versions."""
    kinds = [("net", "1.0"), ("net", "2.0"), ("dns", "1.0"), ("dns", "2.0"), ("dhcp", "1.0")]
    enable = {name: [groups] if name != "dhcp" else [] for name, _ in kinds}
    instances = [
        Instance(f"{name}{version[0]}", handler(name, version)(HandlerSettings(enable=enable[name])))
        for name, version in kinds
    ]
    databases = open_databases(str(GEO / "city.mmdb"), str(GEO / "asn.mmdb"))
    return Policy("test", instances, periods=periods, is_recorded=True, databases=databases)


def filled(capture: str = "multi_window.pcap") -> Policy:
    policy = make()
    run_file(str(FOLDER / capture), policy, hosts="192.0.2.0/24,10.0.0.0/8")
    return policy


def save(policy: Policy) -> list[bytes]:
    saved = [policy.core.save_window(number) for number, _ in policy.core.windows()]
    return [one for one in saved if one is not None]


@pytest.mark.parametrize("capture", ["multi_window.pcap", "dns_resolver.pcap", "dhcp4.pcap"])
def test_closed_windows_read_the_same_after_a_restart(capture: str) -> None:
    before, after = filled(capture), make()
    assert after.core.restore(save(before)) == len(before.core.windows())
    for back in range(before.core.available()):
        # The last window of a file is closed, and a new one opens after it.
        assert document(after.bucket(back + 1, 0)) == document(before.bucket(back, 0))


def test_another_process_reads_them() -> None:
    """Hash seeds are random per process."""
    before = filled("dns_resolver.pcap")
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from unit.policies.test_restore import make; from pktvisor.outputs.json import encode, policy_document\n"
        "policy = make(); policy.core.restore([sys.stdin.buffer.read()])\n"
        "sys.stdout.buffer.write(encode(policy_document(policy.bucket(1, 0))))"
    )
    command, newest = [sys.executable, "-c", program], save(before)[-1]
    ran = subprocess.run(command, input=newest, capture_output=True, cwd=FOLDER.parents[1], check=True)
    assert ran.stdout == encode(document(before.bucket(0, 0)))


def test_numbers_grow_and_name_the_same_window_after_a_restart() -> None:
    before, after = filled(), make()
    numbers = [number for number, _ in before.core.windows()]
    assert numbers == sorted(set(numbers))
    after.core.restore(save(before))
    assert after.core.windows() == [(number, True) for number in numbers[-4:]]


def test_what_is_no_window_of_this_policy_is_left_out() -> None:
    saved = save(filled())
    damaged = bytes([*saved[0][:100], saved[0][100] ^ 1, *saved[0][101:]])
    other = every_kind(packets={"packets": {"counter": "packet", "where": "packet.bytes > 99"}}, messages=OTHER)
    assert other.core.restore(saved) == 0
    assert make().core.restore([b"", b"PKVW", saved[0][:-1], damaged]) == 0


def test_a_policy_with_fewer_groups_or_more_keeps_the_windows_of_what_it_still_measures() -> None:
    before, after, again = filled(), make(groups="counters"), make()
    newest = document(before.bucket(0, 0))["dns1"]["dns"]
    assert after.core.restore(save(before)) == 4
    kept = document(after.bucket(1, 0))["dns1"]["dns"]
    assert kept["wire_packets"].items() <= newest["wire_packets"].items()
    assert "top_qname_by_resp_bytes" not in kept
    assert again.core.restore(save(after)) == 4
    regained = document(again.bucket(1, 0))["dns1"]["dns"]
    assert regained["wire_packets"] == newest["wire_packets"]
    assert newest["top_qname_by_resp_bytes"]
    assert regained["top_qname_by_resp_bytes"] == []


def test_a_metric_more_leaves_all_others_as_they_were() -> None:
    before = fed(every_kind())
    more = {
        "first": {"rate": "packet.bytes"},
        **PACKETS,
        "kept_apart": {"counter": "packet", "by": "ip.src", "most_groups": 3},
    }
    after = every_kind(packets=more)
    assert after.core.restore(save(before)) == 4
    for back in range(4):
        expected, found = (document(one.bucket(at, 0)) for one, at in ((before, back), (after, back + 1)))
        packets = found["packets"]["custom"]
        assert packets.pop("first") == {"p50": 0, "p90": 0, "p95": 0, "p99": 0}
        for group in packets["ip_src"].values():
            assert group.pop("kept_apart") == 0
        assert found == expected


def test_what_is_counted_in_another_way_begins_anew_beside_what_is_not() -> None:
    before = fed(every_kind())
    after = every_kind(packets={**PACKETS, "packets": {"counter": "packet", "where": "packet.bytes > 99"}})
    assert after.core.restore(save(before)) == 4
    expected, found = document(before.bucket(0, 0)), document(after.bucket(1, 0))
    assert found["packets"]["custom"].pop("packets") == 0
    assert expected["packets"]["custom"].pop("packets") > 0
    assert found == expected


@pytest.mark.parametrize("folder", [VERSION_1, VERSION_2], ids=lambda folder: folder.name)
def test_windows_that_former_releases_wrote_are_read(folder: Path) -> None:
    policy = every_kind()
    assert policy.core.restore([(folder / f"{number}.window").read_bytes() for number in range(4)]) == 4
    for number in range(4):
        expected = json.loads((folder / f"{number}.json").read_text())
        assert document(policy.bucket(4 - number, 0)) == expected


def test_windows_that_version_1_wrote_are_written_anew() -> None:
    old, new = every_kind(), every_kind(packets={**PACKETS, "more": {"counter": "packet"}})
    old.core.restore([(VERSION_1 / "3.window").read_bytes()])
    assert new.core.restore(save(old)) == 1
    assert document(new.bucket(1, 0))["packets"]["custom"]["packets"] == 11


def test_once_there_are_windows_none_are_taken() -> None:
    policy = filled()
    with pytest.raises(_core.ConfigFault, match="before an input starts"):
        policy.core.restore([])


def test_a_window_that_is_no_more_can_not_be_saved() -> None:
    policy = filled()
    assert policy.core.save_window(1000) is None
    assert policy.core.window(1000) is None
