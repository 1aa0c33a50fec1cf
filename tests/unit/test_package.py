"""What `import pktvisor` offers."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import pktvisor
from pktvisor import _core
from pktvisor.__main__ import COMMANDS

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_everything_that_is_offered_is_there_and_told_by_dir() -> None:
    assert set(dir(pktvisor)) == set(pktvisor.__all__)
    for name in pktvisor.__all__:
        assert getattr(pktvisor, name).__doc__, name


def test_the_version_is_that_of_the_engine() -> None:
    assert pktvisor.__version__ == _core.__version__


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="no attribute 'frames'"):
        _ = pktvisor.frames


def test_every_command_runs_without_being_installed_too() -> None:
    scripts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    assert {name: f"{module}:main" for name, module in COMMANDS.items()} == scripts
