"""What contributors are told: its commands are there; what code hosts and editors read is well-formed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / ".github/pull_request_template.md"]
CONTAINER = ROOT / ".devcontainer"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_make_has_the_targets_that_are_named(paper: Path) -> None:
    known = re.findall(r"^([a-z-]+):.*## ", read(ROOT / "Makefile"), re.MULTILINE)
    named = re.findall(r"(?:^    |`|&& )make((?: [a-z-]+\b(?!=))*)", read(paper), re.MULTILINE)
    assert {target for targets in named for target in targets.split()} <= set(known)


def test_contributors_are_told_of_the_targets_that_they_need() -> None:
    for target in ("build", "test", "check", "docs", "golden", "lock", "site"):
        assert f"make {target}" in read(ROOT / "CONTRIBUTING.md")


@pytest.mark.parametrize(
    "template", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_an_issue_template_is_a_form(template: Path) -> None:
    form = yaml.safe_load(read(template))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_development_container_has_what_make_needs() -> None:
    described = json.loads(read(CONTAINER / "devcontainer.json"))
    made = read(CONTAINER / described["build"]["dockerfile"])
    packages = set(re.findall(r"[a-z][a-z0-9.+-]+", made.partition("recommends")[2].partition("&&")[0]))
    wanted = set(re.findall(r"apt-get install ([a-z0-9 .-]+)", read(ROOT / "requirements/tools.sh")))
    assert {name for names in wanted for name in names.split() if not name.startswith("-")} <= packages
    oldest = tomllib.loads(read(ROOT / "Cargo.toml"))["workspace"]["package"]["rust-version"]
    assert f"FROM rust:{oldest}-" in made


def test_make_finds_libpcap_for_users_whose_path_lacks_the_folders_of_root(tmp_path: Path) -> None:
    """Debian's users have no /usr/sbin in theirs, where ldconfig is."""
    for name in ("grep", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (tmp_path / "id").chmod(0o755)
    line = [shutil.which("bash") or "bash", "-c", ". requirements/tools.sh && need_libpcap"]
    done = subprocess.run(line, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
