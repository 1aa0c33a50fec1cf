"""Handlers of very many groups are read a group at a time, and say what they say of few."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pktvisor.handlers.base import HandlerSettings
from pktvisor.metrics.snapshot import Samples
from pktvisor.outputs import lines, otlp, prometheus
from pktvisor.outputs.exposition import FORMATS, Format
from pktvisor.outputs.json import encode, flat_document, policy_document
from pktvisor.outputs.json_pieces import pieces
from pktvisor.policies import policy, records
from pktvisor.policies.records import window_records
from pktvisor.windows.record import Record
from support.captures import FOLDER
from support.configurations import declared
from support.exporters import exporters_frames
from support.made_up import made_up_capture
from support.measuring import Measured, Source, Wanted, measure

CORE = {"name": "core", "interfaces": {"1": {"name": "uplink"}, "2": {"name": "uplink"}}}
CUSTOM = (
    "rows: {counter: flow, by: [flow.exporter]}, all: {counter: flow}, "
    "sizes: {histogram: flow.bytes, by: [flow.exporter, flow.in_interface], where: flow.packets > 3}"
)


def flows(capture: Path = FOLDER / "flow_devices.pcap", periods: int = 1) -> Measured:
    settings = HandlerSettings({"device_map": {"192.0.2.1": CORE, "192.0.2.2": CORE}}, enable=["all"])
    wanted = [Wanted("flows", "flow", settings=settings), Wanted("own", "custom", settings=declared(CUSTOM))]
    return measure(Source(capture, reads_flows=True), wanted, periods=periods)


def as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every number of groups be very many."""
    monkeypatch.setattr(policy, "MOST_GROUPS_HELD", 0)


@pytest.mark.parametrize("periods", [1, 5])
def test_documents_are_the_same(periods: int, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = flows(periods=periods)
    few = measured.snapshots()
    as_many(monkeypatch)
    many = measured.snapshots()
    assert all(isinstance(handler.samples, Samples) for handler in many)
    assert encode(flat_document(many)) == encode(flat_document(few))
    for _ in range(2):
        assert encode(policy_document(many)) == encode(policy_document(few)), "as often as they are asked"


def test_samples_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = flows()
    few = [tuple(handler.samples) for handler in measured.snapshots()]
    as_many(monkeypatch)
    assert [tuple(handler.samples) for handler in measured.snapshots()] == few
    for handler, samples in zip(measured.snapshots(), few, strict=True):
        assert isinstance(handler.samples, Samples)
        parts = [*handler.samples.together(), *(one for group in handler.samples.groups() for one in group.read())]
        assert sorted(map(str, parts)) == sorted(map(str, samples))


@pytest.mark.parametrize("form", FORMATS)
def test_scrapers_get_the_same(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = flows()
    few = {"p": measured.snapshots()}
    as_many(monkeypatch)
    many = {"p": measured.snapshots()}
    assert b"".join(form.pieces(many, (), True)) == b"".join(form.pieces(few, (), True))


def test_windows_are_pushed_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = flows()
    few = otlp.scope("p", measured.snapshots())
    as_many(monkeypatch)
    assert otlp.scope("p", measured.snapshots()) == few
    with pytest.raises(otlp.WindowTooLarge):
        otlp.scope("p", measured.snapshots(), most_bytes=few.ByteSize() // 2)


def test_lines_of_very_many_groups_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_kept", kept := lines._KeptLines())
    window = [replace(one, is_closed=True) for one in flows().snapshots()]
    prometheus.render({"few": window})
    as_many(monkeypatch)
    prometheus.render({"many": [replace(one, is_closed=True) for one in flows().snapshots()]})
    assert [policy for policy, _ in kept._kept] == ["few"]


def test_records_are_those_of_the_heaviest_groups_and_tell_how_many_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = flows()
    every = window_records(measured.policy, measured.window, agent="a")
    some = window_records(measured.policy, measured.window, agent="a", most_records=100)
    monkeypatch.setattr(records, "MOST_RECORDS", 100)
    assert window_records(measured.policy, measured.window, agent="a") == some

    def groups(found: Sequence[Record], path: str) -> list[Sequence[str]]:
        return [record.group for record in found if record.path == path]

    interfaces = groups(every, "in_bytes")
    assert groups(some, "in_bytes") == interfaces[:1]
    assert groups(some, "records_flows") == groups(every, "records_flows"), "few metrics leave room for more"
    left_out = {record.ledger.get("evicted.groups", 0) for record in some}
    assert left_out == {len(interfaces) - 1}
    assert {record.ledger.get("evicted.groups", 0) for record in every} == {0}


def test_handlers_that_have_nothing_to_say_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    as_many(monkeypatch)
    settings = declared("sizes: {histogram: flow.bytes, by: [flow.exporter], where: flow.packets > 1000000}")
    source = Source(FOLDER / "flow_devices.pcap", reads_flows=True)
    assert encode(measure(source, [Wanted("own", "custom", settings=settings)]).document()) == b"{}"


def peak_bytes(write: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        write()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_document_of_very_many_groups_takes_little_while_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = flows(made_up_capture("exporters", exporters_frames(exporters=30, interfaces=20)))

    def write() -> None:
        assert sum(map(len, pieces(flat_document(measured.snapshots())))) > 1_000_000

    of_many = peak_bytes(write)
    monkeypatch.setattr(policy, "MOST_GROUPS_HELD", 1_000_000)
    assert of_many < peak_bytes(write) / 5


def test_so_does_a_text_for_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = flows(made_up_capture("exporters", exporters_frames(exporters=30, interfaces=20)))

    def write() -> None:
        assert sum(map(len, prometheus.texts({"p": measured.snapshots()}))) > 1_500_000

    of_many = peak_bytes(write)
    monkeypatch.setattr(policy, "MOST_GROUPS_HELD", 1_000_000)
    assert of_many < peak_bytes(write) / 5
