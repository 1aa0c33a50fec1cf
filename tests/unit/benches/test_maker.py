"""The captures that `make bench` measures are made from the repository alone, always alike."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.commands import run

MAKER = Path(__file__).parents[3] / "benches" / "maker.py"
PACKETS, ATTACK_PACKETS, FLOOD_PACKETS = 20_000, 3_000, 1_000


def make(folder: Path) -> Path:
    sizes = ["--packets", str(PACKETS), "--attack-packets", str(ATTACK_PACKETS), "--flood-packets", str(FLOOD_PACKETS)]
    subprocess.run([sys.executable, str(MAKER), str(folder), *sizes], check=True)
    return folder


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("captures"))


def summary(capture: Path, hosts: str) -> Any:
    done = run("pktvisor-reader", "--periods", "1", "-H", hosts, capture)
    (period,) = json.loads(done.stdout).values()
    return period


def test_the_mix_has_its_shares(captures: Path) -> None:
    mix = summary(captures / "mix.pcap", "10.0.0.0/8")
    packets, dns = mix["packets"], mix["dns"]
    assert packets["total"] == PACKETS
    assert dns["wire_packets"]["total"] / PACKETS == pytest.approx(0.57, abs=0.02)
    assert packets["tcp"] / PACKETS == pytest.approx(0.38, abs=0.02)
    assert packets["ipv6"] / PACKETS == pytest.approx(0.05, abs=0.01)
    assert dns["wire_packets"]["nxdomain"] / dns["wire_packets"]["replies"] == pytest.approx(0.1, abs=0.02)
    # Two questions of one client may share port and identifier by chance; the first then counts as unanswered.
    without_question = dns["wire_packets"]["replies"] - dns["xact"]["counts"]["total"]
    assert 0 <= without_question <= dns["wire_packets"]["replies"] / 1000, "each answer has its question"
    assert dns["xact"]["out"]["quantiles_us"]["p50"] == pytest.approx(12_000, rel=0.1)


def test_nothing_repeats_in_the_attack(captures: Path) -> None:
    attack = summary(captures / "attack.pcap", "198.51.100.0/24")
    assert attack["packets"]["total"] == attack["dns"]["wire_packets"]["queries"] == ATTACK_PACKETS
    assert attack["dns"]["cardinality"]["qname"] == pytest.approx(ATTACK_PACKETS, rel=0.05)
    assert attack["packets"]["cardinality"]["src_ips_in"] == pytest.approx(ATTACK_PACKETS, rel=0.05)


def test_each_message_of_a_flood_is_of_another_client(captures: Path) -> None:
    questions = summary(captures / "questions.pcap", "198.51.100.0/24")
    assert questions["dns"]["wire_packets"]["queries"] == FLOOD_PACKETS
    assert questions["packets"]["cardinality"]["src_ips_in"] == pytest.approx(FLOOD_PACKETS, rel=0.05)
    requests = summary(captures / "requests.pcap", "10.0.0.0/8")
    assert requests["dhcp"]["wire_packets"]["request"] == requests["packets"]["total"] == FLOOD_PACKETS


def test_every_run_makes_the_same_bytes(captures: Path, tmp_path: Path) -> None:
    again = make(tmp_path)
    for name in ("mix.pcap", "attack.pcap", "questions.pcap", "requests.pcap"):
        one, other = (hashlib.sha256((folder / name).read_bytes()).digest() for folder in (captures, again))
        assert one == other, name
