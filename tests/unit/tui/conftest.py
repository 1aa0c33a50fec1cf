"""Text snapshots of what is on the terminal: `pytest tests/unit/tui --write-snapshots` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"
OPTION = "--write-snapshots"

Compare = Callable[[str, str], None]
"""Compares a text with the snapshot of that name."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write the terminal's snapshots anew")


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    is_writing = request.config.getoption(OPTION, default=False)

    def compare_with(name: str, text: str) -> None:
        path = SNAPSHOTS / f"{name}.txt"
        if is_writing:
            path.write_text(text)
        assert path.exists(), f"no snapshot {path.name}: pytest tests/unit/tui {OPTION}"
        assert text == path.read_text(), f"{path.name} differs: look at it, then pytest tests/unit/tui {OPTION}"

    return compare_with


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
