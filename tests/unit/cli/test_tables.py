"""pktvisor-reader --table: rows of captures as a table in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import pktvisor
from pktvisor.cli import reader
from support.captures import FOLDER

FLOWS, MESSAGES = str(FOLDER / "flow_netflow5.pcap"), str(FOLDER / "dns_resolver.pcap")
TOLD = str(FOLDER / "dnstap_authoritative.fstrm")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_the_rows_of_a_table_are_those_of_the_data_frame(
    ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / f"flows.{ending}")
    assert reader.main(["-i", "netflow", "--table", "flow", "--out", path, FLOWS]) == 0
    is_parquet = ending == "parquet"
    written = parquet.read_table(path) if is_parquet else pyarrow.ipc.open_file(path).read_all()
    expected = pyarrow.table(pktvisor.table(FLOWS, "flow", as_text=True))
    assert written.num_rows == expected.num_rows > 0
    assert written["flow.src"].to_pylist() == expected["flow.src"].to_pylist()
    assert written["flow.bytes"].to_pylist() == expected["flow.bytes"].to_pylist()
    out, err = capfd.readouterr()
    assert (out, err.splitlines()[-1]) == ("", f"{path}: {expected.num_rows} rows of the table flow")


def test_filters_and_hosts_count(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "dns.parquet")
    assert reader.main(["-b", "tcp", "--table", "dns", "--out", path, MESSAGES]) == 0
    expected = pyarrow.table(pktvisor.table(MESSAGES, "dns", filter_expression="tcp"))
    everything = pyarrow.table(pktvisor.table(MESSAGES, "dns"))
    assert parquet.read_metadata(path).num_rows == expected.num_rows < everything.num_rows


@pytest.mark.parametrize("table", ["packet", "dns", "xact"])
def test_messages_of_dnstap_are_tables_as_those_of_packets_are(table: str, tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "messages.parquet")
    assert reader.main(["-i", "dnstap", "--table", table, "--out", path, TOLD]) == 0
    written = parquet.read_table(path)
    expected = pyarrow.table(pktvisor.table(TOLD, table, as_text=True))
    # Hashes are those of a process' seed, and so of each reading.
    assert written.drop_columns(hashes(written)).equals(expected.drop_columns(hashes(expected)))
    assert written.num_rows == {"packet": 36, "dns": 36, "xact": 18}[table]


def hashes(table: Any) -> list[str]:
    return [name for name in ("dns.exchange", "dns.question") if name in table.column_names]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--table", "flow"], 2, "arguments --table and --out: each needs the other"),
        (["--out", "x.parquet"], 2, "arguments --table and --out: each needs the other"),
        (["--table", "dns", "--out", "x.parquet", "--record", "y.parquet"], 2, "say one of them"),
        (["-i", "dnstap", "--table", "flow", "--out", "x.parquet"], 2, "tables of -i dnstap are packet, dns and xact"),
        (["-i", "sflow", "--table", "dns", "--out", "x.parquet"], 2, "the table of -i sflow is flow"),
        (["--table", "dsn", "--out", "x.parquet"], 255, "there is no table 'dsn'; there are packet, "),
        (["--table", "dns", "--out", "x.csv"], 255, "name a file that ends in .parquet or .arrow"),
        (["--table", "dns", "--out", "absent/x.parquet"], 255, "absent/x.parquet"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    arguments: list[str],
    status: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    try:
        found = reader.main([*arguments, MESSAGES])
    except SystemExit as end:
        found = int(str(end.code))
    assert (found, sentence in capfd.readouterr().err) == (status, True)


def test_without_pyarrow_a_sentence_tells_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert reader.main(["--table", "dns", "--out", str(tmp_path / "x.parquet"), MESSAGES]) == 255
    assert "tables need pyarrow: pip install 'pktvisor[frames]'" in capfd.readouterr().err
