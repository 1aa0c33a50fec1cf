"""The units: systemd reads them without a complaint, finds little exposed, and hears what it waits for; the agent works
with exactly the rights that they leave.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from support.commands import BIN
from support.daemon import daemon, needs_rights
from support.users import NOBODY, folder_of_nobody, within_reach

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
DEBIAN = UNITS.parent / "debian"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-as-a-service.md"
NAMES = ("pktvisord", "pktvisor-hub")
MOST_EXPOSED = 2.0
"""Of 10, by systemd-analyze."""


@pytest.fixture(autouse=True)
def _systemd() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("the command systemd-analyze (package systemd) is missing")


def settings(name: str) -> list[tuple[str, str]]:
    lines = (UNITS / f"{name}.service").read_text().splitlines()
    return [(key, value) for key, _, value in (line.partition("=") for line in lines if line[:1].isalpha())]


@pytest.mark.parametrize("name", NAMES)
def test_systemd_has_no_complaint(name: str, tmp_path: Path) -> None:
    """The commands are where this build has them, and the manual is not installed: both are of the package."""
    unit = (UNITS / f"{name}.service").read_text().replace("/usr/bin/", f"{BIN}/")
    unit = re.sub(r"^Documentation=.*\n", "", unit, flags=re.MULTILINE)
    (tmp_path / f"{name}.service").write_text(unit)
    verify = ["systemd-analyze", "verify", str(tmp_path / f"{name}.service")]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if name in line]) == (0, [])


@pytest.mark.parametrize("name", NAMES)
def test_little_is_exposed_and_the_page_says_how_much(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / f"{name}.service")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", told)
    assert found is not None
    assert float(found[1]) <= MOST_EXPOSED
    assert f"| `{name}.service` | {found[1]} |" in PAGE.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_command_knows_the_options_of_its_unit(name: str) -> None:
    line = dict(settings(name))["ExecStart"].split()
    told = subprocess.run([str(BIN / name), "--help"], capture_output=True, text=True, check=True).stdout
    for option in (word for word in line if word.startswith("--")):
        assert f"{option} " in told
    assert line[0] == f"/usr/bin/{name}"


def arguments(name: str, folder: Path) -> list[str]:
    """What the unit gives its command in a new installation, with /etc and /var in a folder."""
    (variable, options), *_ = re.findall(r'^(\w+)="(.*)"$', (UNITS / name).read_text(), re.MULTILINE)
    _, *words = dict(settings(name))["ExecStart"].replace(f"${variable}", options).split()
    for file in DEBIAN.glob("*.yaml"):
        shutil.copy(file, folder)
    text = shlex.join(words)
    return shlex.split(text.replace("/etc/pktvisor/", f"{folder}/").replace("/var/lib/", f"{folder}/"))


@needs_rights
def test_the_agent_works_with_the_rights_of_its_unit_and_tells_systemd(tmp_path: Path) -> None:
    """With the files of a new installation. Not by systemd, which would have to be process 1: setpriv gives the same
    user, capabilities and privileges.
    """
    assert [value for key, value in settings("pktvisord") if key.endswith(("Capabilities", "BoundingSet"))] == (
        ["CAP_NET_RAW"] * 2
    )
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    rights = ["--inh-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", "--ambient-caps=-all,+net_raw"]
    with folder_of_nobody() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(60)
        os.chown(folder / "notify", NOBODY, NOBODY)
        place = ["env", f"NOTIFY_SOCKET={folder}/notify"]
        line = arguments("pktvisord", folder)
        with daemon(*line, within=[*within_reach(tmp_path), *who, *rights, *place]) as running:
            assert manager.recv(4096) == b"READY=1"
            assert (folder / "pktvisor").stat().st_uid == NOBODY
            running.process.send_signal(1)
            assert manager.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(4096) == b"READY=1"
            assert running.get("/api/v1/taps")["host"]["config"]["iface"] == "any"
            assert running.stop() == 0
        assert manager.recv(4096) == b"STOPPING=1"
