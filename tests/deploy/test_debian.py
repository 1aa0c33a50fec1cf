"""What the Debian package installs beside the programs: configurations that hold, and all that its units name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.commands import run

ROOT = Path(__file__).parents[2]
DEBIAN, SYSTEMD = ROOT / "deploy" / "debian", ROOT / "deploy" / "systemd"


@pytest.mark.parametrize(("command", "name"), [("pktvisord", "agent.yaml"), ("pktvisor-hub", "hub.yaml")])
def test_the_configurations_of_a_new_installation_hold(command: str, name: str) -> None:
    done = run(command, "--check-config", str(DEBIAN / name))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"nothing is wrong" in done.stdout


def test_what_a_unit_reads_in_etc_is_in_the_package() -> None:
    for unit in SYSTEMD.glob("*.service"):
        lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for place in re.findall(r"/etc/[a-z/._-]+", "\n".join(lines)):
            assert [*SYSTEMD.glob(Path(place).name), *DEBIAN.glob(Path(place).name)], f"{unit.name} reads {place}"


@pytest.mark.parametrize("is_link", [True, False], ids=["user made by systemd", "lasting user"])
def test_purging_removes_what_the_units_have_written(is_link: bool, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    shown = tmp_path / "pktvisor"
    written = tmp_path / "private" / "pktvisor" if is_link else shown
    written.mkdir()
    (written / "VERSION").touch()
    if is_link:
        shown.symlink_to(written)
    script = (DEBIAN / "postrm").read_text(encoding="utf-8").replace("/var/lib", str(tmp_path))
    subprocess.run(["sh", "-c", script, "postrm", "purge"], check=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["private"]
