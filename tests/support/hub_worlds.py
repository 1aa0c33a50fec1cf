"""Windows on their way to a hub that answers what it is told, while time passes as a test says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.hub_body import Identity
from pktvisor.outputs.hub_push import HubPusher
from pktvisor.outputs.hub_spool import Spool
from pktvisor.windows.record import Record
from support.parts import FakePart, FakePolicy

TAKEN, AGAIN, REFUSED = Reply("taken"), Reply("again", "503 Busy"), Reply("refused", "400 Bad Request")
IDENTITY = Identity("pop1", "b00t", "5.0.0", (("site", "fra"),))
MUCH = 1 << 20

Key = tuple[str, str, str, str, int]
"""What the hub knows a window by: agent, boot, policy, handler, number."""


def encode(records: Sequence[Record], metadata: Mapping[str, str]) -> bytes:
    """A body that tests can read."""
    rows = [(one.agent, metadata["pktvisor.boot"], one.policy, one.instance, one.number, one.value) for one in records]
    return json.dumps(rows).encode()


def values(body: bytes) -> list[int]:
    return [row[-1] for row in json.loads(body)]


def keys(body: bytes) -> list[Key]:
    return [tuple(row[:-1]) for row in json.loads(body)]


@dataclass
class World:
    """Time, policies, and a hub that answers what it is told."""

    now_s: float = 1000.0
    part: FakePart = field(default_factory=FakePart)
    replies: list[Reply] = field(default_factory=list)
    seconds_to_answer: float = 0.0
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    """When a window came, and its body."""
    most_bytes: int = MUCH
    folder: Path | None = None
    windows_outlive: bool = False
    identity: Identity = IDENTITY
    encode: Callable[[Sequence[Record], Mapping[str, str]], bytes] = encode
    policies: dict[str, FakePolicy] = field(default_factory=dict)
    close_s: float = math.inf
    closing_every_s: float = 60.0

    def __post_init__(self) -> None:
        self.policies = self.policies or {"edge": FakePolicy([self.part])}

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        self.sent.append((self.now_s - 1000, message))
        self.let_pass(min(self.seconds_to_answer, timeout_s))
        return self.replies.pop(0) if self.replies else TAKEN

    def abort(self) -> None:
        raise AssertionError("nothing is at work between steps")

    def close(self) -> None:
        return

    def pusher(self) -> HubPusher:
        return HubPusher(
            lambda: self.policies,
            Spool(self.folder, most_bytes=self.most_bytes),
            self,
            self.identity,
            self.encode,
            most_items=384,
            windows_outlive=self.windows_outlive,
            monotonic=lambda: self.now_s,
        )

    def live(self, pusher: HubPusher, seconds: float, *, closing_every_s: float = 60.0) -> None:
        """Let time pass as the thread would see it."""
        end_s, self.closing_every_s = self.now_s + seconds, closing_every_s
        self.close_s = self.now_s + closing_every_s
        while self.now_s < end_s:
            waited = pusher.step()
            assert 0 <= waited < 1.001
            self.let_pass(max(waited, 0.01))

    def let_pass(self, seconds: float) -> None:
        self.now_s += seconds
        while self.now_s >= self.close_s:
            self.part.close()
            self.close_s += self.closing_every_s

    @property
    def values(self) -> list[int]:
        """The values of the windows as they came."""
        return [value for _, body in self.sent for value in values(body)]


def counters(**told: int) -> dict[str, int]:
    names = ("sent", "refused", "rejected", "dropped", "damaged", "missed", "queued", "queued_bytes")
    return dict.fromkeys(names, 0) | told


def next_world(world: World, **changes: object) -> World:
    """The world as the next process finds it."""
    return World(**{"folder": world.folder, "identity": replace(IDENTITY, boot="next"), **changes})  # type: ignore[arg-type]
