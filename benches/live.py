"""Measure the agent on live traffic: CPU, losses and memory at several packet rates, and memory at rest.

    sudo python benches/live.py                                   the rates 60, 150 and 200 thousand packets a second
    sudo python benches/live.py --daemon ".venv/bin/pktvisord eth0 -p 10853 -H 10.0.0.0/8"

tcpreplay sends a cut of the mix capture over a veth pair, from one network namespace to another, where the agent
listens. The sender is pinned to core 0, the agent to core 1. The kernel receives on the sender's core.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import record
import traffic
from figures import Figure, table
from traffic import REPOSITORY, Capture

INTERFACE = "eth0"
CUT_PACKETS = 1_000_000
SECONDS_PER_RATE = 10
REST_SECONDS = 5
MEGABYTE = 1_000_000
CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SENDER_CORE, AGENT_CORE = "0", "1"


class LiveError(RuntimeError):
    """The agent or the sender did not do what was asked."""


class VethPair:
    """Two network namespaces joined by a veth pair: traffic is sent in the first and captured in the second."""

    def __init__(self) -> None:
        self.sender, self.agent = f"pvbench{os.getpid()}-a", f"pvbench{os.getpid()}-b"

    def __enter__(self) -> VethPair:
        for namespace in (self.sender, self.agent):
            subprocess.run(["ip", "netns", "add", namespace], check=True)
            subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        ends = [INTERFACE, "netns", self.sender, "type", "veth", "peer", "name", INTERFACE, "netns", self.agent]
        subprocess.run(["ip", "link", "add", *ends], check=True)
        for number, namespace in enumerate((self.sender, self.agent), start=1):
            self.set_up(namespace, number)
        return self

    def set_up(self, namespace: str, number: int) -> None:
        """Address one end and switch off what the kernel would send by itself."""
        no_ipv6 = ["sysctl", "-q", f"net.ipv6.conf.{INTERFACE}.disable_ipv6=1"]
        subprocess.run(["ip", "netns", "exec", namespace, *no_ipv6], check=True)
        subprocess.run(["ip", "-n", namespace, "addr", "add", f"10.99.0.{number}/24", "dev", INTERFACE], check=True)
        subprocess.run(["ip", "-n", namespace, "link", "set", INTERFACE, "up"], check=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for namespace in (self.sender, self.agent):
            subprocess.run(["ip", "netns", "del", namespace], check=False)


class Agent:
    """The running agent, seen from outside: its counts by HTTP, its CPU and memory from /proc."""

    def __init__(self, namespace: str, command: Sequence[str], url: str, log: IO[bytes]) -> None:
        self._inside = ["ip", "netns", "exec", namespace]
        self._url = url
        self._log = log
        pinned = [*self._inside, "taskset", "-c", AGENT_CORE, *command]
        self._process = subprocess.Popen(pinned, stdout=self._log, stderr=subprocess.STDOUT)

    def wait_until_ready(self, seconds: float = 20) -> None:
        """Wait until the agent answers; say its last words if it stops before."""
        deadline = time.monotonic() + seconds
        while self._get("bucket/0") is None:
            if self._process.poll() is not None:
                self._log.seek(0)
                raise LiveError(f"the agent stopped: {self._log.read().decode(errors='replace')[-300:]}")
            if time.monotonic() > deadline:
                raise LiveError(f"no answer from {self._url} after {seconds:.0f} s")
            time.sleep(0.1)

    def _get(self, path: str) -> dict[str, dict[str, dict[str, int]]] | None:
        curl = ["curl", "--silent", "--fail", "--max-time", "5", f"{self._url}/{path}"]
        answer = subprocess.run([*self._inside, *curl], capture_output=True, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def packets(self) -> int:
        """Packets counted in all minutes that the agent still has."""
        return self._sum("packets", "total")

    def drops(self) -> int:
        """Packets that the agent says the kernel dropped."""
        return self._sum("pcap", "os_drops") + self._sum("pcap", "if_drops")

    def _sum(self, schema: str, counter: str) -> int:
        total = 0
        for number in range(5):
            document = self._get(f"bucket/{number}")
            if document is None:
                break
            total += document["1m"].get(schema, {}).get(counter, 0)
        return total

    def cpu_seconds(self) -> float:
        """User and system time of all threads so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Memory in use now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        if found is None:
            raise LiveError("the agent is gone")
        return int(found[1]) * 1024

    def stop(self) -> None:
        """Ask the agent to stop, and insist after a while."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Sent:
    """What tcpreplay says it did."""

    packets: int
    seconds: float


def replay(namespace: str, capture: Capture, rate_pps: int, packets: int) -> Sent:
    """Send `packets` packets of a capture, again from the start if it is shorter, at a rate."""
    loops = -(-packets // capture.packets)
    sender = ["taskset", "-c", SENDER_CORE, "tcpreplay", "-q", "--preload-pcap", f"--pps={rate_pps}", f"--loop={loops}"]
    command = ["ip", "netns", "exec", namespace, *sender, f"--limit={packets}", "-i", INTERFACE, str(capture.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Actual: (\d+) packets \(\d+ bytes\) sent in ([\d.]+) seconds", done.stdout)
    if found is None:
        raise LiveError(f"tcpreplay failed: {done.stderr[-300:]}")
    return Sent(int(found[1]), float(found[2]))


def settled(agent: Agent) -> int:
    """The agent's packet count once it has stopped growing."""
    count, before = agent.packets(), -1
    while count != before:
        time.sleep(0.5)
        before, count = count, agent.packets()
    return count


def one_rate(agent: Agent, pair: VethPair, capture: Capture, rate_pps: int) -> list[Figure]:
    """Send for a while at one rate and compare what was sent with what the agent saw."""
    packets_before, drops_before, cpu_before = settled(agent), agent.drops(), agent.cpu_seconds()
    sent = replay(pair.sender, capture, rate_pps, rate_pps * SECONDS_PER_RATE)
    seen, cpu_seconds = settled(agent) - packets_before, agent.cpu_seconds() - cpu_before
    reached_kpps = sent.packets / sent.seconds / 1000
    name = f"{rate_pps // 1000} kpps"
    note = f"sent {sent.packets} at {reached_kpps:.0f} kpps, seen {seen}, said dropped {agent.drops() - drops_before}"
    return [
        Figure(f"{name} CPU", cpu_seconds / sent.packets * 1e6, "s per million", note),
        Figure(f"{name} lost", 100 * (sent.packets - seen) / sent.packets, "percent"),
        Figure(f"{name} memory", agent.resident_bytes() / MEGABYTE, "MB resident"),
    ]


def at_rest(agent: Agent) -> list[Figure]:
    """Memory and CPU of an agent that sees no traffic."""
    time.sleep(2)
    cpu_before = agent.cpu_seconds()
    time.sleep(REST_SECONDS)
    percent = 100 * (agent.cpu_seconds() - cpu_before) / REST_SECONDS
    return [
        Figure("daemon at rest", agent.resident_bytes() / MEGABYTE, "MB resident"),
        Figure("daemon at rest CPU", percent, "percent of a core"),
    ]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    daemon = f"{REPOSITORY / '.venv' / 'bin' / 'pktvisord'} {INTERFACE} -l 127.0.0.1 -p 10853 -H 10.0.0.0/8"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", default=daemon, help="the agent's command line; its interface is eth0")
    parser.add_argument("--url", default="http://127.0.0.1:10853/api/v1/metrics", help="where its metrics are")
    parser.add_argument("--rates", type=int, nargs="+", default=[60_000, 150_000, 200_000], help="packets per second")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Start the agent, measure it at rest and at each rate."""
    options = parse(arguments)
    if os.geteuid() != 0:
        raise SystemExit("network namespaces need root: run this with sudo")
    capture = traffic.cut(traffic.standard_captures()[0], CUT_PACKETS)
    with VethPair() as pair, tempfile.TemporaryFile() as log:
        agent = Agent(pair.agent, shlex.split(options.daemon), options.url, log)
        try:
            agent.wait_until_ready()
            figures = at_rest(agent)
            for rate_pps in options.rates:
                figures += one_rate(agent, pair, capture, rate_pps)
        finally:
            agent.stop()
    print(table(figures))
    if options.record:
        record.keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
