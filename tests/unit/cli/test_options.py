"""What the commands have in common."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from pktvisor.cli.options import Parser, run
from pktvisor.errors import InputError

FULL = Path("/dev/full")
CAPTURE = Path(__file__).parents[2] / "captures" / "dns_resolver.pcap"
UNNEEDED = {"socket", "ctypes", "shutil", "logging"}
"""What takes a good part of the start, and is for others than those who read a file."""
ONE_SENTENCE = "the result can't be written to stdout: No space left on device"


@pytest.mark.parametrize(("raised", "status"), [(InputError("no such thing"), 1), (KeyboardInterrupt(), 130)])
def test_what_ends_a_command_is_no_traceback(
    raised: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(_: argparse.Namespace) -> int:
        raise raised

    assert run(Parser(prog="x"), [], command) == status
    assert capsys.readouterr().err == (f"{raised}\n" if str(raised) else "")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is full")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["pktvisor-reader", str(CAPTURE)], 255),
        (["pktvisord", str(CAPTURE)], 255),
        (["pktvisord", "--make-token", "prometheus", "read"], 1),
        (["pktvisor", "--json", str(CAPTURE)], 1),
    ],
)
def test_a_result_that_finds_no_room_is_told_in_a_sentence(arguments: list[str], status: int) -> None:
    with FULL.open("wb") as full:
        line = [sys.executable, "-m", "pktvisor", *arguments]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == status
    assert done.stderr.splitlines()[-1].endswith(ONE_SENTENCE)
    assert "Traceback" not in done.stderr


def test_a_file_is_read_without_what_only_others_need() -> None:
    program = "import sys; from pktvisor.cli.reader import main; main(sys.argv[1:]); print(*sys.modules, sep='\\n')"
    line = [sys.executable, "-c", program, "-H", "10.0.0.0/8", str(CAPTURE)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    before = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules, sep='\\n')"], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()) - set(before.stdout.splitlines())
    assert "pktvisor.policies.summary" in loaded
    assert loaded.isdisjoint(UNNEEDED)


@pytest.mark.parametrize("columns", [50, 90, 160])
def test_help_is_as_wide_as_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    parser = Parser(prog="x")
    parser.add_argument("--option", help="words " * 60)
    longest = max(map(len, parser.format_help().splitlines()))
    assert columns - 12 < longest <= columns - 2
