"""Packets as data frames: what polars and pyarrow read is what tshark counts."""

from __future__ import annotations

import gc
from pathlib import Path

import polars
import pyarrow
import pytest

import pktvisor
from pktvisor.errors import ConfigError, InputError
from support.captures import FOLDER, counts_of

FILE = FOLDER / "dns_authoritative.pcap"
CAPTURE = str(FILE)


def frame(path: Path, name: str) -> polars.DataFrame:
    """All rows of one table of a file."""
    return polars.concat([polars.DataFrame(batch.tables[name]) for batch in pktvisor.batches(str(path))])


def test_polars_reads_every_dns_message_and_its_name() -> None:
    messages = frame(FILE, "dns")
    assert messages.height == counts_of(FILE)["dns"]["messages"]
    names = messages.get_column("dns.qname").drop_nulls()
    assert names.str.to_lowercase().equals(names)
    assert names.str.ends_with("example").any() or names.n_unique() > 10


def test_pyarrow_reads_packets_with_their_addresses() -> None:
    (batch,) = pktvisor.batches(CAPTURE)
    rows = pyarrow.record_batch(batch.packets)
    assert rows.num_rows == len(batch.packets) == counts_of(FILE)["packets"]
    assert rows.schema.field("ip.src").type == pyarrow.binary(16)
    assert rows.schema.names == batch.packets.columns


def test_a_row_without_a_text_is_null() -> None:
    clients = frame(FOLDER / "dhcp4.pcap", "dhcp").get_column("dhcp.client")
    assert clients.null_count() > 0
    assert clients.drop_nulls().str.contains("/").all()


def test_columns_outlive_their_batch() -> None:
    rows = [pyarrow.record_batch(batch.dns) for batch in pktvisor.batches(CAPTURE)]
    before = [part.to_pydict() for part in rows]
    gc.collect()
    assert [part.to_pydict() for part in rows] == before


def test_a_filter_and_hosts_are_heeded() -> None:
    (batch,) = pktvisor.batches(CAPTURE, hosts="0.0.0.0/0", filter_expression="udp port 53 and ip")
    packets = polars.DataFrame(batch.packets)
    assert set(packets.get_column("packet.direction")) == {1}
    assert set(packets.get_column("transport.protocol")) == {17}


def test_a_damaged_file_gives_what_lies_before_the_damage() -> None:
    batches = pktvisor.batches(str(FOLDER / "formats_cut.pcap"))
    rows = sum(len(batch.packets) for batch in batches)
    assert rows > 0
    assert any("is damaged at byte" in warning for warning in batches.warnings)
    assert batches.ledger["seen"] == rows


def test_mistakes_are_said_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"nowhere\.pcap"):
        pktvisor.batches("nowhere.pcap")
    with pytest.raises(ConfigError, match="is invalid"):
        pktvisor.batches(CAPTURE, filter_expression="foo bar")
    with pytest.raises(AttributeError, match='no table "http"'):
        _ = next(iter(pktvisor.batches(CAPTURE))).http
