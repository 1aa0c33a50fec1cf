"""Other programs that a user might point at the same capture, and how to call them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from traffic import tool_environment

DPKT_LOOP = Path(__file__).resolve().with_name("dpkt_loop.py")


@dataclass(frozen=True)
class Other:
    """A program, what it does here, and its command line for a capture."""

    name: str
    task: str
    command: Callable[[Path], Sequence[str]]


def installed() -> list[Other]:
    """The programs that are there; dpkt gets a virtual environment of its own."""
    found: list[Other] = []
    if shutil.which("tcpdump"):
        found.append(
            Other("tcpdump -w", "copies packets", lambda path: ["tcpdump", "-n", "-r", str(path), "-w", "/dev/null"])
        )
        found.append(Other("tcpdump", "prints packets", lambda path: ["tcpdump", "-n", "-r", str(path)]))
    if shutil.which("tshark"):
        found.append(
            Other("tshark", "DNS statistics", lambda path: ["tshark", "-n", "-q", "-r", str(path), "-z", "dns,tree"])
        )
    try:
        python = tool_environment("dpkt", "dpkt")
    except subprocess.CalledProcessError:
        print("dpkt can't be installed: left out", file=sys.stderr)
        return found
    found.append(Other("dpkt", "decodes, counts names", lambda path: [str(python), str(DPKT_LOOP), str(path)]))
    return found
