"""pktvisor report: a capture as one page."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from pktvisor.cli.ui import main

CAPTURE = Path(__file__).parents[1] / "captures" / "dns_resolver.pcap"


def documents(page: Path) -> dict[str, Any]:
    found = re.search(r'id="documents">(.*?)</script>', page.read_text())
    assert found is not None
    told: dict[str, Any] = json.loads(found.group(1))
    return told


def test_a_capture_becomes_a_page_with_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(CAPTURE), "-o", str(page)]) == 0
    told = documents(page)
    assert told["report"]["session"]["agent"] == "dns_resolver.pcap"
    handlers = told["policies/capture/metrics/bucket/0?detail=true"]["capture"]
    assert handlers["capture-default-net"]["packets"]["total"] == 211
    assert handlers["capture-default-net"]["packets"]["period"]["ledger"]["seen"] == 211
    assert told["inputs"]["dns_resolver.pcap"]["ledger"]["decoded"] == 211
    assert told["policies/capture/declarations"]["handlers"].keys() == handlers.keys()
    assert f"{page}: " in capsys.readouterr().err


def test_the_steps_of_a_page_are_the_whole_capture(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(CAPTURE), "-o", str(page)]) == 0
    told = documents(page)
    series = told["policies/capture/series"]
    assert series["step_s"] == 1, "a capture of four seconds"
    net = series["handlers"]["capture-default-net"]
    assert sum(net["counters"]["packets.total"]) == sum(net["ledger"]["seen"]) == 211
    dns = told["policies/capture/metrics/bucket/0?detail=true"]["capture"]["capture-default-dns"]["dns"]
    replies = series["handlers"]["capture-default-dns"]["counters"]["dns.wire_packets.replies"]
    assert sum(replies) == dns["wire_packets"]["replies"] > 0


def test_a_page_tells_who_asks_for_names_that_fail(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(CAPTURE), "-o", str(page)]) == 0
    dns = documents(page)["policies/capture/metrics/bucket/0?detail=true"]["capture"]["capture-default-dns"]["dns"]
    assert [path for path in dns if "failing" in path]


def test_what_is_no_file_is_not_replaced_by_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["report", str(CAPTURE), "-o", str(pipe), "--force"]) != 0
    assert f"{pipe} is no file: name one with -o" in capsys.readouterr().err
    assert pipe.is_fifo()


def test_standard_output_is_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(CAPTURE), "-o", "-"]) != 0
    assert "to a file, not to standard output: name one" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_page_stays_a_link(tmp_path: Path) -> None:
    page, link = tmp_path / "report.html", tmp_path / "newest.html"
    page.touch()
    link.symlink_to(page)
    assert main(["report", str(CAPTURE), "-o", str(link), "--force"]) == 0
    assert link.is_symlink()
    assert documents(page)["report"]["session"]["agent"] == "dns_resolver.pcap"


def test_a_filter_leaves_the_rest_out_and_counts_it(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(CAPTURE), "-o", str(page), "-b", "tcp"]) == 0
    ledger = documents(page)["inputs"]["dns_resolver.pcap"]["ledger"]
    assert ledger["filtered"] > 0
    assert ledger["seen"] == ledger["decoded"] + ledger["filtered"] == 211


def test_a_page_that_is_there_stays_unless_somebody_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    page.write_text("mine")
    assert main(["report", str(CAPTURE), "-o", str(page)]) != 0
    assert page.read_text() == "mine"
    assert "--force writes over it" in capsys.readouterr().err
    assert main(["report", str(CAPTURE), "-o", str(page), "--force"]) == 0
    assert documents(page)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (".", "is a directory: name a file"),
        ("no/such/report.html", "there is no directory"),
        ("capture.pcap", "is the capture itself"),
    ],
)
def test_a_place_that_can_not_be_written_to_is_told_before_the_reading(
    target: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = tmp_path / "capture.pcap"
    capture.write_bytes(CAPTURE.read_bytes())
    assert main(["report", str(capture), "-o", str(tmp_path / target), "--force"]) != 0
    assert told in capsys.readouterr().err
    assert capture.read_bytes() == CAPTURE.read_bytes()


def test_what_is_no_capture_gives_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    other.write_text("hello there, this is a text")
    assert main(["report", str(other), "-o", str(tmp_path / "report.html")]) != 0
    assert "is not a capture file" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_a_file_that_is_called_report_is_shown_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report").write_bytes(CAPTURE.read_bytes())
    assert main(["./report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
