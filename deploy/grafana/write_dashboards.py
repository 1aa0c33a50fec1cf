"""Write the dashboards, from the metrics that handlers declare: `python deploy/grafana/write_dashboards.py`.

A test fails where a file in `dashboards/` differs from what this writes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import boards
from boards.board import Board

DASHBOARDS = Path(__file__).parent / "dashboards"


def all_boards() -> Iterator[Board]:
    """Give the dashboards of all files that have one."""
    for module in pkgutil.iter_modules(boards.__path__, "boards."):
        board = getattr(importlib.import_module(module.name), "BOARD", None)
        if isinstance(board, Board):
            yield board


def files() -> dict[Path, str]:
    """Give the files with their texts."""
    return {DASHBOARDS / f"{board.name}.json": board.json() for board in all_boards()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
