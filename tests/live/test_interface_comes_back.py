"""An interface that is removed and comes back while the daemon captures on it, in a network namespace of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.commands import BIN
from support.daemon import eventually

INTERFACE = "visor0"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def namespace() -> Iterator[str]:
    name = f"pktvisor-{os.getpid()}"
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("a network namespace needs root, and the command ip")
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be made here: {error.stderr!r}")
    try:
        add_interface(name)
        yield name
    finally:
        ip("netns", "delete", name)


def add_interface(namespace: str) -> None:
    ip("-n", namespace, "link", "add", INTERFACE, "type", "veth", "peer", "name", f"{INTERFACE}-peer")
    ip("-n", namespace, "link", "set", INTERFACE, "up")


@pytest.fixture
def command(namespace: str, tmp_path: Path) -> list[str]:
    """The daemon's command line; its interface is a socket, which all namespaces reach."""
    return ["ip", "netns", "exec", namespace, str(BIN / "pktvisord"), "-l", f"unix:{tmp_path / 'api.sock'}", INTERFACE]


def read_log(process: subprocess.Popen[str], pattern: str) -> None:
    """Read up to a line that matches."""
    assert process.stdout is not None
    read = []
    for line in process.stdout:
        read.append(line)
        if re.search(pattern, line):
            return
    raise AssertionError(f"no line {pattern!r} in {read}")


def test_it_is_captured_again(namespace: str, command: list[str]) -> None:
    with subprocess.Popen([*command, "--admin-api"], stdout=subprocess.PIPE, text=True) as process:
        try:
            read_log(process, "web server listening")
            for _ in range(2):
                ip("-n", namespace, "link", "delete", INTERFACE)
                read_log(process, rf"\[error\] input .* the interface {INTERFACE} was removed")
                add_interface(namespace)
                read_log(process, "captured on again")
            process.terminate()
            read_log(process, "exit with success")
        finally:
            process.kill()


def marks(folder: Path) -> list[str]:
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(folder / "api.sock"))) as client:
        return [mark["text"] for mark in client.get("http://agent/api/v1/marks").json()["marks"]]


def test_what_becomes_of_it_is_noted(namespace: str, command: list[str], tmp_path: Path) -> None:
    with subprocess.Popen([*command, "--admin-api"], stdout=subprocess.PIPE, text=True) as process:
        try:
            read_log(process, "web server listening")
            ip("-n", namespace, "link", "set", INTERFACE, "down")
            eventually(lambda: f"{INTERFACE} is down" in marks(tmp_path))
            ip("-n", namespace, "link", "set", INTERFACE, "up")
            eventually(lambda: marks(tmp_path)[-1].startswith(f"{INTERFACE} is back after "))
            ip("-n", namespace, "link", "delete", INTERFACE)
            eventually(lambda: marks(tmp_path)[-1] == f"{INTERFACE} went away")
            add_interface(namespace)
            eventually(lambda: marks(tmp_path)[-1].startswith(f"{INTERFACE} is back after "))
        finally:
            process.kill()


def test_its_addresses_are_followed(namespace: str, command: list[str]) -> None:
    ip("-n", namespace, "address", "add", "192.0.2.5/24", "dev", INTERFACE)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            read_log(process, rf"{INTERFACE}: this host is 192\.0\.2\.5/24")
            ip("-n", namespace, "address", "add", "198.51.100.7/32", "dev", INTERFACE)
            read_log(process, r"this host is .*198\.51\.100\.7")
        finally:
            process.kill()


def test_a_daemon_that_has_nothing_else_ends(namespace: str, command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            read_log(process, "web server listening")
            ip("-n", namespace, "link", "delete", INTERFACE)
            read_log(process, "exit with failure")
            assert process.wait() == 1
        finally:
            process.kill()
