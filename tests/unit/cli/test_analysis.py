"""A capture file as a source."""

from __future__ import annotations

import argparse
import io

import pytest

from pktvisor.cli.analysis import analyse
from pktvisor.cli.progress import Progress
from pktvisor.errors import InputError
from pktvisor.tui.figures import packet_figures
from pktvisor.tui.file_source import FileSource
from pktvisor.tui.source import Request
from pktvisor.tui.windows import WHOLE, merged
from support.captures import FOLDER, counts_of

CAPTURE = FOLDER / "multi_window.pcap"


def source_of(path: str) -> FileSource:
    options = argparse.Namespace(
        hosts="", filter_expression="", geo_city=None, geo_asn=None, deep_sample_rate=100, workers=None
    )
    return analyse([path], options, Progress(io.StringIO()))


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


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError):
        source_of("no.pcap")
