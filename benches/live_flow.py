"""Measure the agent, and nfcapd beside it, on live flow records: what was sent, seen and dropped, and the CPU it took.

python benches/live_flow.py                     100,000 datagrams of NetFlow 5 a second over loopback, ten seconds
python benches/live_flow.py --records 1 30      with so many records a datagram

The sender is pinned to core 0, the receiver to core 1. Every datagram that was sent is among those that the agent has
decoded or says that the kernel dropped: the figure `unaccounted` is 0. nfcapd tells its records by the files that it
writes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import measure
import record
from figures import Figure, table
from traffic import REPOSITORY

SENDER = Path(__file__).resolve().with_name("flow_sender.py")
PORT, WEB_PORT = 20_555, 10_899
SENDER_CORE, RECEIVER_CORE = "0", "1"
CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CONFIGURATION = f"""
visor:
  taps:
    flows: {{input_type: flow, config: {{flow_type: netflow, bind: 127.0.0.1, port: {PORT}}}}}
  policies:
    flows:
      kind: collection
      input: {{tap: flows, input_type: flow}}
      handlers: {{modules: {{records: {{type: flow}}}}}}
"""


class Sent(NamedTuple):
    """What the sender says it did."""

    datagrams: int
    seconds: float


def send(options: argparse.Namespace, records: int) -> Sent:
    rate = ["--rate", str(options.rate), "--seconds", str(options.seconds), "--records", str(records)]
    command = ["taskset", "--cpu-list", SENDER_CORE, sys.executable, str(SENDER), str(PORT), *rate]
    datagrams, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Sent(int(datagrams), float(seconds))


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of all threads so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_SECOND


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    pinned = ["taskset", "--cpu-list", RECEIVER_CORE, *command]
    return subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(is_so: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise measure.CommandError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def ledger() -> Mapping[str, int]:
    """What became of the agent's datagrams; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{WEB_PORT}/api/v1/inputs", timeout=10) as answer:
            inputs = json.load(answer)
    except OSError:
        return {}
    return next((shown["ledger"] for shown in inputs.values() if "ledger" in shown), {})


def settled_ledger() -> Mapping[str, int]:
    """The ledger once it has stopped growing."""
    before, now = {}, ledger()
    while now != before:
        time.sleep(1.5)
        before, now = now, ledger()
    return now


def pktvisor(options: argparse.Namespace, records: int) -> list[Figure]:
    """The agent with the handler flow and its default metrics."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as configuration:
        configuration.write(CONFIGURATION)
        configuration.flush()
        agent = start([str(options.daemon), "-l", "127.0.0.1", "-p", str(WEB_PORT), "--config", configuration.name])
        try:
            wait_for(lambda: "seen" in ledger(), "an answer of the agent")
            before = cpu_seconds(agent)
            sent = send(options, records)
            found = settled_ledger()
            cpu = cpu_seconds(agent) - before
        finally:
            agent.terminate()
            agent.wait(20)
    dropped, read = found.get("dropped_by_kernel", 0), found.get("decoded", 0)
    note = (
        f"sent {sent.datagrams} at {sent.datagrams / sent.seconds / 1000:.0f} thousand/s, read {read}, "
        f"said dropped {dropped}, records missed by sequence {found.get('flow.records_lost', 0)}"
    )
    name = f"live flow, {records} records"
    return [
        Figure(f"{name}, lost", 100 * (sent.datagrams - read) / sent.datagrams, "percent", note),
        Figure(f"{name}, unaccounted", sent.datagrams - found.get("seen", 0), "datagrams"),
        Figure(f"{name}, CPU", cpu / sent.datagrams * 1e6, "s per million"),
    ]


def nfcapd(options: argparse.Namespace, records: int) -> list[Figure]:
    """nfcapd, which writes the records down."""
    for program in ("nfcapd", "nfdump"):
        measure.need(program)
    with tempfile.TemporaryDirectory() as folder:
        collector = start(["nfcapd", "-b", "127.0.0.1", "-p", str(PORT), "-w", folder, "-B", str(8 << 20)])
        time.sleep(1)
        before = cpu_seconds(collector)
        sent = send(options, records)
        time.sleep(2)
        cpu = cpu_seconds(collector) - before
        collector.terminate()
        collector.wait(20)
        told = subprocess.run(["nfdump", "-R", folder, "-I"], check=False, capture_output=True, text=True).stdout
    flows = re.search(r"^Flows: (\d+)", told, re.MULTILINE)
    if flows is None:
        raise measure.CommandError("nfdump tells no flows of what nfcapd wrote")
    read = int(flows[1]) // records
    name, note = f"live flow, {records} records, nfcapd", f"sent {sent.datagrams}, wrote {flows[1]} records"
    return [
        Figure(f"{name}, lost", 100 * (sent.datagrams - read) / sent.datagrams, "percent", note),
        Figure(f"{name}, CPU", cpu / sent.datagrams * 1e6, "s per million"),
    ]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", type=Path, default=REPOSITORY / ".venv" / "bin" / "pktvisord")
    parser.add_argument("--rate", type=int, default=100_000, help="datagrams per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--records", type=int, nargs="+", default=[1, 10], help="records of a datagram")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Send to the agent and to nfcapd in turn."""
    options = parse(arguments)
    figures = []
    for records in options.records:
        figures += pktvisor(options, records)
        try:
            figures += nfcapd(options, records)
        except measure.CommandError as error:
            print(f"nfcapd: {error}", file=sys.stderr)
    print(table(figures))
    if options.record:
        record.keep(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
