"""The page on windows as tables: each block runs as it stands, over the file that the command on the page writes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "window-records.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> str:
    (line,) = re.findall(r"^    (pktvisor-reader .*)$", PAGE, re.MULTILINE)
    path = str(tmp_path_factory.mktemp("records") / "windows.parquet")
    command, *arguments = shlex.split(line.replace("windows.parquet", path))
    subprocess.run([Path(sys.executable).with_name(command), *arguments], cwd=ROOT, check=True, capture_output=True)
    return path


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_prints_something(example: str, windows: str) -> None:
    script = example.replace("windows.parquet", windows)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_query_finds_the_windows_of_the_capture(windows: str) -> None:
    import duckdb

    query = f"SELECT count(DISTINCT start) FROM '{windows}' WHERE path = 'wire_packets.queries'"
    assert duckdb.connect().execute(query).fetchall() == [(4,)]
