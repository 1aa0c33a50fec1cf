"""Whole tables: what polars, pandas, pyarrow and DuckDB make of them is what tshark counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pytest

import pktvisor
from pktvisor.errors import ConfigError, InputError
from support.captures import FOLDER, counts_of

FILE = FOLDER / "dns_authoritative.pcap"
DNS = counts_of(FILE)["dns"]
IS_REPLY = polars.col("dns.is_reply") == 1


def test_duckdb_counts_queries_by_type_in_a_table_as_often_as_it_is_asked() -> None:
    messages = pktvisor.table(FILE, "dns")
    query = 'select "dns.qtype", count(*) from messages where "dns.qname" is not null group by 1'
    for _ in range(2):
        types = {str(number): count for number, count in duckdb.execute(query).fetchall()}
        assert types == DNS["types_asked"]
    assert messages is not None


def test_pandas_has_times_as_times_and_names_as_text() -> None:
    frame = pandas.DataFrame.from_arrow(pktvisor.table(FILE, "dns", as_text=True))
    assert len(frame) == DNS["messages"]
    assert str(frame["dns.time_ns"].dtype) == "datetime64[ns, UTC]"
    assert "AAAA" in set(frame["dns.qtype"])
    assert "NXDOMAIN" in set(frame["dns.rcode"])


def test_times_are_timestamps_in_utc_whatever_the_table() -> None:
    for name, column in (("packet", "packet.time_ns"), ("dns", "dns.time_ns"), ("xact", "xact.question_time_ns")):
        field = pyarrow.schema(pktvisor.table(FILE, name)).field(column)
        assert field.type == pyarrow.timestamp("ns", "UTC"), name
    first = polars.DataFrame(pktvisor.table(FILE, "packet")).item(0, "packet.time_ns")
    assert isinstance(first, datetime)
    assert first.tzinfo is not None
    assert first.astimezone(UTC).year == 2026


def test_messages_know_their_client_and_server() -> None:
    messages = polars.DataFrame(pktvisor.table(FILE, "dns", as_text=True))
    assert set(messages["dns.server_port"]) == {53}
    assert messages["dns.client_port"].equals(messages["dns.port"])
    answered, asked = (
        messages.filter(way).select("dns.client", "dns.server").unique() for way in (IS_REPLY, ~IS_REPLY)
    )
    assert answered.height == asked.height == answered.join(asked, on=answered.columns).height
    assert not set(messages["dns.client"]) & set(messages["dns.server"])


def test_an_address_is_text_only_where_it_is_asked_for() -> None:
    packets = [polars.DataFrame(pktvisor.table(FILE, "packet", as_text=as_text)) for as_text in (False, True)]
    assert packets[0]["ip.src"].dtype == polars.Binary
    assert packets[1]["ip.src"].dtype == polars.String
    no_ip = packets[1].filter(polars.col("ip.version") == 0)
    assert no_ip.height > 0
    assert no_ip["ip.src"].null_count() == no_ip.height


def test_exchanges_are_answers_with_the_time_since_their_question() -> None:
    exchanges = polars.DataFrame(pktvisor.table(FILE, "xact", as_text=True))
    messages = polars.DataFrame(pktvisor.table(FILE, "dns"))
    assert exchanges.height == messages.filter(IS_REPLY).height
    assert set(exchanges["xact.outcome"]) == {"answered"}
    waited_us = (exchanges["dns.time_ns"] - exchanges["xact.question_time_ns"]).dt.total_microseconds()
    assert waited_us.equals(exchanges["xact.time_us"].cast(polars.Int64), check_names=False)
    asked = set(messages.filter(~IS_REPLY)["dns.time_ns"].dt.truncate("1us"))
    assert set(exchanges["xact.question_time_ns"].dt.truncate("1us")) <= asked


def test_the_table_of_a_batch_becomes_text_as_well() -> None:
    (batch,) = pktvisor.batches(FILE)
    types = polars.DataFrame(pktvisor.as_text(batch.dns))["dns.qtype"]
    assert {"A", "AAAA"} <= set(types)
    assert polars.DataFrame(batch.dns)["dns.qtype"].dtype == polars.UInt16


def test_a_scan_reads_when_it_is_collected_and_only_what_is_wanted() -> None:
    lazy = pktvisor.scan(FILE, "dns", as_text=True)
    assert isinstance(lazy, polars.LazyFrame)
    assert lazy.select(polars.len()).collect().item() == DNS["messages"]
    whole = polars.DataFrame(pktvisor.table(FILE, "dns", as_text=True))
    assert lazy.collect().equals(whole)
    failed = lazy.filter(IS_REPLY, polars.col("dns.rcode") == "NXDOMAIN").select("dns.qname").collect()
    assert failed.equals(whole.filter(IS_REPLY, polars.col("dns.rcode") == "NXDOMAIN").select("dns.qname"))
    assert lazy.head(5).collect().equals(whole.head(5))


def test_several_files_and_directories_are_one_table_in_the_order_of_time(tmp_path: Path) -> None:
    other = FOLDER / "dns_resolver.pcap"
    (tmp_path / "copy.pcap").write_bytes(other.read_bytes())
    together = polars.DataFrame(pktvisor.table([FILE, tmp_path], "dns"))
    assert together.height == DNS["messages"] + counts_of(other)["dns"]["messages"]
    assert together["dns.time_ns"].is_sorted()
    assert pktvisor.scan([str(FILE), tmp_path], "dns").select(polars.len()).collect().item() == together.height
    assert sum(len(batch.dns) for batch in pktvisor.batches([FILE, tmp_path])) == together.height


def test_columns_are_those_that_are_named_in_their_order() -> None:
    names = ["dns.server", "dns.qname"]
    assert polars.DataFrame(pktvisor.table(FILE, "dns", columns=names)).columns == names


def test_mistakes_are_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no table 'http'; there are packet, bgp, dhcp, dns"):
        pktvisor.table(FILE, "http")
    with pytest.raises(ConfigError, match=r'has no column "dns\.qnam"'):
        pktvisor.table(FILE, "dns", columns=["dns.qnam"])
    with pytest.raises(ConfigError, match="scan reads its files again"):
        pktvisor.scan("-", "dns")
    with pytest.raises(InputError, match=r"nowhere\.pcap"):
        pktvisor.scan(tmp_path / "nowhere.pcap", "dns")
    with pytest.raises(ConfigError, match="is invalid"):
        pktvisor.table(FILE, "dns", filter_expression="foo bar")
