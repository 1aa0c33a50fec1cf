"""Rights that a process gives up: each story is a process of its own, for there is no way back."""

from __future__ import annotations

import platform
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


REFUSED = """
import ctypes, errno, mmap, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
TRACEME, CLONE_NEWUSER = 0, 0x10000000
acts = {
    "execve": lambda: os.execv("/bin/true", ["true"]),
    "fork": os.fork,
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "ptrace": lambda: called(libc.ptrace(TRACEME, 0, 0, 0)),
    "mount": lambda: called(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "unshare": lambda: called(libc.unshare(CLONE_NEWUSER)),
    "setuid": lambda: os.setuid(0),
    "kill": lambda: os.kill(1, 0),
    "chroot": lambda: os.chroot("/"),
    "AF_PACKET": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "AF_ALG": lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "written and executed": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
}
def called(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
def told():
    for name, act in acts.items():
        try:
            act()
            print(name, "is allowed")
        except OSError as error:
            if error.errno != errno.EPERM:
                print(name, error)
from queue import SimpleQueue
begin = SimpleQueue()
earlier = threading.Thread(target=lambda: (begin.get(), told()), daemon=True)
earlier.start()
if not _core.restrict_system_calls(may_capture=False):
    print("no filter")
begin.put(True)
earlier.join()
later = threading.Thread(target=told)
later.start()
later.join()
"""


def test_no_thread_can_become_another_program_or_user_or_look_into_one() -> None:
    assert run(REFUSED) == ("" if has_filter() else "no filter")


def has_filter() -> bool:
    return platform.machine() in ("x86_64", "aarch64")


def test_what_is_loaded_later_still_is() -> None:
    story = """
_core.restrict_system_calls(may_capture=False)
import ctypes, decimal, multiprocessing.pool, ssl, sqlite3
print(_core.LiveInput.mock([], seed=1).stop(), ctypes.CDLL("libc.so.6").abs(-7), decimal.Decimal(1) + 1)
"""
    assert run(story) == "None 7 2"


def test_interfaces_are_opened_later_only_where_that_is_wanted() -> None:
    if not has_net_raw():
        pytest.skip("capturing needs root or CAP_NET_RAW")
    story = """
import sys
_core.restrict_system_calls(may_capture=sys.argv[1] == "again")
try:
    _core.LiveInput("lo", [], hosts=[], filters=[]).stop()
    print("open")
except _core.InputFault as fault:
    print(fault)
"""
    assert run(story, "again") == "open"
    assert "lo" in run(story, "never") if has_filter() else run(story, "never") == "open"


def test_a_user_is_changed_for_good_with_what_is_kept() -> None:
    if not has_net_raw():
        pytest.skip("only root can become another user: run as root")
    story = """
import os
_core.become_user(41001, 41002, [41002, 41003], ["net_raw", "dac_read_search"])
print(os.getresuid(), os.getresgid(), os.getgroups(), sets())
for back in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try:
        back()
        print("and back")
    except PermissionError:
        pass
print([line for line in open("/proc/thread-self/status") if line.startswith("NoNewPrivs")])
"""
    rights = 1 << 13 | 1 << 2
    ids, privileges = run(story).splitlines()
    assert ids == f"(41001, 41001, 41001) (41002, 41002, 41002) [41002, 41003] [0, {rights}, {rights}]"
    assert privileges == r"['NoNewPrivs:\t1\n']"
