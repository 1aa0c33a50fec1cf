"""Rights that a process gives up: each story is a process of its own, for there is no way back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pktvisor import _core

SETS = """
def sets():
    lines = open("/proc/thread-self/status").read().splitlines()
    return [int(line.split()[1], 16) for line in lines if line[:6] in ("CapInh", "CapPrm", "CapEff")]
"""


def run(story: str, *arguments: str) -> str:
    """What a program prints that starts with the core at hand."""
    command = [sys.executable, "-c", f"import threading\nfrom pktvisor import _core\n{SETS}\n{story}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def has_net_raw() -> bool:
    return run("print(sets()[1] >> 13 & 1)") == "1"


def test_only_the_capabilities_that_are_kept_are_left() -> None:
    if not has_net_raw():
        pytest.skip("capabilities can be given up only by who has them: run as root")
    assert run("_core.drop_capabilities(['net_raw']); print(sets())") == f"[0, {1 << 13}, {1 << 13}]"
    assert run("_core.drop_capabilities([]); print(sets())") == "[0, 0, 0]"


def test_threads_that_start_later_have_none_either() -> None:
    story = """
_core.drop_capabilities([])
thread = threading.Thread(target=lambda: print(sets()))
thread.start()
thread.join()
"""
    assert run(story) == "[0, 0, 0]"


def test_without_any_capability_an_interface_is_refused_in_a_sentence() -> None:
    story = """
_core.drop_capabilities([])
try:
    _core.LiveInput("any", [], hosts=[], filters=[])
except _core.RightsFault as fault:
    print(fault)
"""
    assert "CAP_NET_RAW" in run(story)


def test_a_name_of_no_capability_is_refused() -> None:
    with pytest.raises(_core.ConfigFault, match=r"'net_row'.*net_raw"):
        _core.drop_capabilities(["net_row"])


def test_files_outside_are_out_of_reach_once_restricted(tmp_path: Path) -> None:
    for name in ("read", "write", "rest"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    story = """
import pathlib, subprocess, sys
folder = pathlib.Path(sys.argv[1])
if not _core.restrict_filesystem([str(folder / "read")], [str(folder / "write"), str(folder / "missing")]):
    print("no Landlock")
    sys.exit()
def denied(act):
    try:
        act()
    except PermissionError:
        return True
    return False
print((folder / "read/file").read_text(), (folder / "write/new").write_text("new"))
print(denied((folder / "read/new").touch), denied((folder / "rest/file").read_text))
print(denied((folder / "rest/file").unlink), denied(lambda: subprocess.run(["/bin/true"])))
capture = _core.LiveInput.mock([], seed=1)
capture.stop()
print(capture.fault())
"""
    printed = run(story, str(tmp_path))
    if printed == "no Landlock":
        pytest.skip("the kernel has no Landlock")
    assert printed.split() == ["read", "3", "True", "True", "True", "True", "None"]
    assert (tmp_path / "write" / "new").read_text() == "new"
