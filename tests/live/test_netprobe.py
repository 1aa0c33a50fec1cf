"""Probes of a neighbour in a namespace of its own: what comes of them is what it does."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core
from pktvisor.errors import RightsError
from support import echo_responder
from support.live import eventually
from support.namespaces import in_namespace, neighbour
from support.probing import Probing, probing

CLONE_NEWNS = 0x00020000
LATE_S = 1.5
"""How long the neighbour waits with what it answers late."""
HERE, THERE, THERE_V6, NOBODY, NO_ROUTE = "10.9.0.1", "10.9.0.2", "fd09::2", "10.9.0.77", "203.0.113.7"
GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")
PORT = 7070
SERVER = (
    f"import socket, time; server = socket.create_server(('', {PORT})); print('ready', flush=True); time.sleep(1e6)"
)


def with_neighbour(story: Callable[[list[str]], None]) -> None:
    """Run a story in a namespace that has a neighbour; it gets the words that begin a command there."""

    def whole() -> None:
        with neighbour() as there:
            story(there)

    in_namespace(whole)


@contextmanager
def at_work(command: Sequence[str]) -> Iterator[None]:
    """Have a command run that says when it is ready."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


def told(probes: Probing, *, sent: int) -> dict[str, Any]:
    """What is told of each target once so many probes are sent."""
    eventually(lambda: probes.ledger["probes.sent"] >= sent)
    probes.source.stop()
    ledger = probes.ledger
    assert ledger["seen"] == ledger["decoded"] + ledger["filtered"] + ledger["malformed"]
    found = probes.targets()
    assert sum(one["attempts"] for one in found.values()) == ledger["probes.sent"]
    return found


def ask_nobody(resolver: Path) -> None:
    """Have this thread and those that it starts ask a name server that does not answer, for long."""
    assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == 0
    resolver.write_text(f"nameserver {NOBODY}\noptions timeout:30 attempts:5\n")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)


def threads() -> set[str]:
    """The names of this process's threads."""
    return {file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")}


def ping_others(count: int) -> None:
    """Ping the neighbour as another program does."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as wire:
        wire.settimeout(20)
        for sequence in range(count):
            message = bytes([8, 0, 0, 0, 9, 9, 0, sequence, *bytes(16)])
            sum_ = echo_responder.checksum(message)
            wire.sendto(message[:2] + sum_.to_bytes(2, "big") + message[4:], (THERE, 0))
            wire.recvfrom(2048)


@pytest.mark.parametrize("groups", ["1\t0", "0\t2147483647"], ids=["raw sockets", "sockets without rights"])
def test_pings_of_both_versions_are_answered_and_those_of_nobody_time_out(groups: str) -> None:
    def story(_: list[str]) -> None:
        GROUPS.write_text(groups)
        if groups.startswith("0"):
            _core.drop_capabilities([])  # of this thread
        addresses = {"self": HERE, "four": THERE, "six": THERE_V6, "nobody": NOBODY, "no route": NO_ROUTE}
        targets = {name: {"target": address} for name, address in addresses.items()}
        config = {"interval_msec": 1000, "timeout_msec": 1000, "packets_per_test": 3, "packets_interval_msec": 5}
        with probing("ping", targets, config=config) as probes:
            assert probes.source.describe() == {"current_targets_total": 5, "ping_sockets": 2}
            eventually(lambda: probes.ledger["probes.unanswered"] >= 3)
            found = told(probes, sent=12)
        for name in ("self", "four", "six"):
            assert 3 <= found[name]["successes"] <= found[name]["attempts"]
            assert found[name]["connect_failures"] == 0
            assert found[name]["response_min_us"] > 0
        assert found["nobody"]["successes"] == 0
        assert 3 <= found["nobody"]["packets_timeout"] <= found["nobody"]["attempts"]  # later ones may still be awaited
        assert (found["no route"]["attempts"], found["no route"]["connect_failures"] >= 3) == (0, True)

    with_neighbour(story)


def test_pings_of_other_programs_count_for_no_target() -> None:
    def story(_: list[str]) -> None:
        GROUPS.write_text("1\t0")  # raw sockets see them
        with probing("ping", {"self": {"target": HERE}, "four": {"target": THERE}}) as probes:
            ping_others(20)
            eventually(lambda: probes.ledger["filtered"] >= 20)
            found = told(probes, sent=4)
        assert probes.ledger["filtered"] == 20
        for one in found.values():
            assert one["attempts"] - 1 <= one["successes"] + one["packets_timeout"] <= one["attempts"]

    with_neighbour(story)


def test_inputs_do_not_take_each_others_answers_for_theirs() -> None:
    def story(_: list[str]) -> None:
        GROUPS.write_text("1\t0")  # raw sockets get the answers to all
        # The one that nobody answers begins, so that its probes wait when the answers to the other's come.
        with probing("ping", {"it": {"target": NOBODY}}) as other, probing("ping", {"it": {"target": THERE}}) as one:
            eventually(lambda: other.ledger["filtered"] >= 5 and one.ledger["probes.answered"] >= 5)
            assert told(other, sent=5)["it"]["successes"] == 0

    with_neighbour(story)


@pytest.mark.parametrize(
    ("timeout_ms", "option", "late_is_in_time"),
    [(700, {}, False), (4000, {}, True), (4000, {"xact_ttl_ms": 700}, False), (700, {"xact_ttl_ms": 4000}, True)],
    ids=["late", "in time", "late by the handler's own time", "in time by the handler's own time"],
)
def test_answers_that_come_late_twice_forged_or_never(
    timeout_ms: int, option: dict[str, int], late_is_in_time: bool
) -> None:
    def story(there: list[str]) -> None:
        config = {"interval_msec": 4000, "timeout_msec": timeout_ms, "packets_per_test": 4, "packets_interval_msec": 1}
        responder = [*there, sys.executable, echo_responder.__file__, str(LATE_S)]
        with at_work(responder), probing("ping", {"it": {"target": THERE}}, handler=option, config=config) as probes:
            eventually(lambda: probes.ledger["probes.answered"] + probes.ledger["probes.late"] >= 2)
            it = told(probes, sent=4)["it"]
            ledger = probes.ledger
        assert ledger["filtered"] >= 2, "the second answer, and the one with another token"
        answered = it["response_histogram_us"]["buckets"]["+Inf"]
        assert it["successes"] == answered == (2 if late_is_in_time else 1)
        assert (it["response_max_us"] > LATE_S * 1_000_000 - 1) == late_is_in_time
        assert it["packets_late"] == ledger["probes.late"] == (1 if timeout_ms < LATE_S * 1000 else 0)

    with_neighbour(story)


def test_connections_are_taken_refused_or_left_waiting() -> None:
    def story(there: list[str]) -> None:
        _core.drop_capabilities([])  # connecting needs none
        addresses = {"open": (THERE, PORT), "refused": (THERE, PORT + 1), "nobody": (NOBODY, PORT)}
        targets = {name: {"target": host, "port": port} for name, (host, port) in addresses.items()}
        targets["no route"] = {"target": NO_ROUTE, "port": PORT}
        with (
            at_work([*there, sys.executable, "-c", SERVER]),
            probing("tcp", targets, config={"interval_msec": 200, "timeout_msec": 200}) as probes,
        ):
            eventually(lambda: probes.ledger["probes.unanswered"] >= 3)
            found = told(probes, sent=16)
        assert found["open"]["successes"] >= 2
        for name in ("refused", "no route"):
            assert found[name]["connect_failures"] == found[name]["attempts"] >= 3
        assert found["nobody"]["successes"] == 0
        assert found["nobody"]["packets_timeout"] >= 2

    with_neighbour(story)


def test_without_the_right_to_ping_it_is_said_what_to_do() -> None:
    def story() -> None:
        GROUPS.write_text("1\t0")
        _core.drop_capabilities([])
        with pytest.raises(RightsError) as refused, probing("ping", {"it": {"target": THERE}}):
            pass
        assert "net.ipv4.ping_group_range" in str(refused.value)
        assert "CAP_NET_RAW" in str(refused.value)

    in_namespace(story)


def test_a_name_server_that_does_not_answer_delays_no_other_target_and_no_stop(tmp_path: Path) -> None:
    def story(_: list[str]) -> None:
        ask_nobody(tmp_path / "resolv.conf")
        targets = {"name": {"target": "www.example.com"}, "four": {"target": THERE}}
        with probing("ping", targets, config={"interval_msec": 100, "timeout_msec": 100}) as probes:
            eventually(lambda: probes.ledger["probes.not_sent"] >= 3)
            found = told(probes, sent=3)
        assert found["name"]["dns_lookup_failures"] >= 3
        assert found["name"]["attempts"] == 0
        assert found["four"]["successes"] >= 2
        assert "netprobe-names" in threads(), "it still waits for the name server, and nobody waits for it"

    with_neighbour(story)
