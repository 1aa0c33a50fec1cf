"""The installed commands, run as their users run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CAPTURES = Path(__file__).parents[1] / "captures"


def run(command: str, *arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    line = [BIN / command, *arguments]
    return subprocess.run(line, input=stdin, capture_output=True, check=False, timeout=60)
