"""What goes to the hub of a window's records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pktvisor.hub.delivery import read_delivery
from pktvisor.outputs import hub_body
from pktvisor.outputs.hub_body import Identity, fits, instances_of, parcels, renamed
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table
from support.records import any_record


def test_the_metadata_says_whose_windows_they_are() -> None:
    told = Identity("pop1", "b00t", "5.0.0", (("site", "Zürich"), ("role", "edge"))).metadata()
    assert json.loads(told.pop("pktvisor.tags")) == {"role": "edge", "site": "Zürich"}
    assert told == {"pktvisor.agent": "pop1", "pktvisor.boot": "b00t", "pktvisor.version": "5.0.0"}


def test_records_go_under_the_name_of_their_policy_and_the_number_of_their_handler() -> None:
    records = [any_record(instance=name) for name in "ab"]
    expected = [any_record(instance=name, policy="core", number=number) for name, number in (("a", 7), ("b", 9))]
    assert renamed(records, policy="core", numbers={"a": 7, "b": 9}) == expected


def test_records_of_few_handlers_go_together() -> None:
    records = [any_record(instance=name) for name in "aabbc"]
    assert list(parcels(records)) == [records]
    assert instances_of(records) == ["a", "b", "c"]
    assert list(parcels([])) == []


def test_many_handlers_are_parted_and_none_is_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_body, "MOST_INSTANCES", 2)
    monkeypatch.setattr(hub_body, "MOST_IMAGE_BYTES", 100)
    sizes = {"a": 1, "b": 1, "c": 60, "d": 20, "e": 200, "f": 1}
    records = [any_record(instance=name, image=b"x" * size) for name, size in sizes.items() for _ in range(2)]
    found = list(parcels(records))
    assert [instances_of(parcel) for parcel in found] == [["a", "b"], ["c"], ["d"], ["e"], ["f"]]
    assert [record for parcel in found for record in parcel] == records


def test_handlers_of_very_many_records_go_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_body, "MOST_UNPACKED_BYTES", 6 * hub_body.USUAL_RECORD_BYTES)
    records = [any_record(instance=name) for name in "aabbbbcc"]
    assert [instances_of(parcel) for parcel in parcels(records)] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("record", "count", "is_taken"),
    [
        (any_record(), 100_000, True),
        (any_record(), 200_000, False),
        (any_record(image=bytes(1000)), 12_000, True),
        (any_record(image=bytes(1000)), 13_000, False),
        (any_record(labels={"name": "x" * 250}), 100_000, False),
    ],
)
def test_a_hub_has_room_for_a_bounded_window_of_a_handler(record: Record, count: int, *, is_taken: bool) -> None:
    assert fits([record] * count) == is_taken
    if is_taken:
        body = record_table(
            [replace(record, agent="pop1")] * count, Identity("pop1", "b00t", "5.0.0").metadata()
        ).pack()
        assert len(read_delivery(body).table) == count
