from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pktvisor import clock, logs
from pktvisor.logs.limit import LINES_AT_ONCE, TELL_INTERVAL_S
from pktvisor.logs.lines import MOST_CHARACTERS, MOST_TRACEBACK_CHARACTERS


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


def test_a_long_line_is_cut_and_says_so() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    logging.getLogger("pktvisor").info("REQUEST: GET /%s", "x" * 20_000)
    [line] = stream.getvalue().splitlines()
    assert len(line) < MOST_CHARACTERS + 100
    assert line.endswith(f"x... ({20_014 - MOST_CHARACTERS} characters more)")


def test_a_long_traceback_is_cut_at_its_beginning() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    try:
        raise ValueError("x" * 100_000 + " at last")
    except ValueError:
        logging.getLogger("pktvisor").exception("failed")
    assert stream.getvalue().endswith(" at last\n")
    assert len(stream.getvalue()) < MOST_TRACEBACK_CHARACTERS + 200


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock to seconds."""
    return lambda seconds: monkeypatch.setattr(clock, "monotonic", lambda: seconds)


def test_lines_of_one_place_that_are_too_many_are_left_out_and_counted(at: Callable[[float], None]) -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    logger = logging.getLogger("pktvisor.server")
    at(1000.0)
    for number in range(5000):
        logger.info("REQUEST: GET /%d", number)
    logger.info("another place is heard")
    lines = stream.getvalue().splitlines()
    assert len(lines) == LINES_AT_ONCE + 1
    assert lines[-1].endswith("another place is heard")
    at(1000.0 + TELL_INTERVAL_S / 2)
    logs.tell_left_out()
    assert len(stream.getvalue().splitlines()) == len(lines), "it is not yet due"
    at(1000.0 + TELL_INTERVAL_S)
    logs.tell_left_out()
    logs.tell_left_out()
    told = stream.getvalue().splitlines()[len(lines) :]
    assert [line.split("] ")[-1] for line in told] == ["4900 more like it: REQUEST: GET /4999"]
    logger.info("another place")
    assert stream.getvalue().splitlines()[-1].endswith("another place")


def test_lines_that_come_slowly_are_all_there(at: Callable[[float], None]) -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    for number in range(500):
        at(float(number))
        logging.getLogger("pktvisor").info("line %d", number)
    assert len(stream.getvalue().splitlines()) == 500


def test_what_was_left_out_is_told_at_the_end(at: Callable[[float], None]) -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    at(0.0)
    for _ in range(LINES_AT_ONCE + 7):
        logging.getLogger("pktvisor").warning("again")
    logs.start(io.StringIO(), verbose=False)
    assert stream.getvalue().splitlines()[-1].endswith("[warning] 7 more like it: again")


def test_a_log_in_json_has_an_object_on_each_line() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False, form="json")
    logger = logging.getLogger("pktvisor.server")
    logger.warning("two\nlines, f\u00fcr %s", "\x1b[2Jniemand")
    try:
        raise ValueError("deep")
    except ValueError:
        logger.exception("failed")
    told, failed = (json.loads(line) for line in stream.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told == {
        "level": "warning",
        "logger": "pktvisor.server",
        "message": "two\nlines, f\u00fcr \x1b[2Jniemand",
    }
    assert failed["traceback"].endswith("ValueError: deep")


def test_errors_of_libraries_are_in_the_same_log() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    logging.getLogger("asyncio").error("a task was forgotten")
    assert stream.getvalue().endswith("[visor] [error] a task was forgotten\n")


def test_what_terminals_obey_is_shown_as_it_is() -> None:
    stream = io.StringIO()
    logs.start(stream, verbose=False)
    logging.getLogger("pktvisor").info("the filter '\x1b[2J\x9bm\t' is invalid, für niemand")
    assert stream.getvalue().endswith("the filter '\\x1b[2J\\x9bm\\t' is invalid, für niemand\n")


def test_a_fifo_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    os.mkfifo(path)
    with pytest.raises(OSError, match="No such device or address"):
        logs.start_file(str(path), verbose=False)


def test_a_fifo_that_is_not_read_fast_enough_loses_lines_and_holds_nobody_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    logs.start_file(str(path), verbose=False)
    logging.getLogger("pktvisor").info("the first line")
    assert b"the first line" in os.read(reader, 1 << 16)
    for number in range(LINES_AT_ONCE - 1):
        logging.getLogger("pktvisor").info("line %d %s", number, "x" * MOST_CHARACTERS)
    assert capsys.readouterr().err.count("lines are lost until it can") == 1
    os.close(reader)


def test_a_log_file_that_can_not_be_opened_again_ends_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    logs.start_file(str(folder / "log"), verbose=False)
    (folder / "log").unlink()
    folder.rmdir()
    logging.getLogger("pktvisor").info("lost")
    assert "No such file or directory" in capsys.readouterr().err
    folder.mkdir()
    logging.getLogger("pktvisor").info("there again")
    assert (folder / "log").read_text().endswith("there again\n")
