"""Rights that a hub gives up: each story is a process of its own, for there is no way back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STORY = """
import pathlib, sys
from pktvisor import _core
from pktvisor.cli.sandbox import give_up_rights_of_hub
from pktvisor.config.hub_options import HubOptions
from pktvisor.errors import InputError

def can_write(path):
    try:
        pathlib.Path(path).write_text("here")
    except OSError:
        return False
    return True

kept, other, *more = sys.argv[1:]
try:
    # Without Landlock in the kernel, everything stays writable; afterwards nobody can ask for it.
    has_landlock = "--no-sandbox" not in more and _core.restrict_filesystem(read=["/"], write=["/"])
    give_up_rights_of_hub(HubOptions(data_dir=kept, no_sandbox="--no-sandbox" in more))
except InputError as error:
    print(error)
else:
    print(can_write(f"{kept}/file"), can_write(f"{other}/file") and has_landlock)
"""


def told(*arguments: object) -> str:
    """What the story prints."""
    command = [sys.executable, "-c", STORY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "kept", tmp_path / "other"]
    for folder in made:
        folder.mkdir()
    return made


def test_a_hub_writes_below_its_own_directory_alone(folders: list[Path]) -> None:
    assert told(*folders) == "True False"


def test_a_directory_of_another_user_is_refused_at_the_start(folders: list[Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to another user")
    os.chown(folders[0], 12345, 12345)
    assert "belongs to another user: run as that user" in told(*folders)
    assert told(*folders, "--no-sandbox").startswith("True")
