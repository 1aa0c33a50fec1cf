"""See it at work on this host: two agents with made-up traffic, a hub, Prometheus and Grafana, until Ctrl-C.

Usage: make demo, or .venv/bin/python deploy/demo/demo.py --port N. All listen on 127.0.0.1, keep their files in a
folder that goes in the end, and is stopped together. What is not installed is left out, with a word about it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

HERE, BIN = Path(__file__).parent, Path(sys.executable).parent
DEPLOY = HERE.parent
HOST = "127.0.0.1"
FIRST_PORT = 10853
SITES = ("fra", "ams")
LAST_FIRST_PORT = 65535 - len(SITES) - 2
"""Hub, agents, Prometheus and Grafana have ports in a row."""
PATIENCE_S = 120.0
"""How long a program may take until it answers; nothing is expected to take so long."""
END_PATIENCE_S = 20.0
LOOK_S = 0.2


class DemoError(Exception):
    """What keeps the demo from running, as a sentence."""


@dataclass(frozen=True)
class Program:
    """One of the programs of the demo."""

    name: str
    port: int
    line: list[str]
    ready_path: str
    """Answered with 200 once it is at work."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def programs(first_port: int, folder: Path, find: Callable[[str], str | None] = shutil.which) -> Iterator[Program]:
    """Give the programs in the order in which they start; those of others only where they are installed."""
    hub, *agents, prometheus, grafana = range(first_port, first_port + len(SITES) + 3)
    served = ["-l", HOST, "-p"]
    line = [str(BIN / "pktvisor-hub"), *served, str(hub), "--data-dir", str(folder / "hub")]
    yield Program("hub", hub, line, "/healthz")
    for site, port in zip(SITES, agents, strict=True):
        config = ["--config", str(HERE / f"{site}.yaml"), "--hub", f"http://{HOST}:{hub}"]
        yield Program(f"agent {site}", port, [str(BIN / "pktvisord"), *served, str(port), *config], "/healthz")
    if found := find("prometheus"):
        yield Program("prometheus", prometheus, _prometheus(found, folder, prometheus, hub, agents), "/-/ready")
    if found := find("grafana-server"):
        yield Program(
            "grafana",
            grafana,
            [found, "--homepath", "/usr/share/grafana"],
            "/api/health",
            _grafana(folder, grafana, prometheus),
        )


def _prometheus(command: str, folder: Path, port: int, hub: int, agents: list[int]) -> list[str]:
    """Write its configuration, that of deploy/prometheus with other addresses; give its command line."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["rule_files"] = [str(DEPLOY / "prometheus" / "rules" / "*.yml")]
    ports = {"pktvisor": agents, "pktvisor-hub": [hub]}
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"{HOST}:{one}" for one in ports[job["job_name"]]]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    data = f"--storage.tsdb.path={folder / 'prometheus'}"
    return [command, f"--config.file={file}", data, f"--web.listen-address={HOST}:{port}"]


def _grafana(folder: Path, port: int, prometheus: int) -> dict[str, str]:
    """Write what Grafana is provisioned with, that of deploy/grafana with other places; give its environment."""
    provisioning = folder / "provisioning"
    shutil.copytree(DEPLOY / "grafana" / "provisioning", provisioning)
    source = provisioning / "datasources" / "prometheus.yaml"
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    document["datasources"][0]["url"] = f"http://{HOST}:{prometheus}"
    source.write_text(yaml.safe_dump(document), encoding="utf-8")
    provider = provisioning / "dashboards" / "pktvisor.yaml"
    document = yaml.safe_load(provider.read_text(encoding="utf-8"))
    document["providers"][0]["options"]["path"] = str(DEPLOY / "grafana" / "dashboards")
    provider.write_text(yaml.safe_dump(document), encoding="utf-8")
    return {
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_PATHS_DATA": str(folder / "grafana"),
        "GF_PATHS_LOGS": str(folder / "grafana"),
        "GF_PATHS_PROVISIONING": str(provisioning),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    }


def check_ports(some: list[Program]) -> None:
    """DemoError where somebody listens at a port already."""
    for program in some:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, program.port))
            except OSError as error:
                raise DemoError(
                    f"{program.name} can't listen at port {program.port}: {error.strerror}: stop what listens "
                    f"there, or say where the demo's ports begin, as in: make demo PORT=20853"
                ) from error


@contextmanager
def at_work(program: Program, folder: Path, stopping: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the end; it answers when this is entered. DemoError where it does not."""
    log = folder / f"{program.name}.log"
    with log.open("wb") as stream:
        environment = os.environ | program.environment
        # In a group of its own: a Ctrl-C is for the demo, which ends the others in order.
        process = subprocess.Popen(program.line, stdout=stream, stderr=stream, env=environment, start_new_session=True)
    try:
        _wait_until_ready(program, process, log, stopping)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(program: Program, process: subprocess.Popen[bytes], log: Path, stopping: threading.Event) -> None:
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if process.poll() is not None:
            raise DemoError(f"{program.name} ended: {last_line(log)}")
        if _answers(f"{program.url}{program.ready_path}") or stopping.wait(LOOK_S):
            return
    raise DemoError(f"{program.name} does not answer at {program.url}: {last_line(log)}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def last_line(log: Path) -> str:
    """Give what a program said last."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"


def addresses(some: list[Program]) -> str:
    """Say where everything is, what to look at first, and what is left out."""
    by_name = {program.name: program for program in some}
    lines = [f"  {program.name:<12} {program.url}" for program in some]
    agent, hub = by_name[f"agent {SITES[0]}"], by_name["hub"]
    lines += [
        "",
        "Look at first:",
        f"  .venv/bin/pktvisor -p {agent.port}    the terminal interface, on an agent",
        f"  .venv/bin/pktvisor -p {hub.port}    the same on the hub: both agents as one, after two minutes",
    ]
    if found := by_name.get("prometheus"):
        lines.append(f"  {found.url}/alerts    what would ring")
    else:
        lines.append("Prometheus is not installed, so it is left out: apt-get install prometheus")
    if found := by_name.get("grafana"):
        lines.append(f"  {found.url}/d/pktvisor-fleet    the dashboards")
    else:
        lines.append("Grafana is not installed, so its dashboards are left out; see docs/how-to/grafana.md")
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _first_port(text: str) -> int:
    """Read where the ports begin. ArgumentTypeError where they don't fit."""
    if not text.isdecimal() or not 1 <= int(text) <= LAST_FIRST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to {LAST_FIRST_PORT}")
    return int(text)


def run(first_port: int) -> None:
    """Run the demo until a signal comes. DemoError where one of its programs can't run."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with tempfile.TemporaryDirectory(prefix="pktvisor-demo-") as name, ExitStack() as stack:
        folder = Path(name)
        some = list(programs(first_port, folder))
        check_ports(some)
        processes = [stack.enter_context(at_work(one, folder, stopping)) for one in some if not stopping.is_set()]
        if not stopping.is_set():
            sys.stdout.write(f"{addresses(some)}\n")
            sys.stdout.flush()
        while not stopping.wait(LOOK_S):
            for program, process in zip(some, processes, strict=True):
                if process.poll() is not None:
                    raise DemoError(f"{program.name} ended: {last_line(folder / f'{program.name}.log')}")


def main() -> int:
    """Run the command and give its exit status."""
    parser = argparse.ArgumentParser(
        description="Two agents, a hub, Prometheus and Grafana on this host, until Ctrl-C."
    )
    parser.add_argument(
        "--port", type=_first_port, default=FIRST_PORT, help="where the ports begin (default: %(default)s)"
    )
    try:
        run(parser.parse_args().port)
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
