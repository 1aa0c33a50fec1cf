from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pktvisor import logs


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger(logs.ROOT)
    before = root.handlers[:], root.level, root.propagate
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


def logged(*, verbose: bool = False) -> list[str]:
    stream = io.StringIO()
    logs.start(stream, verbose=verbose)
    logger = logging.getLogger("pktvisor.server")
    logger.debug("detail")
    logger.info("web server listening on %s:%d", "localhost", 10853)
    logger.warning("two\nlines")
    return stream.getvalue().splitlines()


def test_a_line_has_time_name_level_and_text() -> None:
    pattern = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[visor\] \[info\] web server listening on localhost:10853"
    assert re.fullmatch(pattern, logged()[0])


def test_debug_lines_are_for_the_verbose() -> None:
    assert not any("detail" in line for line in logged())
    assert any("[debug] detail" in line for line in logged(verbose=True))


def test_an_event_is_one_line_whatever_it_says() -> None:
    assert logged()[1].endswith("[warning] two\\nlines")


class FullDisk(io.StringIO):
    """Takes nothing."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_what_can_not_be_written_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.start(FullDisk(), verbose=False)
    for _ in range(3):
        logging.getLogger("pktvisor").info("a line")
    assert capsys.readouterr().err == (
        "the log can't be written, lines are lost until it can: [Errno 28] No space left on device\n"
    )


def test_syslog_lines_that_nobody_takes_are_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "SYSLOG_SOCKET", str(tmp_path / "log"))
    logs.start_syslog("pktvisord", verbose=False)
    for _ in range(3):
        logging.getLogger("pktvisor.server").info("nobody listens")
    assert capsys.readouterr().err.count("the log can't be written, lines are lost until it can") == 1


def test_what_terminals_obey_is_shown_as_it_is() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    logging.getLogger("pktvisor").info("the filter '\x1b[2J\x9bm\t' makes no sense, für niemand")
    assert stream.getvalue().endswith("the filter '\\x1b[2J\\x9bm\\t' makes no sense, für niemand\n")
