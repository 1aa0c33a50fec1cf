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
