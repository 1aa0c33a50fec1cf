"""The page on data frames, and the README's example: each block runs as it stands, in the repository's folder."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pktvisor.metrics.expressions import schema
from support.daemon import needs_rights

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "data-frames.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = [example for page in (PAGE, README) for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
LIVE = [example for example in EXAMPLES if "pktvisor.live(" in example]
ASK = """
import socket, threading, time
from support.daemon import QUERY

def ask():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(QUERY, ("127.0.0.1", 53))
        time.sleep(0.05)

threading.Thread(target=ask, daemon=True).start()
"""


def output(example: str) -> str:
    environment = {"PYTHONPATH": str(ROOT / "tests"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example not in LIVE])
def test_every_example_prints_something(example: str) -> None:
    shown = output(example)
    assert shown.strip()
    assert "shape: (0," not in shown, "an example shows rows"


@needs_rights
def test_the_live_example_prints_what_is_asked() -> None:
    (example,) = LIVE
    once = example.replace('"eth0"', '"lo"').replace("        print(", "        if len(batch.dns): print(")
    assert "example.com" in output(f"{ASK}{once.rstrip()}\n        if len(batch.dns): break\n")


def test_there_are_examples_of_everything_that_is_offered() -> None:
    for name in ("scan", "table", "batches", "live", "as_text", "BatchHandler"):
        assert any(f"pktvisor.{name}" in example for example in EXAMPLES), name


def test_every_table_is_on_the_page() -> None:
    for table in {column.table for column in schema().values()} - {"resources"}:
        assert f"| `{table}` |" in PAGE


def test_what_the_page_installs_is_what_the_package_offers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split("[<>=]", one)[0] for one in project["optional-dependencies"]["frames"]}
    assert names == {"polars", "pyarrow"}
    assert "pip install 'pktvisor[frames]'" in PAGE
    assert "pip install 'pktvisor[frames]'" in README
