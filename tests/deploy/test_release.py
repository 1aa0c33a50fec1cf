"""What a release says of itself: one version everywhere, and names that the package index knows."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pktvisor import _core

ROOT = Path(__file__).parents[2]


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))


PROJECT = toml("pyproject.toml")["project"]
VERSION = toml("Cargo.toml")["workspace"]["package"]["version"]
RANGES = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in ("run", "dev", "package", "release")]


def pins(lock: Path) -> dict[str, set[str]]:
    """The versions that a lock file has of each package."""
    found: dict[str, set[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition("==")
        found.setdefault(name, set()).add(rest.partition(" ")[0])
    return found


def test_the_version_stands_in_one_place() -> None:
    assert _core.__version__ == VERSION
    assert "version" in PROJECT["dynamic"]
    for crate in ("core", "records", "bindings"):
        assert toml(f"crates/{crate}/Cargo.toml")["package"]["version"] == {"workspace": True}


def test_the_changelog_begins_with_the_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)", headings[0])


@pytest.mark.parametrize("requirement", RANGES)
def test_what_others_share_is_a_range(requirement: str) -> None:
    assert "==" not in requirement
    assert ">=" in requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_what_is_built_with_is_pinned(lock: Path) -> None:
    assert all(versions and all(versions) for versions in pins(lock).values())


def test_the_lock_files_agree() -> None:
    run, dev, package = map(pins, LOCKS[:3])
    assert run.items() <= dev.items()
    assert package.items() <= dev.items()


def test_the_description_of_the_package_has_no_links_into_the_repository() -> None:
    text = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    assert re.findall(r"\]\((?!https://)", text) == []


def steps(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run steps as release/run does, with their logs in a folder."""
    begin = f"set -euo pipefail; ROOT='{folder}'; . '{ROOT}/release/steps.sh'; "
    return subprocess.run(["bash", "-c", begin + script], check=False, capture_output=True, text=True)


def test_a_step_that_fails_ends_the_release_with_one_sentence(tmp_path: Path) -> None:
    done = steps(
        "broken() { echo 'no room' >&2; false; echo fine; }; step 'one wheel' broken; step 'next' true", tmp_path
    )
    log = tmp_path / "target" / "release-logs" / "one-wheel.log"
    assert done.returncode == 1
    assert done.stderr == f"release: one wheel failed with status 1; the end of {log}: no room\n"
    assert "next" not in done.stdout


def test_what_this_machine_lacks_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    done = steps("lacking 'no wheel of riscv64'; step 'next' true; exit \"$LACKING\"", tmp_path)
    assert (done.returncode, done.stderr) == (3, "release: no wheel of riscv64\n")
    assert done.stdout.startswith("next")


def test_a_release_is_told_what_it_can_be_asked_for() -> None:
    done = subprocess.run([ROOT / "release" / "run", "--fast"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "release: there is no '--fast': say release/run, or release/run --here\n",
    )
