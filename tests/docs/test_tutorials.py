"""The tutorials: everything that a page tells its reader to run runs as it stands there, and gives what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from support.commands import BIN
from support.daemon import PATIENCE_S
from support.dns_servers import free_port
from support.helm import helm, helm_binary

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in (ROOT / "docs" / "tutorial").glob("*.md") if page.stem != "first-summary")
"""All but the one that has tests of its own."""
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
    for command in (*BIN.glob("pktvisor*"), Path(helm_binary())):
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
    for name in ("tests", "deploy"):
        (folder / name).symlink_to(ROOT / name)
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


def test_what_needs_a_cluster_names_what_the_chart_makes(tmp_path: Path) -> None:
    page = next(page for page in PAGES if page.stem == "kubernetes").read_text(encoding="utf-8")
    (tmp_path / "values.yaml").write_text(next(text for kind, text in FENCE.findall(page) if kind == "yaml"))
    commands = re.findall(r"^    (helm (?:install|upgrade) .*)$", page, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = re.sub(r"helm (install|upgrade)", "template", command).replace("values.yaml", f"{tmp_path}/values.yaml")
        made = helm(*words.replace("deploy/", f"{ROOT}/deploy/").split())
        assert made.returncode == 0, made.stderr
        documents = [document for document in yaml.safe_load_all(made.stdout) if document]
        there = {f"{it['kind'].lower()}/{it['metadata']['name']}" for it in documents}
        assert set(re.findall(r"\b(?:daemonset|service|statefulset)/[\w-]+", page)) <= there
