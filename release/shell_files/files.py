"""Where each file goes: below `share`, as below /usr or a virtual environment."""

from __future__ import annotations

import re
from pathlib import Path

from pktvisor import _core
from shell_files import bash, fish, man, zsh
from shell_files.commands import commands

ROOT = Path(__file__).parents[2]
SHARE = ROOT / "release" / "data" / "data" / "share"
"""The wheel's data, which an installation has below its prefix."""
HEADING = re.compile(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", re.MULTILINE)
"""A version of the changelog, with its day."""


def files() -> dict[Path, str]:
    """All files with their texts."""
    among = commands()
    version = _core.__version__
    found = {SHARE / "man" / "man1" / f"{one.page}.1": man.page(one, version, day_of(version), among) for one in among}
    for one in among:
        if " " not in one.name:
            found[SHARE / "bash-completion" / "completions" / one.name] = bash.script(one, among)
            found[SHARE / "zsh" / "site-functions" / f"_{one.name}"] = zsh.script(one, among)
            found[SHARE / "fish" / "vendor_completions.d" / f"{one.name}.fish"] = fish.script(one, among)
    return found


def day_of(version: str) -> str:
    """The day of a version, by the changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    days: dict[str, str] = dict(HEADING.findall(changelog))
    return days[version]
