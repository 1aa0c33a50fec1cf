"""The reference pages that follow from the code are as new as the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "metrics.md",
        "columns.md",
        "protocols.md",
        "rest.md",
        "openapi.json",
        "commands.md",
        "configuration.md",
        "window-record.md",
        "prometheus.md",
        "hub-size.md",
        "agent-size.md",
        "comparison.md",
    ],
)
def test_a_generated_page_is_as_new_as_the_code(name: str) -> None:
    pages = {path.name: (path, text) for path, text in _generator().pages().items()}
    path, text = pages[name]
    assert path.read_text(encoding="utf-8") == text, "run: .venv/bin/python docs/generate.py"
