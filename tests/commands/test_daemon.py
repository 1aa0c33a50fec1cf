"""pktvisord on the loopback interface, as its users meet it. Capturing needs rights: skipped without them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support.commands import BIN, run

QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001")
"""A DNS query for example.com, type A."""


def can_capture() -> bool:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        return False
    return True


needs_rights = pytest.mark.skipif(not can_capture(), reason="capturing needs root or CAP_NET_RAW")


class Daemon:
    """A running pktvisord."""

    def __init__(self, *arguments: str) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        line = [str(BIN / "pktvisord"), "-l", "127.0.0.1", "-p", "0", *arguments]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment)
        self.log = ""
        self.port = int(self.wait_for(r"web server listening on 127\.0\.0\.1:(\d+)").group(1))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read the log up to a line that matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log += line
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line {pattern!r} in:\n{self.log}")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
            return json.loads(reply.read())

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
            return str(reply.read().decode())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the exit status."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=10)
        self.log += rest
        return self.process.returncode


@contextmanager
def daemon(*arguments: str) -> Iterator[Daemon]:
    running = Daemon(*arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def resolver() -> Iterator[socket.socket]:
    """A socket that queries may be sent to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield sink


def ask(resolver: socket.socket, times: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(times):
            client.sendto(QUERY, resolver.getsockname())


def eventually(probe: Callable[[], object]) -> None:
    """Wait until `probe` says something true."""
    deadline = time.monotonic() + 5
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@needs_rights
def test_live_packets_reach_every_route(resolver: socket.socket) -> None:
    port = resolver.getsockname()[1]
    with daemon("-b", f"udp dst port {port}", "--prom-instance", "pop1", "lo") as running:
        ask(resolver, 10)
        eventually(lambda: running.get("/api/v1/metrics/bucket/0")["1m"]["packets"]["total"] >= 10)

        document = running.get("/api/v1/policies/default/metrics/bucket/0")
        instances = ["default-default-dhcp", "default-default-dns", "default-default-net", "default-default-pcap_stats"]
        assert list(document["default"]) == instances
        assert document["default"]["default-default-net"]["packets"]["total"] == 10
        assert running.get("/api/v1/metrics/window/2")["2m"]["packets"]["total"] == 10
        assert 'packets_total{instance="pop1",policy="default",tap="default"} 10' in running.text("/metrics")
        assert list(running.get("/api/v1/policies/default")["default"]["modules"]) == instances

        with pytest.raises(urllib.error.HTTPError, match="425"):
            running.get("/api/v1/policies/default/metrics/bucket/1")
        assert running.stop() == 0
    assert "REQUEST: GET /api/v1/policies/default/metrics/bucket/1 425" in running.log
    assert running.log.splitlines()[-1].endswith("[info] exit with success")


@needs_rights
@pytest.mark.parametrize("target", ["any", "127.0.0.1", "::1"])
def test_a_target_may_be_anything_that_names_an_interface(target: str) -> None:
    if target == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with daemon(target) as running:
        assert running.get("/api/v1/metrics/bucket/0")["1m"]["packets"]["total"] >= 0
        assert running.stop(signal.SIGINT) == 0


@needs_rights
def test_a_taken_port_ends_it(resolver: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("pktvisord", "-l", "127.0.0.1", "-p", str(port), "lo")
    assert done.returncode == 1
    assert f"unable to bind to 127.0.0.1:{port}" in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch0"], "nosuch0"),
        (["203.0.113.77"], "203.0.113.77"),
        (["-b", "no such filter", "lo"], "no such filter"),
        (["-H", "10.0.0.0/33", "lo"], "invalid CIDR: 10.0.0.0/33"),
        (["--geo-city", "no.mmdb", "lo"], "no.mmdb"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], words: str) -> None:
    done = run("pktvisord", "-l", "127.0.0.1", "-p", "0", *arguments)
    assert done.returncode == 1
    sentences = [line for line in done.stdout.decode().splitlines() if "[error]" in line and words in line]
    assert len(sentences) == 1
    assert "Traceback" not in done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("arguments", [["-p", "http", "lo"], ["--periods", "x", "lo"], ["lo", "eth0"], ["--frob"]])
def test_a_command_line_that_makes_no_sense(arguments: list[str]) -> None:
    done = run("pktvisord", *arguments)
    assert done.returncode == 255
    assert done.stdout.startswith(b"usage: pktvisord")
    assert done.stderr.count(b"\n") == 1


def test_nothing_to_do_is_said() -> None:
    done = run("pktvisord")
    assert done.returncode == 1
    assert b"Nothing to do: " in done.stderr
