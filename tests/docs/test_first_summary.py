"""The tutorial's commands give what it shows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from support.commands import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "first-summary.md").read_text(encoding="utf-8")
READER = ".venv/bin/pktvisor-reader "
STEPS = re.findall(r"```sh\n([^`]*?pktvisor-reader[^`]*?)```.*?```json\n(.*?)```", PAGE, re.DOTALL)


def commands(step: str) -> list[list[str]]:
    lines = [line for line in step.splitlines() if line.startswith(READER)]
    return [shlex.split(line.removeprefix(READER).partition(" | ")[0]) for line in lines]


def is_part(shown: Any, whole: Any) -> bool:
    """Whether everything that is shown stands in the whole, at its place."""
    if isinstance(shown, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in shown.items())
    return bool(shown == whole)


@pytest.mark.parametrize(("step", "shown"), STEPS, ids=range(len(STEPS)))
def test_a_step_gives_what_is_shown(step: str, shown: str) -> None:
    ((*options, capture),) = commands(step)
    done = run("pktvisor-reader", *options, ROOT / capture)
    assert done.returncode == 0, done.stderr
    assert is_part(json.loads(shown), json.loads(done.stdout)["1m"])


def test_all_steps_with_a_result_are_found() -> None:
    assert len(STEPS) == PAGE.count("```json") == 4
