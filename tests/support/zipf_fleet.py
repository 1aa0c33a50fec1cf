"""A fleet whose traffic is made up and counted, so that what a hub answers can be held against the truth.

Agents see DNS queries of names whose weights follow Zipf's law: most of them the same everywhere, some each agent's
own. Clients are numbered; agents beside each other see some of the same. Each agent's queries of a minute go as packets
through the engine, as those of a capture do, and its top lists are cut as an agent cuts them.
"""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pktvisor.windows.reading import cut
from pktvisor.windows.record import Record
from support.fleet import Fleet, records_of_capture

NAMES = 100_000
"""Names that all agents ask for."""
OWN_NAMES = 5_000
"""Names that each agent asks for, and no other."""
OWN_SHARE = 0.2
OWN_CLIENTS = 400
"""Clients of an agent; half of them are the next one's, too."""
LABEL = "n{:07d}"
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
BEGIN_S = 1_750_000_000

Numbers = NDArray[np.int64]


@dataclass
class Truth:
    """What a fleet has sent."""

    names: Counter[str] = field(default_factory=Counter)
    clients: set[int] = field(default_factory=set)

    @property
    def total(self) -> int:
        return self.names.total()

    def outside(self, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of a top list's items those whose true weight is not within their bounds."""
        return [one for one in items if not one["lower"] <= self.names[one["name"]] <= one["upper"]]

    def present(self, items: Sequence[Mapping[str, Any]], most: int) -> int:
        """How many of the truly heaviest are among a top list's items."""
        return len({one["name"] for one in items} & {name for name, _ in self.names.most_common(most)})


@dataclass
class ZipfFleet:
    """Agents by number; what each sends in a minute hangs on the seed alone."""

    start_s: int
    seed: int = 1
    queries: int = 2_000
    """Of an agent in a minute."""
    truth: Truth = field(default_factory=Truth)
    """Of all bodies that were made."""
    by_site: dict[str, Truth] = field(default_factory=dict)
    agents: dict[str, set[int]] = field(default_factory=dict)
    """By name the agents that asked for it, of the names that all ask for."""

    def __post_init__(self) -> None:
        self._frames = _Frames()
        self._fleet = Fleet([], self.start_s)
        ranks = np.arange(1, NAMES + 1)
        self._bounds = np.cumsum(1 / ranks) / np.sum(1 / ranks)

    def body(self, number: int, minute: int) -> bytes:
        """What an agent sends of a minute; it counts as sent."""
        names, clients = self._drawn(number, minute)
        site = self._fleet.tags(number)["site"]
        labels = Counter({_name(one): count for one, count in Counter(names.tolist()).items()})
        for truth in (self.truth, self.by_site.setdefault(site, Truth())):
            truth.names.update(labels)
            truth.clients.update(clients.tolist())
        for one in {*names[names < NAMES].tolist()}:
            self.agents.setdefault(_name(one), set()).add(number)
        return self._fleet.body_of(self._records(names, clients), number, minute)

    def miscounted(self, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of a top list's items those that not so many agents saw as it says."""
        return [
            one
            for one in items
            if not one["agents"]["at_least"] <= len(self.agents.get(one["name"], {0})) <= one["agents"]["at_most"]
        ]

    def _drawn(self, number: int, minute: int) -> tuple[Numbers, Numbers]:
        """Names and clients of an agent's queries."""
        random = np.random.default_rng([self.seed, number, minute])
        names = np.searchsorted(self._bounds, random.random(self.queries))
        own = NAMES + number * OWN_NAMES + random.integers(OWN_NAMES, size=self.queries)
        is_own = random.random(self.queries) < OWN_SHARE
        first = number * (OWN_CLIENTS // 2)
        return np.where(is_own, own, names), first + random.integers(OWN_CLIENTS, size=self.queries)

    def _records(self, names: Numbers, clients: Numbers) -> Sequence[Record]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "queries.pcap"
            path.write_bytes(b"".join(self._frames.capture(names, clients)))
            return [cut(one, self._fleet.most_items) for one in records_of_capture(path)]


def _name(number: int) -> str:
    return f"{LABEL.format(number)}.example.net"


class _Frames:
    """Packets of queries: of equal length, so that any client goes with any name."""

    def __init__(self) -> None:
        self._heads: dict[int, bytes] = {}
        self._tails: dict[int, bytes] = {}

    def capture(self, names: Numbers, clients: Numbers) -> Iterator[bytes]:
        """The parts of a capture file."""
        yield PCAP_HEADER
        for name, client in zip(names.tolist(), clients.tolist(), strict=True):
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = _tail(name)
            head = self._heads.get(client)
            if head is None:
                head = self._heads[client] = _head(client, len(tail))
            yield head
            yield tail


def _head(client: int, rest: int) -> bytes:
    """The capture's head of a packet, Ethernet, IPv4 and UDP, from a client to 10.0.0.53."""
    length = 14 + 20 + 8 + rest
    capture = struct.pack("<IIII", BEGIN_S, 0, length, length)
    ethernet = bytes(12) + b"\x08\x00"
    source = struct.pack(">I", (172 << 24) + (16 << 16) + client)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 28 + rest, 0, 0, 64, 17, 0) + source + bytes((10, 0, 0, 53))
    return capture + ethernet + ip + struct.pack(">HHHH", 40_000, 53, 8 + rest, 0)


def _tail(name: int) -> bytes:
    """A DNS query of a name."""
    labels = (LABEL.format(name).encode(), b"example", b"net")
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0\0\1\0\1"
    return struct.pack(">HHHHHH", name & 0xFFFF, 0x0100, 1, 0, 0, 0) + question
