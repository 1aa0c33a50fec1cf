"""make demo: what a new user sees first, and what it says where it can't run."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import PATIENCE_S
from support.prometheus_servers import Prometheus, needs_prometheus

DEMO = Path(__file__).parents[2] / "deploy" / "demo" / "demo.py"
PORTS = 5


def free_ports() -> int:
    """The first of some ports in a row that nobody listens at."""
    for first in range(30_000, 32_000, PORTS):
        sockets = [socket.socket() for _ in range(PORTS)]
        try:
            for place, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + place))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


@contextmanager
def demo(first_port: int, path: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the demo, with the programs of others looked for in a path."""
    environment = os.environ | ({} if path is None else {"PATH": path})
    line = [sys.executable, str(DEMO), "--port", str(first_port)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


def shown(process: subprocess.Popen[str]) -> str:
    """What the demo says once everything is at work."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@needs_prometheus
def test_everything_runs_is_scraped_and_ends_with_ctrl_c() -> None:
    first = free_ports()
    with demo(first) as process:
        told = dict(re.findall(r"^  (\w+(?: \w+)?) +http://127\.0\.0\.1:(\d+)$", shown(process), re.MULTILINE))
        assert set(told) >= {"hub", "agent fra", "agent ams", "prometheus"}
        prometheus = Prometheus(int(told["prometheus"]))
        prometheus.wait_until_scraped(targets=3)
        assert set(prometheus.label_values("job", of="up")) == {"pktvisor", "pktvisor-hub"}
    assert process.returncode == 0
    assert not any(is_open(int(port)) for port in told.values())


def test_without_prometheus_it_goes_on_and_says_what_to_install(tmp_path: Path) -> None:
    with demo(free_ports(), path=str(tmp_path)) as process:
        said = shown(process)
        assert "apt-get install prometheus" in said
        assert "agent fra" in said
    assert process.returncode == 0


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    first = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 1))
        taken.listen()
        line = [sys.executable, str(DEMO), "--port", str(first)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"demo: agent fra can't listen at port {first + 1}: Address already in use: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("port", ["0", "65532", "x", "-1"])
def test_ports_that_there_are_not_are_refused(port: str) -> None:
    """The last of five in a row is the fourth after the first."""
    done = subprocess.run([sys.executable, str(DEMO), f"--port={port}"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"error: argument --port: {port!r} is not a port from 1 to 65531\n")
