"""Measure the control plane under traffic: reads beside the packet path, scrapes, many policies, many changes.

    sudo python benches/control.py

An agent listens on one end of a veth pair, tcpreplay sends a cut of the mix capture into the other. The agent is asked
over a Unix socket, which network namespaces do not part.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import record
import traffic
from figures import Figure, table
from traffic import REPOSITORY, Capture

from live import CLOCK_TICKS_PER_SECOND, CUT_PACKETS, INTERFACE, MEGABYTE, Agent, LiveError, VethPair, replay

RATE_PPS = 60_000
SECONDS = 10
READS_PER_SECOND = 50
READS = ("/api/v1/metrics/window/5", "/api/v1/policies/__all/metrics/prometheus", "/api/v1/policies")
SCRAPES = 40
SCRAPED_POLICIES = 20
MANY_POLICIES = 200
CHANGES = 1000
YAML = {"Content-Type": "application/x-yaml"}

ALL_GROUPS = """
visor:
  policies:
    {name}:
      kind: collection
      input: {{tap: default, input_type: pcap, config: {{bpf: ""}}}}
      handlers:
        modules:
          net: {{type: net, metric_groups: {{enable: [all]}}}}
          net2: {{type: net, require_version: "2.0", metric_groups: {{enable: [all]}}}}
          dns: {{type: dns, metric_groups: {{enable: [all]}}}}
          dns2: {{type: dns, require_version: "2.0", metric_groups: {{enable: [all]}}}}
          dhcp: {{type: dhcp}}
"""
ONE_HANDLER = """
visor:
  policies:
    {name}:
      kind: collection
      input: {{tap: default, input_type: pcap, config: {{bpf: ""}}}}
      handlers: {{modules: {{net: {{type: net, metric_groups: {{disable: [all], enable: [counters]}}}}}}}}
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class SteeredAgent(Agent):
    """An agent with the admin API on a Unix socket."""

    def __init__(self, pair: VethPair, folder: Path) -> None:
        self._socket = folder / "agent.sock"
        command = [REPOSITORY / ".venv" / "bin" / "pktvisord", INTERFACE, "-l", f"unix:{self._socket}", "--admin-api"]
        self._output = (folder / "log").open("w+b")
        super().__init__(pair.agent, [*map(str, command), "-H", "10.0.0.0/8"], "", self._output)

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        connection = UnixConnection(self._socket)
        try:
            connection.request(method, path, body, YAML if body else {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def _get(self, path: str) -> dict[str, dict[str, dict[str, int]]] | None:
        try:
            status, body = self.ask("GET", f"/api/v1/metrics/{path}")
        except OSError:
            return None
        return json.loads(body) if status == 200 else None

    def add(self, template: str, name: str) -> None:
        status, body = self.ask("POST", "/api/v1/policies", template.format(name=name))
        if status != 201:
            raise LiveError(f"policy {name} was refused: {body.decode()}")

    def remove(self, name: str) -> None:
        status, body = self.ask("DELETE", f"/api/v1/policies/{name}")
        if status != 200:
            raise LiveError(f"policy {name} could not be removed: {body.decode()}")

    def packet_thread_seconds(self) -> float:
        """CPU time of the threads that take packets."""
        total = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            if (task / "comm").read_text().startswith("capture-"):
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / CLOCK_TICKS_PER_SECOND


@contextmanager
def beside(work: Callable[[threading.Event], object]) -> Iterator[None]:
    """Do something in a thread meanwhile; it is to end when its event is set."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def reading(agent: SteeredAgent) -> Callable[[threading.Event], None]:
    def read(stop: threading.Event) -> None:
        number = 0
        while not stop.wait(1 / READS_PER_SECOND):
            agent.ask("GET", READS[number % len(READS)])
            number += 1

    return read


def reads(agent: SteeredAgent, pair: VethPair, capture: Capture) -> list[Figure]:
    """The packet threads' CPU with and without readers, in turn."""

    def cost() -> float:
        before = agent.packet_thread_seconds()
        sent = replay(pair.sender, capture, RATE_PPS, RATE_PPS * SECONDS)
        return (agent.packet_thread_seconds() - before) / sent.packets * 1e6

    ratios = []
    for _ in range(3):
        alone = cost()
        with beside(reading(agent)):
            ratios.append(cost() / alone)
    return [Figure("packet thread with 50 reads/s", statistics.median(ratios), "times without")]


def scrapes(agent: SteeredAgent, pair: VethPair, capture: Capture) -> list[Figure]:
    """A Prometheus scrape of many policies with all groups, while packets come."""
    names = [f"scraped_{number}" for number in range(SCRAPED_POLICIES)]
    for name in names:
        agent.add(ALL_GROUPS, name)

    def send(_: threading.Event) -> None:
        replay(pair.sender, capture, RATE_PPS // 4, RATE_PPS // 4 * 70)

    milliseconds = []
    with beside(send):
        time.sleep(62)  # until a window has closed, as for a real scrape
        for _ in range(SCRAPES):
            started = time.perf_counter()
            status, body = agent.ask("GET", "/api/v1/policies/__all/metrics/prometheus")
            milliseconds.append((time.perf_counter() - started) * 1000)
            if status != 200:
                raise LiveError(f"the scrape failed: {status}")
    for name in names:
        agent.remove(name)
    note = f"first {milliseconds[0]:.0f} ms, slowest {max(milliseconds):.0f} ms, {len(body) / 1e6:.1f} MB"
    return [Figure("scrape of 20 policies", statistics.median(milliseconds), "ms", note)]


def many(agent: SteeredAgent, pair: VethPair, capture: Capture) -> list[Figure]:
    """Many policies on one input: what each packet costs, and that each counts all of them."""
    names = [f"many_{number}" for number in range(MANY_POLICIES)]
    for name in names:
        agent.add(ONE_HANDLER, name)
    time.sleep(1)
    before = agent.packet_thread_seconds()
    sent = replay(pair.sender, capture, RATE_PPS, RATE_PPS * SECONDS)
    time.sleep(1)
    seconds = agent.packet_thread_seconds() - before
    counts = {_total(agent, name) for name in names}
    memory = agent.resident_bytes() / MEGABYTE
    for name in names:
        agent.remove(name)
    return [
        Figure("200 policies CPU", seconds / sent.packets * 1e6, "s per million", f"counts differ: {len(counts) > 1}"),
        Figure("200 policies memory", memory, "MB resident"),
    ]


def _total(agent: SteeredAgent, name: str) -> int:
    _, body = agent.ask("GET", f"/api/v1/policies/{name}/metrics/window/5")
    return int(json.loads(body)[name][f"{name}-default-net"]["packets"]["total"])


def changes(agent: SteeredAgent, pair: VethPair, capture: Capture) -> list[Figure]:
    """Policies come and go under load; the policy that stays loses nothing, and memory does not grow."""
    agent.add(ALL_GROUPS, "changing")
    agent.remove("changing")
    before, resident, finished = agent.packets(), [], threading.Event()
    sent: list[int] = []

    def send(_: threading.Event) -> None:
        while not finished.is_set():
            sent.append(replay(pair.sender, capture, RATE_PPS, RATE_PPS * SECONDS).packets)

    started = time.monotonic()
    with beside(send):
        for number in range(CHANGES):
            agent.add(ALL_GROUPS, "changing")
            agent.remove("changing")
            if number in (CHANGES // 5, CHANGES - 1):
                resident.append(agent.resident_bytes() / MEGABYTE)
        finished.set()
    elapsed = time.monotonic() - started
    time.sleep(1)
    lost = sum(sent) - (agent.packets() - before)
    return [
        Figure("1000 policy changes", elapsed, "s", f"{sum(sent)} packets meanwhile"),
        Figure("1000 policy changes, packets lost", float(lost), "packets"),
        Figure("1000 policy changes, memory", resident[1] - resident[0], "MB more after the last than after 200"),
    ]


SECTIONS = {"reads": reads, "scrapes": scrapes, "many": many, "changes": changes}


def main(arguments: Sequence[str]) -> int:
    """Measure each section with a fresh agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="some sections")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        raise SystemExit("network namespaces need root: run this with sudo")
    capture = traffic.cut(traffic.standard_captures()[0], CUT_PACKETS)
    figures: list[Figure] = []
    for name in options.only:
        with VethPair() as pair, tempfile.TemporaryDirectory() as folder:
            agent = SteeredAgent(pair, Path(folder))
            try:
                agent.wait_until_ready()
                figures += SECTIONS[name](agent, pair, capture)
            finally:
                agent.stop()
    print(table(figures))
    if options.record:
        record.keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
