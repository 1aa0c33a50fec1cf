"""pktvisor-reader --record: window records in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import datasketches
import pytest

from pktvisor.cli import reader
from pktvisor.outputs.json import flat_document
from pktvisor.windows import arrow
from pktvisor.windows.merging import merge
from pktvisor.windows.reading import snapshots
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


@pytest.mark.parametrize("name", ["windows.parquet", "windows.arrow"])
def test_what_fails_leaves_the_file_there_that_was_there(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = str(tmp_path / name)
    assert reader.main(["--record", path, "no-capture.pcap"]) == 255
    assert not list(tmp_path.iterdir()), "nothing is begun that can't be ended"
    assert reader.main(["--record", path, CAPTURE]) == 0
    records = arrow.read_file(path)
    assert reader.main(["--record", path, "no-capture.pcap"]) == 255
    assert (arrow.read_file(path), [one.name for one in tmp_path.iterdir()]) == (records, [name])


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "newest.parquet").symlink_to(tmp_path / "there.parquet")
    (tmp_path / "there.parquet").write_bytes(b"")
    assert reader.main(["--record", str(tmp_path / "newest.parquet"), CAPTURE]) == 0
    assert (tmp_path / "newest.parquet").is_symlink()
    assert arrow.read_file(str(tmp_path / "there.parquet"))


def test_records_of_a_file_make_the_summary_of_the_capture(parquet: str, capfd: pytest.CaptureFixture[str]) -> None:
    merged = merge(arrow.read_file(parquet))
    capfd.readouterr()
    assert reader.main(["--periods", "5", CAPTURE]) == 0
    assert not merged.differences
    assert flat_document(snapshots(merged.records)) == json.loads(capfd.readouterr().out)["5m"]


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
