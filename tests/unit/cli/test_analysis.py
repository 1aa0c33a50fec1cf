"""A capture file as a source."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pktvisor.cli.analysis import analyse
from pktvisor.cli.progress import Progress
from pktvisor.config.command_options import SummaryOptions
from pktvisor.errors import InputError
from pktvisor.tui.drill import Target, related
from pktvisor.tui.figures import dns_figures, packet_figures
from pktvisor.tui.watched import Request
from pktvisor.tui.watched_files import WatchedFiles
from pktvisor.tui.windows import WHOLE, merged
from support.captures import FOLDER, counts_of
from support.dns_packets import CLIENT, Message, Story

CAPTURE = FOLDER / "multi_window.pcap"
RESOLVER = FOLDER / "dns_resolver.pcap"


def source_of(path: str, dns_ports: tuple[int, ...] = ()) -> WatchedFiles:
    return analyse([path], SummaryOptions(dns_ports=dns_ports), Progress(io.StringIO()))


def test_the_whole_file_and_its_minutes_agree() -> None:
    source = source_of(str(CAPTURE))
    reading = source.read(Request(WHOLE))
    figures = packet_figures(reading.metrics)
    assert figures is not None
    assert figures.number("total") == sum(bucket.packets or 0 for bucket in reading.buckets)
    assert reading.windows[0] == WHOLE
    assert reading.windows[1:] == tuple(merged(number) for number in range(2, len(reading.buckets) + 1))
    assert [bucket.start_s for bucket in reading.buckets] == sorted(bucket.start_s for bucket in reading.buckets)


def test_what_became_of_the_packets_is_an_input() -> None:
    (known,) = source_of(str(CAPTURE)).read(Request(WHOLE)).inventory.inputs.values()
    assert known.name == CAPTURE.name
    assert known.ledger["seen"] == counts_of(CAPTURE)["packets"]


@pytest.mark.parametrize(("dns_ports", "queries"), [((), 1), ((8600,), 2)])
def test_dns_is_looked_for_on_the_ports_that_are_said(tmp_path: Path, dns_ports: tuple[int, ...], queries: int) -> None:
    story = Story()
    for at, port in enumerate([53, 8600, 8600]):
        story.udp(at, CLIENT, ("192.0.2.53", port), Message(identity=at))
    path = story.write(tmp_path / "ports.pcap")
    figures = dns_figures(source_of(str(path), dns_ports).read(Request(WHOLE)).metrics)
    assert figures is not None
    assert figures.number("queries") == queries


def test_who_watches_a_file_can_look_into_its_names_and_addresses() -> None:
    source = analyse([str(RESOLVER)], SummaryOptions(), Progress(io.StringIO()), is_watched=True)
    assert source.read(Request(WHOLE)).pairs is None
    pairs = source.read(Request(WHOLE, extras=frozenset(["pairs"]))).pairs
    assert pairs is not None
    (clients,) = related(pairs, Target("www.lab.test"))
    assert [(entry.name, entry.estimate) for entry in clients.entries] == [
        ("10.9.0.1", 4),
        ("10.8.0.1", 2),
        ("fd09::1", 1),
    ]
    asked, answered = related(pairs, Target("fd09::1"))
    assert ("www.lab.test", 1) in [(entry.name, entry.estimate) for entry in asked.entries]
    assert answered.entries == ()


def test_what_is_only_printed_keeps_nothing_apart() -> None:
    assert source_of(str(RESOLVER)).read(Request(WHOLE, extras=frozenset(["pairs"]))).pairs == ()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError):
        source_of("no.pcap")
