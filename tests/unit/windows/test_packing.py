"""Packed records: all that was there comes back, in few bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from datasketches import frequent_strings_sketch

from pktvisor import _core
from pktvisor.outputs.hub_body import Identity
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table, records_of
from support.fleet import CAPTURES, Fleet, records_of_capture
from support.records import any_record

MOST_BYTES = 1 << 26
METADATA = Identity("pop1", "0123456789abcdef", "5.0.0", (("site", "fra"),)).metadata()


def parts(records: list[Record]) -> dict[str, int]:
    """What the sections of packed records take."""
    return {name: size for name, _, size in record_table(records, METADATA).packed_parts()}


def again(records: list[Record]) -> list[Record]:
    body = record_table(records, METADATA).pack()
    assert _core.RecordTable.is_packed(body)
    table = _core.RecordTable.read(body, most_bytes=MOST_BYTES)
    assert table.metadata == METADATA
    return records_of(table)


@pytest.mark.parametrize("capture", ["dns_resolver", "dns_dnssec", "dhcp4"])
def test_the_records_of_real_captures_come_back(capture: str) -> None:
    records = records_of_capture(CAPTURES / f"{capture}.pcap", ("packets", "dns", "dhcp"))
    assert again(records) == records


def test_values_at_the_edge_come_back() -> None:
    largest = 2**64 - 1
    odd = [
        any_record(value=largest, relative_error=-0.0, start_ns=-(2**63), end_ns=2**63 - 1, seen=largest),
        any_record(value=None, relative_error=None, labels={"": "é\n"}, group=("", "a"), ledger={"seen": largest}),
        any_record(value=0, relative_error=0.0, image=b"", labels={}, group=()),
    ]
    assert again(odd) == odd
    assert again([]) == []
    assert str(again(odd)[0].relative_error) == "-0.0"


def test_a_list_that_another_engine_made_comes_back() -> None:
    sketch = frequent_strings_sketch(5)
    for number in range(40):
        sketch.update(f"10.0.0.{number % 13}", number + 1)
    image = bytes(sketch.serialize())
    (record,) = again([any_record(kind="top", shape="top", items="address", image=image)])
    assert record.image == image


def test_packed_records_take_half_of_an_arrow_stream_and_are_the_same_each_time() -> None:
    table = _core.RecordTable.read(Fleet([CAPTURES / "dns_resolver.pcap"], 0).body(0, 0), most_bytes=MOST_BYTES)
    assert len(table.pack()) < len(table.write()) / 2
    assert table.pack() == table.pack()
    names = [name for name, _, _ in table.packed_parts()]
    assert names == ["records", "images", "counts", "planes", "texts", "registers"]
    assert sum(size for _, _, size in table.packed_parts()) == len(table.pack())


@pytest.mark.parametrize("schemas", [("packets",), ("dns",), ("dhcp",), ("packets", "dns"), ("packets", "dns", "dhcp")])
def test_the_dictionary_knows_what_is_declared(schemas: tuple[str, ...]) -> None:
    """Where this fails, much has changed since: `crates/records/dictionaries/make.py` writes the next one."""
    found = records_of_capture(CAPTURES / "dns_resolver.pcap", schemas)
    ours = [
        replace(one, agent="pop1", policy="edge", tap="eth0", instance=f"edge-eth0-{one.schema}", value=None)
        for one in found
    ]
    assert {one.schema for one in ours} == set(schemas)
    assert parts(ours)["records"] < 100 + 120 * len(schemas)
