"""The tutorials: everything that a page tells its reader to run runs as it stands there, and gives what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.commands import BIN
from support.daemon import PATIENCE_S
from support.dns_servers import free_port

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "tutorial" / f"{user}.md" for user in ("dns-operator", "network-operator", "data-person")]
FENCE = re.compile(r"^```(sh|python|yaml|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SAVED = re.compile(r"Save it as `([\w.-]+)`")
USUAL_PORT = "10853"
BETWEEN = "@@ next step"


@dataclass
class Step:
    """A block of commands, or a program, with the lines that the page shows for it."""

    language: str
    text: str
    shown: list[str] = field(default_factory=list)

    def script(self) -> str:
        if self.language == "python":
            return f"{sys.executable} - <<'PROGRAM'\n{self.text}PROGRAM\n"
        return self.text


def steps(page: str) -> list[Step]:
    """What the page has its reader do, in order: a configuration is saved under the name that follows it."""
    found: list[Step] = []
    for block in FENCE.finditer(page):
        language, text = block.groups()
        if language == "text":
            found[-1].shown = text.splitlines()
        elif language == "yaml":
            name = SAVED.search(page, block.end())
            assert name is not None
            found.append(Step("sh", f"cat > {name[1]} <<'CONFIGURATION'\n{text}CONFIGURATION\n"))
        else:
            found.append(Step(language, text))
    return found


def commands_at(port: int, folder: Path) -> None:
    """Lay the commands out as in a clone; agent and hub listen elsewhere than usual, where another test may be."""
    folder.mkdir(parents=True)
    for command in BIN.glob("pktvisor*"):
        (folder / command.name).symlink_to(command)
    for name, served in (("pktvisord", ""), ("pktvisor-hub", '[[ "${1-}" = --* ]] || exec "$0.other" "$@"')):
        (folder / name).rename(folder / f"{name}.other")
        listens = f'#!/bin/bash\n{served}\nexec "$0.other" -p {port} "$@"\n'
        (folder / name).write_text(listens)
        (folder / name).chmod(0o755)


def run(all_steps: list[Step], folder: Path) -> list[str]:
    """Run the steps in one shell, as a reader does; gives what each of them wrote."""
    port = free_port()
    commands_at(port, folder / ".venv" / "bin")
    (folder / "tests").symlink_to(ROOT / "tests")
    commands = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for step in all_steps:
        commands += [step.script().replace(USUAL_PORT, str(port)), f"echo '{BETWEEN}'"]
    done = subprocess.run(
        # Where patience ends, all that was started ends with the shell.
        ["timeout", str(4 * PATIENCE_S), "bash", "-c", "\n".join(commands)],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.split(f"{BETWEEN}\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_step_gives_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    all_steps = steps(page.read_text(encoding="utf-8"))
    written = run(all_steps, tmp_path)
    assert sum(len(step.shown) for step in all_steps) > 5
    for step, output in zip(all_steps, written, strict=False):
        lines = output.splitlines()
        for line in step.shown:
            assert line in lines, f"{step.text}\ngave\n{output}"
