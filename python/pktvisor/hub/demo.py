"""A fleet of made-up agents, so that a hub has something to show: many agents in one process.

There are a few minutes of made-up traffic, measured as an agent measures it. Each agent sends two of them as its own,
in turn. What is sent of a minute hangs on nothing but the minute: sent again, it counts once.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pktvisor
from pktvisor import _core
from pktvisor.errors import InputError
from pktvisor.hub.delivery import MINUTE_NS, MINUTE_S
from pktvisor.outputs.http_post import Sender
from pktvisor.outputs.hub_body import Identity, packed
from pktvisor.policies.file_records import record_files
from pktvisor.windows.reading import cut
from pktvisor.windows.record import Record

MOST_AGENTS = 5000
MOST_PAST_MINUTES = 60
SITES = ("ams", "fra", "nrt", "sjc")
ROLES = ("edge", "resolver")
PACKETS_PER_SECOND = (20, 40, 60, 80, 120, 160, 200)
"""Of each minute of traffic that there is."""
HOSTS = "10.20.0.0/16, 2001:db8:20::/48"
"""Those that the made-up traffic takes for its own."""
TOP_ITEMS = 384
"""Items of top lists, as agents send them."""
POST_SECONDS = 30.0
AGAIN_S = 1.0
MOST_ATTEMPTS = 10
CAPTURE_HEAD = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
"""Of a capture with nanoseconds, of Ethernet."""
CAPTURE_BEGIN_S = 1_750_000_000 // MINUTE_S * MINUTE_S


class DemoFleet:
    """Agents by number."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self._seen = [_minute_of_traffic(seed, rate) for seed, rate in enumerate(PACKETS_PER_SECOND, 1)]

    def body(self, number: int, minute: int) -> bytes:
        """What an agent sends of a minute, counted from 1970."""
        name = f"demo{number:04d}"
        window: dict[str, Any] = {
            "agent": name,
            "number": minute,
            "start_ns": minute * MINUTE_NS,
            "end_ns": (minute + 1) * MINUTE_NS,
            "length_s": MINUTE_S,
            "is_closed": True,
        }
        tags = (("role", ROLES[number // len(SITES) % len(ROLES)]), ("site", SITES[number % len(SITES)]))
        seen = self._seen[(number + minute % 2) % len(self._seen)]
        records = [replace(record, **window) for record in seen]
        return packed(records, Identity(name, "demo", pktvisor.__version__, tags).metadata())


def _minute_of_traffic(seed: int, packets_per_second: int) -> Sequence[Record]:
    """The records of a minute of made-up traffic."""
    frames = _core.made_up_frames(
        seed=seed, packets_per_second=packets_per_second, kinds=_core.traffic_kinds(), seconds=MINUTE_S
    )
    windows: list[list[Record]] = []
    with tempfile.TemporaryDirectory(prefix="pktvisor-demo-") as folder:
        path = Path(folder) / "traffic.pcap"
        path.write_bytes(CAPTURE_HEAD + b"".join(_packet(at_ns, frame) for at_ns, frame in frames))
        record_files([str(path)], windows.append, agent="", hosts=HOSTS)
    return [cut(record, TOP_ITEMS) for record in windows[0]]


def _packet(at_ns: int, frame: bytes) -> bytes:
    seconds, nanoseconds = divmod(at_ns, 1_000_000_000)
    return struct.pack("<IIII", CAPTURE_BEGIN_S + seconds, nanoseconds, len(frame), len(frame)) + frame


def send_minute(
    fleet: DemoFleet, minute: int, sender: Sender, wait: Callable[[float], bool], *, over_s: float = 0.0
) -> int:
    """Send what all agents saw in a minute, spread over some seconds; give how many did.

    `wait` waits for some seconds and tells whether to go on. InputError where the hub does not take it.
    """
    for number in range(fleet.agents):
        if not wait(over_s / fleet.agents) or not _send(fleet.body(number, minute), sender, wait):
            return number
    return fleet.agents


def _send(body: bytes, sender: Sender, wait: Callable[[float], bool]) -> bool:
    """Send a body; False where it was not to be waited for any more."""
    reason = ""
    for _ in range(MOST_ATTEMPTS):
        reply = sender.post(body, timeout_s=POST_SECONDS)
        if reply.verdict == "taken":
            return True
        reason = reply.reason
        if reply.verdict == "refused":
            break
        if not wait(max(AGAIN_S, reply.retry_after_s)):
            return False
    raise InputError(f"the hub does not take what the demo sends: {reason}")
