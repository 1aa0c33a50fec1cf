"""The section `memory` of `run.py`: peak memory of a daemon while very much is open."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flow
import measure
from figures import Figure

if TYPE_CHECKING:
    from run import Bench

MAKER = Path(__file__).resolve().with_name("memory_maker.py")
WEB_PORT = 10_898
MEGABYTE = 1_000_000
PATIENCE_S = 600
SETTLED_LOOKS = 4
POLICIES = {
    "waiting": ("pcap", "pcap_file: {path}, host_spec: 10.0.0.0/8", "dns: {{type: dns}}, packets: {{type: net}}"),
    "exporters": ("flow", "flow_type: netflow, pcap_file: {path}", "records: {{type: flow}}"),
}
"""By capture: the kind of tap, its settings, and the handlers."""


def memory_section(bench: Bench) -> list[Figure]:
    """Peak memory with 100,000 open DNS transactions and 300,000 TCP connections, and with 480,000 groups of flows."""
    figures = []
    for name in POLICIES:
        path = capture(name)
        peak, note = peak_bytes(bench, name, path)
        figures.append(Figure(f"{name} memory", peak / MEGABYTE, "MB peak", note))
    return figures


def capture(name: str) -> Path:
    """The capture, made first if it is missing."""
    path = flow.folder() / f"{name}.pcap"
    if not path.exists():
        print(f"making captures in {flow.folder()} (once, a minute, 0.5 GB)", file=sys.stderr)
        subprocess.run([sys.executable, MAKER, flow.folder()], check=True)
    return path


def configuration(name: str, path: Path) -> str:
    kind, settings, handlers = POLICIES[name]
    tap = f"{{input_type: {kind}, config: {{{settings.format(path=path)}}}}}"
    modules = f"handlers: {{modules: {{{handlers.format()}}}}}"
    policy = f"{{kind: collection, input: {{tap: bench, input_type: {kind}}}, {modules}}}"
    return f"visor:\n  taps:\n    bench: {tap}\n  policies:\n    bench: {policy}\n"


def peak_bytes(bench: Bench, name: str, path: Path) -> tuple[int, str]:
    """The peak of a daemon that has read a capture to its end, and what it says that it holds and gave up."""
    daemon = Path(bench.reader).with_name("pktvisord")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(configuration(name, path))
        file.flush()
        command = [str(daemon), "-l", "127.0.0.1", "-p", str(WEB_PORT), "--config", file.name, "--periods", "2"]
        silent = subprocess.DEVNULL
        with subprocess.Popen(measure.pinned(command, bench.core), stdout=silent, stderr=silent) as process:
            try:
                ledger = read_to_end()
                status = Path(f"/proc/{process.pid}/status").read_text()
                memory = ask("metrics/app").get("memory", {})
            finally:
                process.terminate()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise measure.CommandError("the daemon is gone")
    held = {holder: f"{size / MEGABYTE:.0f}" for holder, size in memory.get("held", {}).items() if size > MEGABYTE}
    gone = {entry: count for entry, count in ledger.items() if count and entry.startswith("evicted")}
    return int(found[1]) * 1024, f"{ledger.get('seen', 0)} packets, holds (MB) {held}, gave up {gone}"


def ask(path: str) -> dict[str, Any]:
    """A document of the daemon; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{WEB_PORT}/api/v1/{path}", timeout=60) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except OSError:
        return {}


def read_to_end() -> Mapping[str, int]:
    """What became of the packets, once no more come and nothing grows any more."""
    deadline, before, since = time.monotonic() + PATIENCE_S, None, 0
    while time.monotonic() < deadline:
        time.sleep(2)
        ledgers = [shown["ledger"] for shown in ask("inputs").values() if shown.get("ledger", {}).get("seen")]
        now = (ledgers, ask("metrics/app").get("memory"))
        since = since + 1 if ledgers and now == before else 0
        if since >= SETTLED_LOOKS:
            ledger: Mapping[str, int] = ledgers[0]
            return ledger
        before = now
    raise measure.CommandError(f"the capture was not read within {PATIENCE_S} s")
