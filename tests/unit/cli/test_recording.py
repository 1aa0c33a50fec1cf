"""pktvisor-reader --record: window records in a file."""

from __future__ import annotations

import sys
from pathlib import Path

import datasketches
import pytest

from pktvisor.cli import reader
from pktvisor.windows import arrow
from support.captures import FOLDER

CAPTURE = str(FOLDER / "multi_window.pcap")


@pytest.fixture
def parquet(tmp_path: Path) -> str:
    pytest.importorskip("pyarrow")
    path = str(tmp_path / "windows.parquet")
    assert reader.main(["--record", path, CAPTURE]) == 0
    return path


def test_all_windows_are_written_and_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    path = str(tmp_path / "windows.arrow")
    assert reader.main(["--record", path, CAPTURE]) == 0
    records = arrow.read_file(path)
    assert {record.number for record in records} == {0, 1, 2, 3}
    assert {record.agent for record in records} == {"multi_window.pcap"}
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == f"{path}: {len(records)} records of 4 windows"


def test_datasketches_reads_cardinalities_and_top_lists_from_the_file(parquet: str) -> None:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(parquet).to_pylist()
    for row in rows:
        if row["kind"] == "cardinality":
            sketch = datasketches.hll_sketch.deserialize(row["image"])
            assert round(sketch.get_estimate()) == row["value"]
        elif row["kind"] == "top":
            datasketches.frequent_strings_sketch.deserialize(row["image"])
    names = [row["image"] for row in rows if row["path"] == "top_qname2"]
    union = datasketches.frequent_strings_sketch(13)
    for image in names:
        union.merge(datasketches.frequent_strings_sketch.deserialize(image))
    assert union.get_estimate(".lab.test") > 0


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("windows.csv", "name a file that ends in .parquet or .arrow"),
        ("absent/windows.parquet", "absent/windows.parquet"),
    ],
)
def test_a_file_that_can_not_be_written_is_told(target: str, sentence: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert reader.main(["--record", target, CAPTURE]) == 255
    assert sentence in capfd.readouterr().err


def test_without_pyarrow_a_sentence_tells_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert reader.main(["--record", str(tmp_path / "windows.parquet"), CAPTURE]) == 255
    assert "window records need pyarrow: pip install 'pktvisor[frames]'" in capfd.readouterr().err
