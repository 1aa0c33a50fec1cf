"""Pushes the policies' windows to an OTLP receiver, at an interval.

Each closed window is sent once, in order; a policy that keeps none has its live one sent at each interval. While the
receiver is away, windows wait in a bounded queue and the oldest are dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opentelemetry.proto.metrics.v1.metrics_pb2 import ScopeMetrics

from pktvisor import clock
from pktvisor.errors import ConfigError
from pktvisor.outputs import otlp
from pktvisor.outputs.http_post import Reply, Sender
from pktvisor.outputs.otlp_http import Client, Receiver
from pktvisor.outputs.otlp_windows import NewWindows, WindowedPolicy, WindowQueue
from pktvisor.outputs.push_thread import Patience, PushThread

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often windows are looked for: as often as the shortest end, so that none leaves a policy's buckets unseen."""
LONGEST_INTERVAL_SECONDS = 24 * 3600
POST_SECONDS = 10.0
MOST_WINDOWS, MOST_BYTES = 1000, 32 << 20
"""What waits at most."""
MOST_WINDOWS_PER_REQUEST, MOST_BYTES_PER_REQUEST = 32, 4 << 20
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 1.0, 60.0
"""Between attempts, doubling."""


@dataclass(frozen=True)
class PushOptions:
    """The daemon's options `--otel-*`. ConfigError where they make no sense."""

    receiver: Receiver
    interval_s: int = 60
    with_deltas: bool = False
    """Whether counts of closed windows are pushed as sums, too."""

    def __post_init__(self) -> None:
        if not 1 <= self.interval_s <= LONGEST_INTERVAL_SECONDS:
            allowed = f"use 1 to {LONGEST_INTERVAL_SECONDS} seconds"
            raise ConfigError(f"{self.interval_s} is not an interval: {allowed}", path="otel_interval")


class Pusher(PushThread):
    """Sends windows by OTLP; the first push comes one interval after the start."""

    receiver = "OTLP receiver"

    def __init__(
        self,
        policies: Callable[[], Mapping[str, WindowedPolicy]],
        options: PushOptions,
        resource: otlp.Resource,
        *,
        sender: Sender | None = None,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        super().__init__(
            "otlp-push",
            sender or Client(options.receiver, version=resource.version),
            Patience(first_s=FIRST_DELAY_SECONDS, longest_s=LONGEST_DELAY_SECONDS),
            look_s=LOOK_SECONDS,
            monotonic=monotonic,
        )
        self._policies = policies
        self._interval_s = float(options.interval_s)
        self._with_deltas = options.with_deltas
        self._resource = resource
        self._windows = NewWindows()
        self._queue = WindowQueue(most_windows=MOST_WINDOWS, most_bytes=MOST_BYTES)
        self._sent = self._failed = self._rejected = 0
        self._next_look_s = monotonic()
        self._next_push_s = monotonic() + self._interval_s
        self._is_pushing = False

    def counters(self) -> dict[str, int]:
        """Give what became of windows (`sent`, `failed`: refused for good, `dropped`: never sent, `queued`) and of data
        points in windows that were sent (`rejected`).
        """
        return {
            "sent": self._sent,
            "failed": self._failed,
            "dropped": self._queue.dropped,
            "rejected": self._rejected,
            "queued": len(self._queue),
        }

    def step(self) -> float:
        """Do what is due; give the seconds until something is again."""
        self._look_if_due()
        if self._monotonic() >= self._next_push_s:
            self._look(live=True)
            late_s = self._monotonic() - self._next_push_s
            self._next_push_s += self._interval_s * (late_s // self._interval_s + 1)
            self._is_pushing = True
        if self._is_pushing and self._monotonic() >= self._next_attempt_s:
            self._push()
        due = [self._next_look_s, self._next_push_s]
        if self._is_pushing:
            due.append(self._next_attempt_s)
        return max(0.0, min(due) - self._monotonic())

    def finish(self) -> None:
        """Send what there is, each window at most once more, until the deadline; drop the rest."""
        self._look(live=True)
        self._push()
        if self._queue:
            logger.warning("%d windows did not reach the OTLP receiver", len(self._queue))
        self._queue.drop_all()

    def _look_if_due(self) -> None:
        if self._monotonic() >= self._next_look_s:
            self._look(live=False)

    def _look(self, *, live: bool) -> None:
        """Queue the windows that are new."""
        for policy, window in self._windows.look(self._policies(), live=live):
            try:
                scope = otlp.scope(policy, window, with_deltas=self._with_deltas, most_bytes=MOST_BYTES)
            except otlp.WindowTooLarge:
                self._queue.dropped += 1
                logger.warning(
                    "policy [%s]: a window of more than %d MB is not pushed by OTLP", policy, MOST_BYTES >> 20
                )
                continue
            if scope.metrics:
                self._queue.add(scope.SerializeToString())
        self._next_look_s = self._monotonic() + min(self._look_s, self._interval_s)

    def _push(self) -> None:
        """Send what waits, until the receiver asks for patience."""
        while len(self._queue) and (timeout_s := self._time_left(POST_SECONDS)) > 0:
            windows = self._queue.head(most_windows=MOST_WINDOWS_PER_REQUEST, most_bytes=MOST_BYTES_PER_REQUEST)
            scopes = [ScopeMetrics.FromString(window) for window in windows]
            message = otlp.request(scopes, self._resource).SerializeToString()
            reply = self._sender.post(message, timeout_s=timeout_s)
            if reply.verdict == "again":
                self._wait_for_another_attempt(reply)
                return
            self._queue.remove(len(windows))
            self._count(reply, len(windows))
            if not self._stopping.is_set():
                self._look_if_due()
        self._is_pushing = False

    def _count(self, reply: Reply, windows: int) -> None:
        """Count what became of windows that are done with."""
        self._note_answer(self._queue.dropped)
        if reply.verdict == "refused":
            self._failed += windows
            logger.warning("the OTLP receiver refused %d windows: %s", windows, reply.reason)
            return
        self._sent += windows
        self._rejected += reply.rejected
        if reply.rejected:
            logger.warning("the OTLP receiver rejected %d data points: %s", reply.rejected, reply.reason)
