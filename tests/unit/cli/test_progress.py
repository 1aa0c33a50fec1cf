from __future__ import annotations

import io

import pytest

from pktvisor import clock
from pktvisor.cli.progress import CLEAR_LINE, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock's hand, to be moved."""
    hand = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: hand[0])
    return hand


def test_a_terminal_sees_one_line_a_second(seconds: list[float]) -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    for time, packets in ((0.4, 400), (1.0, 1000), (1.5, 1500), (3.0, 5000)):
        seconds[0] = time
        progress(packets, packets * 100, 1_000_000)
    progress.finish(5001)
    assert terminal.getvalue().split(CLEAR_LINE) == [
        "",
        "/ processed 1000 packets (1000/s, 10%)",
        "- processed 5000 packets (2000/s, 50%)",
        "processed 5001 packets\n",
    ]


def test_a_stream_has_no_share(seconds: list[float]) -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    seconds[0] = 2.0
    progress(1000, 1, None)
    assert terminal.getvalue().endswith("processed 1000 packets (500/s)")


def test_a_log_sees_the_end_only(seconds: list[float]) -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    seconds[0] = 5.0
    progress(1000, 1, 2)
    progress.finish(1000)
    assert stream.getvalue() == "processed 1000 packets\n"
